"""Stages are held against their templates every day (D10)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from aws_cdk import App, Stack
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from pipeline import settings as settings_module
from pipeline.drift import DriftDetection
from pipeline.notifications import Notifications
from pipeline.templates import Template, text
from tests.infrastructure.reading import allowed, only

ROOT = Path(__file__).resolve().parents[2]

#: What read handlers list and a reader does not need: passing a role on, and reading what a key encrypts.
NO_READS = {"iam:passrole", "kms:decrypt"}


@pytest.fixture(scope="module")
def project(pipeline):
    return only(pipeline, "AWS::CodeBuild::Project", Name="etl-drift-main")


def test_it_runs_once_a_day(pipeline, project):
    _, schedule = only(pipeline, "AWS::Events::Rule", Name="etl-drift-schedule-main")
    minute, hour, day, month, weekday, _ = schedule["ScheduleExpression"].removeprefix("cron(").removesuffix(")").split()
    assert (minute.isdigit(), hour.isdigit()) == (True, True)
    assert {day, month, weekday} == {"*", "?"}
    assert [target["Arn"]["Fn::GetAtt"][0] for target in schedule["Targets"]] == [project[0]]


def test_it_asks_for_every_target_and_tells_the_topic(pipeline, project):
    topic, _ = only(pipeline, "AWS::SNS::Topic", TopicName="etl-delivery-main")
    given = {variable["Name"]: variable["Value"] for variable in project[1]["Environment"]["EnvironmentVariables"]}
    assert given == {"LEDGERLINE_STAGES": "prod=us-east-1 prod-dr=eu-west-1", "LEDGERLINE_TOPIC": {"Ref": topic}}
    publish = [resources for actions, resources in allowed(pipeline, "etl-drift-main").values() if "sns:Publish" in actions]
    assert publish == [{f"<{topic}>"}]


def test_the_script_of_the_branch_is_what_runs(project):
    assert "buildspec/drift.sh" in text(project[1]["Source"]["BuildSpec"])
    (script,) = yaml.safe_load((ROOT / "buildspec" / "drift.yml").read_text())["phases"]["build"]["commands"]
    assert script == "bash buildspec/drift.sh"


def test_it_may_read_every_type_that_a_stage_is_made_of(synthesis, pipeline):
    granted = {action.lower() for actions, _ in allowed(pipeline, "etl-drift-main").values() for action in actions}
    types = {body["Type"] for stack in ("etl-prod", "etl-prod-dr") for body in synthesis.templates[stack].resources.values()}
    missing = {}
    for resource_type in types:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema.get("handlers") or {}
        needed = {action.lower() for action in handlers.get("read", {}).get("permissions", [])}
        if lacking := needed - NO_READS - granted:
            missing[resource_type] = lacking
    assert missing == {}


def test_it_may_change_nothing_and_read_no_data(pipeline):
    reads = ("Describe", "Detect", "Get", "List", "BatchDescribe")
    own = ("logs:", "codebuild:", "sns:Publish", "kms:Decrypt", "kms:GenerateDataKey*")
    connection = ("codeconnections:", "codestar-connections:")
    actions = {action for granted, _ in allowed(pipeline, "etl-drift-main").values() for action in granted}
    assert not [
        action for action in actions if not action.startswith((*own, *connection)) and not action.partition(":")[2].startswith(reads)
    ]
    assert not actions & {"s3:GetObject", "dynamodb:GetItem", "sqs:ReceiveMessage", "ssm:GetParameter", "secretsmanager:GetSecretValue"}


def test_the_source_is_checked_out_through_the_connection_that_it_may_use_first(pipeline, project):
    name, properties = project
    source = properties["Source"]
    arn = source["Auth"]["Resource"]
    assert (source["Type"], source["Location"], source["Auth"]["Type"]) == (
        "GITHUB",
        "https://github.com/example/ledgerline.git",
        "CODECONNECTIONS",
    )
    assert properties["SourceVersion"] == "main"
    assert "Triggers" not in properties or not properties["Triggers"].get("Webhook")
    uses = allowed(pipeline, "etl-drift-main")["UseConnection"]
    assert {"codeconnections:UseConnection", "codestar-connections:UseConnection"} <= uses[0]
    assert uses[1] == {arn}
    depended = pipeline.resources[name]["DependsOn"]
    policies = [each for each in depended if "UseConnection" in str(pipeline.resources[each])]
    assert len(policies) == 1


def test_a_codecommit_source_needs_no_connection(context, tmp_path):
    source = {"kind": "codecommit", "repository": "ledgerline", "branch": "main"}
    chosen = settings_module.parse(
        {**context, "ledgerline": {**context["ledgerline"], "pipeline": {**context["ledgerline"]["pipeline"], "source": source}}}
    )
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stack = Stack(app, "Stack")
    notifications = Notifications(stack, "Notifications", suffix="main")
    DriftDetection(stack, "Drift", settings=chosen.pipeline, stages=[], notifications=notifications)
    resources = app.synth().get_stack_by_name("Stack").template["Resources"]
    _, project = only(Template(resources), "AWS::CodeBuild::Project")
    assert (project["Source"]["Type"], "Auth" in project["Source"]) == ("CODECOMMIT", False)
    assert "codeconnections" not in str(resources)
