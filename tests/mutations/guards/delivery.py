"""Guards of the delivery: approval, gates, the check of a deployment, separation of branches from main."""

from __future__ import annotations

from tests.mutations.guard import Guard

_GATES = "tests/unit/pipeline/gates"

GUARDS = (
    Guard(
        "approval-before-dr",
        "pipeline/stack.py",
        "pre=self._approval(stage, source) if target.approval else [], post=[validate]",
        "post=[validate, *(self._approval(stage, source) if target.approval else [])]",
        "tests/infrastructure/test_approval.py::test_the_review_comes_before_the_approval_and_that_before_any_change",
    ),
    Guard(
        # That it comes, and after the deployment, synthesis itself demands: it takes the stage's outputs and has acknowledgements.
        "validation-validates",
        "pipeline/validation.py",
        'partial_build_spec=buildspec("validate")',
        'partial_build_spec=buildspec("review")',
        "tests/infrastructure/test_pipeline.py::test_synth_and_validation_run_scripts_of_the_commit",
    ),
    Guard(
        "alarms-of-what-was-deployed",
        "ops/commands/validate.py",
        "unchanged=is_deployed(deployed.aws, deployed.stage)",
        "unchanged=False",
        "tests/unit/ops/test_validate_command.py::test_a_delivery_that_changes_nothing_of_a_stage_answers_for_none_of_its_old_alarms",
    ),
    Guard(
        "every-alarm-exists",
        "ops/validation/deployment.py",
        'for name in names if f"{prefix}{name}" not in states]',
        "for name in names if not states]",
        "tests/unit/ops/test_validation.py::test_an_alarm_of_the_stage_that_is_not_there_is_named",
    ),
    Guard(
        "what-was-deployed-answers-for-alarms",
        "ops/validated.py",
        "record.template_sha256 == digest_of(",
        "record.template_sha256 != digest_of(",
        "tests/unit/ops/test_validate_command.py::test_what_was_deployed_answers_for_every_alarm_since",
    ),
    Guard(
        "pipeline-restarts-when-changed",
        "pipeline/stack.py",
        "restart_execution_on_update=True",
        "restart_execution_on_update=False",
        "tests/infrastructure/test_pipeline.py::test_the_pipeline_is_v2_superseded_and_restarts_when_it_has_changed_itself",
    ),
    Guard(
        "deployment-check-comes-last",
        "etl/deployment_check.py",
        "        resource.node.add_dependency(*(child for child in stack.node.children if child is not self))\n",
        "",
        "tests/infrastructure/test_deployment_check.py::test_the_check_comes_after_everything_else_of_the_stack",
    ),
    Guard(
        "gates-in-the-synth",
        "buildspec/synth.sh",
        ".venv/bin/python -m pipeline.gates --assembly cdk.out\n",
        "",
        "tests/infrastructure/test_pipeline.py::test_the_gates_are_part_of_the_synth",
    ),
    Guard(
        "lock-has-hashes",
        "pipeline/gates/locks.py",
        'if not any(option.startswith("sha256:") for option in requirement.hash_options):',
        "if not requirement:",
        f"{_GATES}/test_locks.py::test_what_a_lock_lacks_is_named_once",
    ),
    Guard(
        "lock-is-pinned",
        "pipeline/gates/locks.py",
        "elif not requirement.is_pinned:",
        "elif requirement is None:",
        f"{_GATES}/test_locks.py::test_what_a_lock_lacks_is_named_once",
    ),
    Guard(
        "secret-found",
        "pipeline/gates/secrets.py",
        "if not any(finding.is_accepted_by(accepted) for accepted in SECRETS):",
        "if not finding:",
        f"{_GATES}/test_secrets.py::test_a_planted_secret_is_found_and_not_shown",
    ),
    Guard(
        "advisory-accepted-until-its-day",
        "pipeline/gates/advisories.py",
        " and today <= accepted.until",
        "",
        f"{_GATES}/test_advisories.py::test_an_accepted_advisory_is_accepted_until_its_day",
    ),
    Guard(
        "silence-is-no-pass",
        "pipeline/gates/advisories.py",
        '        sys.stderr.write(f"error: {error}\\n")\n        return 2\n',
        '        sys.stderr.write(f"error: {error}\\n")\n        return 0\n',
        f"{_GATES}/test_advisories.py::test_a_service_that_gives_no_answer_is_no_pass",
    ),
    Guard(
        "main-has-no-branch-stage",
        "pipeline/branches/target.py",
        "if branch == pipeline.source.branch:",
        "if not branch:",
        "tests/infrastructure/test_branches.py::test_the_pipelines_own_branch_has_no_stage",
    ),
    Guard(
        "branches-word-is-theirs-wherever-it-is",
        "pipeline/settings.py",
        'if f"-{slugs.PREFIX}" in f"-{names.kebab(value)}-":',
        "if value.startswith(slugs.PREFIX):",
        "tests/infrastructure/test_branch_bootstrap.py::test_a_target_that_branches_would_reach_is_refused_by_the_settings",
    ),
    Guard(
        "branches-bootstrap-declares-what-it-is-given",
        "pipeline/branches/bootstrap.yml",
        '  PublicAccessBlockConfiguration:\n    Type: String\n    Default: "true"\n    AllowedValues: ["true"]\n',
        "",
        "tests/infrastructure/test_branch_bootstrap.py::test_every_parameter_that_the_cli_gives_is_declared_and_allowed",
    ),
    Guard(
        "rollback-may-read-the-version",
        "pipeline/validation.py",
        '        "ReadVersion": (["ssm:GetParameters"], [bootstrap_version(stage)], {}),\n',
        "",
        "tests/infrastructure/test_pipeline.py::test_who_rolls_a_stage_back_may_read_what_its_template_takes_from_ssm",
    ),
    Guard(
        "assets-alone-do-not-mutate",
        "pipeline/stack.py",
        "publish_assets_in_parallel=False",
        "publish_assets_in_parallel=True",
        "tests/infrastructure/test_asset_changes.py::test_the_pipelines_own_templates_are_the_same_bytes",
    ),
    Guard(
        "branch-roles-bounded",
        "stages/branch_stage.py",
        '            "@aws-cdk/core:permissionsBoundary": {"name": boundary_name(target)},\n',
        "",
        "tests/infrastructure/test_branches.py::test_every_role_of_a_branch_is_bounded",
    ),
)
