"""A branch's stage, and the builds that deploy, destroy and reap it (D6)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from aws_cdk import App

import pipeline_app
from etl.layers.build import archive
from ops.branches.inventory import LISTINGS
from pipeline import acknowledgements
from pipeline import settings as settings_module
from pipeline.app import build_branch, judge
from pipeline.branches.permissions import LISTED
from pipeline.branches.target import branch_target
from pipeline.gates import __main__ as gates
from pipeline.gates.rules import UNTAGGABLE
from pipeline.settings import SettingsError
from pipeline.slugs import BranchRefused
from pipeline.templates import templates, text
from tests.infrastructure.conftest import synthesize
from tests.infrastructure.reading import allowed, only

ROOT = Path(__file__).resolve().parents[2]
BUILDS = ("deploy-branch", "destroy-branch", "reap-branches")


@pytest.fixture(scope="module")
def settings(context):
    return settings_module.parse(context)


@pytest.fixture(scope="module")
def branch(context, settings, tmp_path_factory):
    """The assembly of one branch, with nothing that cdk-nag finds unacknowledged: the synth would stop."""
    directory = tmp_path_factory.mktemp("branch")
    (directory / "layer" / "python").mkdir(parents=True)
    (directory / "layer" / "python" / "library.py").write_text("")
    app = App(context=context, outdir=str(directory / "cdk.out"), analytics_reporting=False)
    target = build_branch(app, settings, "feature/x", layer_path=directory / "layer")
    judge(app, acknowledgements.stage(target))
    app.synth()
    return target, directory / "cdk.out"


@pytest.fixture(scope="module")
def stage(branch):
    target, directory = branch
    (template,) = templates(directory, [target.suffix])
    return template


def test_a_branch_is_synthesized_alone_and_passes_the_gates(branch, capsys, monkeypatch):  # D8
    target, directory = branch
    monkeypatch.setattr(gates, "check_files", lambda *_: [])  # test_gates.py looks at the repository's
    assert gates.main(["--assembly", str(directory), "--branch=feature/x"]) == 0
    (said,) = capsys.readouterr().out.splitlines()
    assert (said.startswith("1 templates by cfn-lint"), said.endswith(": 0 findings")) == (True, True), said
    assert target.suffix == "br-x-217d2bf5"


def test_a_branchs_stage_is_the_stage(stage, synthesis):  # D3: but for its trail, of which a region allows five
    assert synthesis.stage.resources.keys() - stage.resources.keys() == {"Trail022F0CF2"}
    assert stage.resources.keys() <= synthesis.stage.resources.keys()
    assert stage.stack_name == "etl-br-x-217d2bf5"


def test_every_resource_of_a_branch_says_which(stage):  # E10
    tags = {
        name: {tag["Key"]: tag["Value"] for tag in body["Properties"]["Tags"]}
        if isinstance(body["Properties"]["Tags"], list)
        else body["Properties"]["Tags"]
        for name, body in stage.resources.items()
        if body["Type"] not in UNTAGGABLE
    }
    assert len(tags) > 60
    expected = {"Environment": "Production", "Project": "ETL", "Stage": "x-217d2bf5", "Branch": "feature/x", "TimeToLiveHours": "72"}
    assert [name for name, found in tags.items() if not expected.items() <= found.items()] == []


def test_a_branch_goes_through_its_own_bootstrap(branch):
    _, directory = branch
    artifacts = json.loads((directory / "assembly-Branch" / "manifest.json").read_text())["artifacts"]
    (stack,) = [artifact["properties"] for artifact in artifacts.values() if artifact["type"] == "aws:cloudformation:stack"]
    assert "cdk-ledgerbr-deploy-role-" in stack["assumeRoleArn"]
    assert "cdk-ledgerbr-cfn-exec-role-" in stack["cloudFormationExecutionRoleArn"]
    assert "hnb659fds" not in "".join(path.read_text() for path in (directory / "assembly-Branch").glob("*.json"))


def test_main_does_not_go_through_the_branches_bootstrap(synthesis):
    everything = "".join(path.read_text() for path in synthesis.directory.rglob("manifest.json"))
    assert "hnb659fds" in everything
    assert "ledgerbr" not in everything


def test_every_role_of_a_branch_is_bounded(stage):
    roles = dict(stage.of_type("AWS::IAM::Role"))
    assert "CustomS3AutoDeleteObjectsCustomResourceProviderRole3B1BD092" in roles, "those that the CDK makes are among them"
    boundary = "arn:aws:iam::123456789012:policy/cdk-ledgerbr-boundary-123456789012-us-east-1"
    assert {text(role["PermissionsBoundary"]) for role in roles.values()} == {boundary}


def test_the_pipelines_own_branch_has_no_stage(settings):
    with pytest.raises(BranchRefused, match="'main': the pipeline itself delivers this branch"):
        branch_target("main", settings)


@pytest.mark.parametrize("name", ["prod", "prod-dr", "../../main", "Main", "🚀"])
def test_any_other_name_gives_a_suffix_that_no_target_can_have(context, settings, name):
    suffix = branch_target(name, settings).suffix
    clash = json.loads(json.dumps(context["ledgerline"]))
    clash["targets"][0]["suffix"] = suffix
    with pytest.raises(SettingsError, match="holds the word 'br', which is for branches"):
        settings_module.parse({"ledgerline": clash})


def test_without_their_setting_branches_have_no_stages(context, tmp_path_factory):
    without = {key: value for key, value in context["ledgerline"].items() if key != "branches"}
    with pytest.raises(SettingsError, match=r"ledgerline\.branches: is missing"):
        branch_target("x", settings_module.parse({"ledgerline": without}))


def test_the_standard_bootstrap_is_none_for_branches(context):
    wrong = {**context["ledgerline"], "branches": {**context["ledgerline"]["branches"], "qualifier": "hnb659fds"}}
    with pytest.raises(SettingsError, match=r"branches\.qualifier"):
        settings_module.parse({"ledgerline": wrong})


def test_the_app_takes_the_branch_from_its_command_line(monkeypatch, tmp_path):
    asked = []

    def stop(_app, _settings, branch, *, layer_path):
        asked.append((branch, layer_path))
        raise BranchRefused(branch, "enough")

    monkeypatch.setattr(pipeline_app, "built_layer", lambda _: tmp_path)
    monkeypatch.setattr(pipeline_app, "build_branch", stop)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "cdk.out"))
    monkeypatch.setattr("sys.argv", ["pipeline_app.py", "-c", "branch=a=b/🚀"])
    with pytest.raises(SystemExit) as ended:
        pipeline_app.run()
    assert asked == [("a=b/🚀", archive(tmp_path))]
    assert str(ended.value) == r"error: branch 'a=b/\U0001f680': enough"


def project(pipeline, kind):
    return only(pipeline, "AWS::CodeBuild::Project", Name=f"etl-{kind}-main")[1]


def test_a_push_to_any_other_branch_deploys_it(pipeline):
    triggers = project(pipeline, "deploy-branch")["Triggers"]
    assert triggers["Webhook"] is True
    assert triggers["FilterGroups"] == [
        [
            {"Type": "EVENT", "Pattern": "PUSH"},
            {"Type": "HEAD_REF", "Pattern": "^refs/heads/.+"},
            {"Type": "HEAD_REF", "Pattern": "^refs/heads/main$", "ExcludeMatchedPattern": True},
        ]
    ]


def test_the_end_of_a_pull_request_destroys_and_a_forks_waits_for_a_members_word(pipeline):
    triggers = project(pipeline, "destroy-branch")["Triggers"]
    assert triggers["FilterGroups"] == [[{"Type": "EVENT", "Pattern": "PULL_REQUEST_CLOSED, PULL_REQUEST_MERGED"}]]
    assert triggers["PullRequestBuildPolicy"] == {"RequiresCommentApproval": "FORK_PULL_REQUESTS"}


def test_what_a_pull_request_brings_is_replaced_by_main_before_anything_of_it_runs(pipeline):
    spec = json.loads(project(pipeline, "destroy-branch")["Source"]["BuildSpec"])
    *before, script = spec["phases"]["build"]["commands"]
    assert script == "bash buildspec/destroy_branch.sh"
    assert [command.split()[:2] for command in before] == [["git", "init"], ["git", "fetch"], ["git", "checkout"], ["git", "clean"]]
    assert not any(spec["phases"].get(phase, {}).get("commands") for phase in ("install", "pre_build"))


def test_the_reaper_runs_main_on_a_schedule(pipeline):
    reap = project(pipeline, "reap-branches")
    assert (reap["SourceVersion"], reap["Triggers"]) == ("main", {"Webhook": False})
    _, rule = only(pipeline, "AWS::Events::Rule", ScheduleExpression="rate(6 hours)")
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] == only(pipeline, "AWS::CodeBuild::Project", Name="etl-reap-branches-main")[0]


def test_the_connection_is_used_and_its_permission_comes_first(pipeline):
    for kind in BUILDS:
        found = project(pipeline, kind)
        arn = "arn:aws:codeconnections:us-east-1:123456789012:connection/00000000-0000-0000-0000-000000000000"
        assert found["Source"]["Auth"] == {"Type": "CODECONNECTIONS", "Resource": arn}
        role = pipeline.resources[found["ServiceRole"]["Fn::GetAtt"][0]]["Properties"]
        (policy,) = [policy for policy in role["Policies"] if policy["PolicyName"] == "connection"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Resource"] == arn
        assert {"codestar-connections:UseConnection", "codeconnections:UseConnection"} <= set(statement["Action"])


def test_builds_know_the_repository_and_the_locks(pipeline):
    for kind in BUILDS:
        variables = {entry["Name"]: entry["Value"] for entry in project(pipeline, kind)["Environment"]["EnvironmentVariables"]}
        table, _ = only(pipeline, "AWS::DynamoDB::Table", TableName="etl-branch-locks-main")
        assert variables == {
            "LEDGERLINE_REPOSITORY_URL": "https://github.com/example/ledgerline.git",
            "LEDGERLINE_SOURCE_BRANCH": "main",
            "LEDGERLINE_BRANCH_LOCKS": {"Ref": table},
        }


def told_of(pipeline):
    """The builds of branches whose failure the topic is told."""
    topic, _ = only(pipeline, "AWS::SNS::Topic", TopicName="etl-delivery-main")
    built = {only(pipeline, "AWS::CodeBuild::Project", Name=f"etl-{kind}-main")[0]: kind for kind in BUILDS}
    found = set()
    for _, rule in pipeline.of_type("AWS::Events::Rule"):
        projects = rule.get("EventPattern", {}).get("detail", {}).get("project-name", [])
        if {"Ref": topic} in [target["Arn"] for target in rule["Targets"]]:
            found |= {built.get(project["Ref"]) for project in projects}
    return found & set(BUILDS)


def test_a_build_that_left_a_stage_is_told_of(pipeline):
    assert told_of(pipeline) == {"destroy-branch", "reap-branches"}
    assert project(pipeline, "deploy-branch")["Source"]["ReportBuildStatus"] is True, "GitHub shows the third at the commit"


@pytest.mark.parametrize("kind", BUILDS)
def test_a_build_changes_only_what_is_named_for_branches(pipeline, kind):
    """Whatever is not a listing, and not the project's own logs, reports and locks, is a branch's."""
    for sid, (actions, resources) in allowed(pipeline, f"etl-{kind}-main").items():
        if resources == {"*"}:
            assert (sid, actions) == ("List", set(LISTED))
            continue
        for resource in resources:
            own = "<Branches" in resource
            listing = actions == {"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"}
            bootstrap = resource.startswith("arn:aws:iam::123456789012:role/cdk-ledgerbr-") and actions == {"sts:AssumeRole"}
            assert own or listing or bootstrap or "br-*" in resource, (sid, resource)


@pytest.mark.parametrize("kind", BUILDS)
def test_patterns_over_objects_are_literal_up_to_the_branch(pipeline, kind):
    """``etl-*-br-*`` would match the object ``x-br-y`` of any stage's bucket."""
    patterns = [
        resource for _, resources in allowed(pipeline, f"etl-{kind}-main").values() for resource in resources if ":s3:::" in resource
    ]
    assert patterns
    assert all("*" not in pattern.partition("-br-")[0] for pattern in patterns)


def test_what_the_inventory_lists_is_granted():
    renamed = {"s3:ListBuckets": "s3:ListAllMyBuckets", "stepfunctions:ListStateMachines": "states:ListStateMachines"}
    asked = {f"{listing.service}:{listing.operation.title().replace('_', '')}" for listing in LISTINGS}
    assert {renamed.get(action, action) for action in asked} | {"cloudformation:DescribeStacks"} == set(LISTED)


def test_the_inventory_lists_every_kind_of_resource_that_has_a_name(stage):
    """A type that a stage gets and the teardown does not look for would be left behind unseen."""
    looked_for = {
        "AWS::CloudTrail::Trail": "trail",
        "AWS::CloudWatch::Alarm": "alarm",
        "AWS::CloudWatch::Dashboard": "dashboard",
        "AWS::DynamoDB::Table": "table",
        "AWS::Events::Rule": "rule",
        "AWS::IAM::Role": "role",
        "AWS::KMS::Alias": "key alias",
        "AWS::Lambda::Function": "function",
        "AWS::Lambda::LayerVersion": "layer",
        "AWS::Logs::LogGroup": "log group",
        "AWS::S3::Bucket": "bucket",
        "AWS::SNS::Topic": "topic",
        "AWS::SQS::Queue": "queue",
        "AWS::SSM::Parameter": "parameter",
        "AWS::StepFunctions::StateMachine": "state machine",
    }
    belongs_to_another = {
        "Custom::DeploymentCheck",
        "AWS::IAM::Policy",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::KMS::Key",
        "Custom::S3AutoDeleteObjects",
    }
    assert {body["Type"] for body in stage.resources.values()} - belongs_to_another - looked_for.keys() == set()
    assert set(looked_for.values()) | {"stack"} == {listing.kind for listing in LISTINGS}


@pytest.mark.parametrize("kind", BUILDS)
def test_builds_have_the_repositorys_credentials_for_git(pipeline, kind):
    """CodeBuild knows the words yes and no; YAML takes them for true and false unless they are quoted."""
    assert json.loads(project(pipeline, kind)["Source"]["BuildSpec"])["env"]["git-credential-helper"] == "yes"


@pytest.mark.parametrize("name", ["deploy_branch", "destroy_branch"])
@pytest.mark.parametrize("branch", ["$(touch pwned)", "a; touch pwned", "-x", "../../main", "🚀 'x' \"y\"", "*"])
def test_a_hostile_name_reaches_the_command_as_one_argument(name, branch, tmp_path):
    (tmp_path / "buildspec").mkdir()
    script = tmp_path / "buildspec" / f"{name}.sh"
    for file in (f"{name}.sh", "install.sh"):
        (tmp_path / "buildspec" / file).write_text((ROOT / "buildspec" / file).read_text())
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    recorder = f"#!/bin/bash\nmkdir -p .venv/bin\nfor t in python pip; do cp {bin_}/record .venv/bin/$t; done\n"
    (bin_ / "record").write_text('#!/bin/bash\nprintf "%s\\0" "$@" >> said; printf "\\n" >> said\n')
    for tool, body in {"python": recorder, "npm": "#!/bin/bash\n"}.items():
        (bin_ / tool).write_text(body)
    for tool in bin_.iterdir():
        tool.chmod(0o755)
    environment = {
        "PATH": f"{bin_}:/usr/bin:/bin",
        "CODEBUILD_WEBHOOK_HEAD_REF": f"refs/heads/{branch}",
        "CODEBUILD_WEBHOOK_TRIGGER": "pr/7",
    }
    done = subprocess.run(["bash", str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = [line.split("\0")[:-1] for line in (tmp_path / "said").read_text().splitlines()]
    assert calls[-1][:4] == ["-m", "ops", "branch", name.partition("_")[0]]
    assert f"--branch={branch}" in calls[-1]
    assert ("--pull-request=7" in calls[-1]) is (name == "destroy_branch")
    assert not (tmp_path / "pwned").exists()
    assert not (tmp_path / "buildspec" / "pwned").exists()


@pytest.fixture(scope="module")
def codecommit(context, tmp_path_factory):
    source = {"kind": "codecommit", "repository": "ledgerline", "branch": "main"}
    changed = {**context["ledgerline"], "pipeline": {**context["ledgerline"]["pipeline"], "source": source}}
    return synthesize({**context, "ledgerline": changed}, tmp_path_factory.mktemp("codecommit"))


def test_codecommits_events_deploy_and_destroy(codecommit):
    pipeline = codecommit.pipeline
    rules = {rule["Name"]: rule for _, rule in pipeline.of_type("AWS::Events::Rule")}
    pushed, deleted = (rules[f"etl-pipeline-branches-{name}-main"] for name in ("pushed", "deleted"))
    assert pushed["EventPattern"]["detail"] == {
        "event": ["referenceCreated", "referenceUpdated"],
        "referenceType": ["branch"],
        "referenceName": [{"anything-but": ["main"]}],
    }
    assert deleted["EventPattern"]["detail"]["event"] == ["referenceDeleted"]
    assert "sourceVersion" in pushed["Targets"][0]["InputTransformer"]["InputTemplate"], "the commit that was pushed"
    assert "sourceVersion" not in deleted["Targets"][0]["InputTransformer"]["InputTemplate"], "a deleted branch has none: main's"
    for rule in (pushed, deleted):
        assert "LEDGERLINE_BRANCH" in rule["Targets"][0]["InputTransformer"]["InputTemplate"]
    variables = {entry["Name"]: entry["Value"] for entry in project(pipeline, "reap-branches")["Environment"]["EnvironmentVariables"]}
    assert variables["LEDGERLINE_REPOSITORY_URL"] == "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/ledgerline"


def test_a_failed_deployment_of_a_branch_is_told_where_no_commit_shows_it(codecommit):
    assert told_of(codecommit.pipeline) == set(BUILDS)


def test_codecommit_passes_the_same_gates(codecommit):
    from pipeline.gates import rules

    assert [breach for template in codecommit.templates.values() for breach in rules.breaches(template)] == []
    known = {(finding.path, finding.rule) for finding in codecommit.acknowledged}
    left = {found for found in codecommit.found if not any(found[0].startswith(f"{path}/") and rule == found[1] for path, rule in known)}
    assert left == set()
