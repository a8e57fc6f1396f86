"""The delivery pipeline (D1 to D5, D8)."""

from __future__ import annotations

import inspect
import json
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ops.commands import rollback, validate
from ops.rollback import WAITS
from ops.stage import VARIABLE_PREFIX, Stage
from ops.validation import deployment
from pipeline.templates import text
from pipeline.validation import WAITS_SECONDS, output_variable
from tests.infrastructure.conftest import OTHER_ACCOUNT, synthesize
from tests.infrastructure.reading import allowed, only

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def delivery(pipeline):
    return only(pipeline, "AWS::CodePipeline::Pipeline", Name="etl-pipeline-main")[1]


def actions(delivery, stage):
    (found,) = [entry["Actions"] for entry in delivery["Stages"] if entry["Name"] == stage]
    return sorted(found, key=lambda action: action["RunOrder"])


def project(pipeline, action):
    return pipeline.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]


def test_stages_come_in_the_order_of_the_contract(delivery):  # D1
    assert [stage["Name"] for stage in delivery["Stages"]] == ["Source", "Build", "UpdatePipeline", "Assets", "Primary", "Dr"]
    assert [action["Name"] for action in actions(delivery, "Primary")] == ["etl-prod.Prepare", "etl-prod.Deploy", "Validate"]
    assert [action["Name"] for action in actions(delivery, "Dr")] == [
        "Review",
        "Approve",
        "etl-prod-dr.Prepare",
        "etl-prod-dr.Deploy",
        "Validate",
    ]
    orders = [action["RunOrder"] for action in actions(delivery, "Dr")]
    assert len(set(orders)) == len(orders), "nothing of a deployment runs beside something else"


def test_the_pipeline_is_v2_superseded_and_restarts_when_it_has_changed_itself(delivery):  # D2
    assert (delivery["PipelineType"], delivery["ExecutionMode"], delivery["RestartExecutionOnUpdate"]) == ("V2", "SUPERSEDED", True)
    (mutate,) = actions(delivery, "UpdatePipeline")
    assert mutate["Name"] == "SelfMutate"


def test_a_push_to_main_triggers_it(delivery):
    (source,) = actions(delivery, "Source")
    assert source["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert source["Configuration"]["BranchName"] == "main"
    assert source["Configuration"]["DetectChanges"] is True


def test_each_target_is_deployed_to_its_region(delivery):  # D3
    regions = {
        stage: {action.get("Region") for action in actions(delivery, stage) if "Prepare" in action["Name"]} for stage in ("Primary", "Dr")
    }
    assert regions == {"Primary": {None}, "Dr": {"eu-west-1"}}


def test_assets_have_one_project_with_pinned_tools_so_they_alone_do_not_mutate_the_pipeline(pipeline, delivery):  # D2
    (assets,) = actions(delivery, "Assets")
    spec = project(pipeline, assets)["Source"]["BuildSpec"]
    assert spec.startswith("buildspec-"), "a file of the assembly, not a text in the template"


def test_self_mutation_uses_the_cli_of_package_json(pipeline, delivery):
    version = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    (mutate,) = actions(delivery, "UpdatePipeline")
    assert f"aws-cdk@{version}" in text(project(pipeline, mutate)["Source"]["BuildSpec"])


def test_asset_publishing_is_pinned_to_what_reads_this_assembly(synthesis):
    specs = [path.read_text() for path in synthesis.directory.glob("buildspec-*.yaml")]
    assert specs
    assert all("cdk-assets@4.7.3" in spec for spec in specs)


def test_synth_and_validation_run_scripts_of_the_commit(pipeline, delivery):  # D8: gates are in the script
    (synth,) = actions(delivery, "Build")
    spec = json.loads(text(project(pipeline, synth)["Source"]["BuildSpec"]))
    assert spec["phases"]["build"]["commands"] == ["bash buildspec/synth.sh"]
    assert spec["artifacts"]["base-directory"] == "cdk.out"
    validate = actions(delivery, "Primary")[-1]
    spec = json.loads(text(project(pipeline, validate)["Source"]["BuildSpec"]))
    assert spec["phases"]["build"]["commands"] == ["bash buildspec/validate.sh"]


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "buildspec").glob("*.yml")))
def test_a_buildspec_runs_its_script_whether_or_not_the_source_kept_its_mode(name):
    """Artifacts are archives, and whoever packs one may leave the executable bit out."""
    commands = yaml.safe_load((ROOT / "buildspec" / f"{name}.yml").read_text())["phases"]["build"]["commands"]
    scripts = [command for command in commands if "buildspec/" in command]
    assert scripts == [f"bash buildspec/{name}.sh"]
    assert subprocess.run(["bash", "-n", str(ROOT / "buildspec" / f"{name}.sh")], check=False).returncode == 0


def test_the_gates_are_part_of_the_synth():  # D8
    lines = (ROOT / "buildspec" / "synth.sh").read_text().splitlines()
    assert ".venv/bin/python -m pipeline.gates --assembly cdk.out" in lines


def test_validation_is_given_what_the_commands_ask_the_deployed_stage_for(synthesis, delivery):  # D4
    outputs = json.loads(synthesis.stage.path.read_text())["Outputs"]
    asked = {VARIABLE_PREFIX + field.name.upper() for field in fields(Stage) if field.name != "region"}
    given = {
        entry["name"]: entry["value"] for entry in json.loads(actions(delivery, "Primary")[-1]["Configuration"]["EnvironmentVariables"])
    }
    namespace = actions(delivery, "Primary")[1]["Namespace"]
    expected = {output_variable(name): f"#{{{namespace}.{name}}}" for name in outputs if output_variable(name) in asked}
    assert set(expected) == asked
    assert {name: value for name, value in given.items() if name.startswith(VARIABLE_PREFIX)} == expected


def test_the_outputs_that_tools_rely_on_are_there(synthesis):
    values = {name: text(output["Value"]) for name, output in json.loads(synthesis.stage.path.read_text())["Outputs"].items()}
    alarms = {f"etl-prod/{name}" for name in values.pop("AlarmNames").split(",")}
    assert alarms == {properties["AlarmName"] for _, properties in synthesis.stage.of_type("AWS::CloudWatch::Alarm")}  # D4
    functions = values.pop("FunctionNames").split(",")
    assert len(functions) == 8
    assert values == {
        "Stage": "prod",
        "SourceName": "prod",
        "DataBucketName": "<StorageData6BB23F4E>",
        "TrackingTableName": "<TrackingTable3514576F>",
        "StateMachineArn": "<WorkflowMachine0C2E3460>",
        "ResultsQueueUrl": "<OutcomesResultsB374236A>",
        "AlertsTopicArn": "<OutcomesAlerts8329E5B0>",
        "AlarmPrefix": "etl-prod/",
        "DashboardName": "etl-dashboard-prod",
        "ChunkBytesParameter": "<FunctionsChunkBytesC071FE39>",
    }


def test_validation_may_touch_the_probe_and_nothing_of_a_partner(pipeline, delivery):  # D4
    role = project(pipeline, actions(delivery, "Primary")[-1])["ServiceRole"]["Fn::GetAtt"][0]
    grants = allowed(pipeline, pipeline.resources[role]["Properties"]["RoleName"])
    bucket = "arn:aws:s3:::etl-data-123456789012-us-east-1-prod"
    changed = {
        resource
        for granted, resources in grants.values()
        if granted & {"s3:PutObject", "s3:DeleteObjectVersion"}
        for resource in resources
        if resource.startswith(bucket)
    }
    areas = ("incoming", "processed", "failed", "curated", "rejected", "staging")
    assert changed == {f"{bucket}/{area}/_validation/*" for area in areas} | {f"{bucket}/manifests/*", f"{bucket}/validated/*"}
    assert grants["UploadProbe"][1] == {f"{bucket}/incoming/_validation/*"}


def ssm_parameters(template):
    """Names of the SSM parameters that CloudFormation reads for *template*."""
    declared = json.loads(template.path.read_text())["Parameters"].values()
    return {parameter["Default"] for parameter in declared if parameter["Type"].startswith("AWS::SSM::Parameter::Value<")}


def test_who_rolls_a_stage_back_may_read_what_its_template_takes_from_ssm(walked):  # D7
    """CloudFormation reads it with the rights of whoever makes the change set."""
    home = walked.settings.pipeline.account
    delivered = only(walked.pipeline, "AWS::CodePipeline::Pipeline")[1]
    for target in walked.settings.targets:
        template = walked.templates[f"etl-{target.suffix}"]
        role = project(walked.pipeline, actions(delivered, target.name)[-1])["ServiceRole"]["Fn::GetAtt"][0]
        name = walked.pipeline.resources[role]["Properties"]["RoleName"]
        here = (walked.pipeline, name) if target.account == home else (template, f"etl-validation-{target.suffix}")
        read = [resources for granted, resources in allowed(*here).values() if "ssm:GetParameters" in granted]
        assert ssm_parameters(template) == {"/cdk-bootstrap/hnb659fds/version"}
        assert read == [{f"arn:aws:ssm:{target.region}:{target.account}:parameter{found}" for found in ssm_parameters(template)}]


def test_a_validation_ends_by_its_own_limits_and_not_by_the_builds(pipeline, delivery):  # D7
    """A rollback that is cut off leaves the stage half-way, and nobody is told what differed."""
    first, again = (inspect.signature(command).parameters["timeout"].default for command in (validate.validate, rollback.rollback))
    waits = first + (WAITS + 1) * again
    assert waits == WAITS_SECONDS
    functions = 2 * 8 * deployment._LOOKS * deployment._PAUSE_SECONDS
    for stage in ("Primary", "Dr"):
        assert project(pipeline, actions(delivery, stage)[-1])["TimeoutInMinutes"] * 60 > waits + functions


def test_every_project_has_a_log_group_of_its_own(pipeline):  # E14
    groups = [
        text(properties["LogsConfig"]["CloudWatchLogs"]["GroupName"]) for _, properties in pipeline.of_type("AWS::CodeBuild::Project")
    ]
    assert len(groups) == len(set(groups)) == 11


def test_artifacts_of_each_region_are_in_a_bucket_of_ours(delivery):
    stores = {store["Region"]: text(store["ArtifactStore"]["Location"]) for store in delivery["ArtifactStores"]}
    assert stores == {"us-east-1": "<Artifacts82DD59A1>", "eu-west-1": "etl-pipe-123456789012-eu-west-1-main"}


def test_the_support_stack_is_deployed_before_the_pipeline(synthesis):
    artifacts = json.loads((synthesis.directory / "manifest.json").read_text())["artifacts"]
    assert "Support-eu-west-1" in artifacts["Pipeline"]["dependencies"]


@pytest.fixture(scope="module")
def elsewhere(context, tmp_path_factory):
    """Other settings: CodeCommit, three targets with the longest names there are, one in another account, the other runtime."""
    suffix = "x" * 17
    targets = [
        {"name": name, "account": "123456789012", "region": region, "suffix": f"{suffix}-{number}", "source_name": "x", "approval": True}
        for number, (name, region) in enumerate([("First", "ap-southeast-2"), ("Second", "eu-west-1"), ("Third", "ap-southeast-2")])
    ]
    targets[1]["account"] = OTHER_ACCOUNT
    source = {"kind": "codecommit", "repository": "ledgerline", "branch": "main"}
    pipeline = {"account": "123456789012", "region": "us-east-1", "suffix": "y" * 20, "source": source}
    settings = {"runtime": "3.13", "chunk_bytes": 1_000_000, "pipeline": pipeline, "targets": targets}
    return synthesize({**context, "ledgerline": settings}, tmp_path_factory.mktemp("elsewhere"))


def test_targets_are_data(elsewhere):  # D3
    delivery = only(elsewhere.templates[f"etl-pipeline-{'y' * 20}"], "AWS::CodePipeline::Pipeline")[1]
    assert [stage["Name"] for stage in delivery["Stages"]][-3:] == ["First", "Second", "Third"]
    assert actions(delivery, "Source")[0]["ActionTypeId"]["Provider"] == "CodeCommit"


def test_other_settings_pass_the_same_gates(elsewhere):
    from pipeline.gates import rules

    assert [breach for template in elsewhere.templates.values() for breach in rules.breaches(template)] == []
    known = {(finding.path, finding.rule) for finding in elsewhere.acknowledged}
    left = {found for found in elsewhere.found if not any(found[0].startswith(f"{path}/") and rule == found[1] for path, rule in known)}
    assert left == set()


def test_the_other_runtime_is_one_setting(elsewhere):  # E12
    stage = elsewhere.templates[f"etl-{'x' * 17}-0"]
    runtimes = {properties["Runtime"] for _, properties in stage.of_type("AWS::Lambda::Function") if "Layers" in properties}
    assert runtimes == {"python3.13"}
    assert only(stage, "AWS::SSM::Parameter")[1]["Value"] == "1000000"


def test_physical_names_fit_their_limits(elsewhere):  # E15
    limits = {"AWS::S3::Bucket": ("BucketName", 63), "AWS::IAM::Role": ("RoleName", 64), "AWS::Lambda::Function": ("FunctionName", 64)}
    limits |= {
        "AWS::Events::Rule": ("Name", 64),
        "AWS::SQS::Queue": ("QueueName", 80),
        "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
    }
    for template in elsewhere.templates.values():
        for resource_type, (name, limit) in limits.items():
            for _, properties in template.of_type(resource_type):
                assert len(properties[name]) <= limit


def test_no_two_roles_of_an_account_have_one_name(synthesis, elsewhere):
    for synthesized in (synthesis, elsewhere):
        roles = [role["RoleName"] for template in synthesized.templates.values() for _, role in template.of_type("AWS::IAM::Role")]
        assert len(roles) == len(set(roles))
