"""Known vulnerabilities are looked for on a schedule, and told (G8)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.gates.advisories import ABSENT
from pipeline.templates import text
from tests.infrastructure.reading import allowed, only

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def project(pipeline):
    return only(pipeline, "AWS::CodeBuild::Project", Name="etl-advisories-main")


def test_it_runs_once_a_day(pipeline, project):
    _, schedule = only(pipeline, "AWS::Events::Rule", Name="etl-advisories-schedule-main")
    minute, hour, day, month, weekday, _ = schedule["ScheduleExpression"].removeprefix("cron(").removesuffix(")").split()
    assert (minute.isdigit(), hour.isdigit()) == (True, True)
    assert {day, month, weekday} == {"*", "?"}
    assert [target["Arn"]["Fn::GetAtt"][0] for target in schedule["Targets"]] == [project[0]]


def test_the_script_of_the_branch_is_what_runs_and_has_what_it_asks_with(project):
    assert "buildspec/advisories.sh" in text(project[1]["Source"]["BuildSpec"])
    phases = yaml.safe_load((ROOT / "buildspec" / "advisories.yml").read_text())["phases"]
    (script,) = phases["build"]["commands"]
    assert script == "bash buildspec/advisories.sh"
    assert {"python", "nodejs"} == set(phases["install"]["runtime-versions"])
    assert project[1]["SourceVersion"] == "main"


def test_findings_and_failed_builds_reach_the_topic(pipeline, project):
    topic, _ = only(pipeline, "AWS::SNS::Topic", TopicName="etl-delivery-main")
    given = {variable["Name"]: variable["Value"] for variable in project[1]["Environment"]["EnvironmentVariables"]}
    assert given == {"LEDGERLINE_TOPIC": {"Ref": topic}}
    publish = [resources for actions, resources in allowed(pipeline, "etl-advisories-main").values() if "sns:Publish" in actions]
    assert publish == [{f"<{topic}>"}]
    _, rule = only(pipeline, "AWS::Events::Rule", Name="etl-tell-failed-advisories-main")
    assert rule["EventPattern"]["detail"]["project-name"] == [{"Ref": project[0]}]
    assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": topic}]


def test_it_may_tell_log_and_check_out_and_nothing_else(pipeline):
    granted = {action for actions, _ in allowed(pipeline, "etl-advisories-main").values() for action in actions}
    allowed_services = ("logs:", "codebuild:", "codeconnections:", "codestar-connections:")
    assert {action for action in granted if not action.startswith(allowed_services)} == {
        "sns:Publish",
        "kms:Decrypt",
        "kms:GenerateDataKey*",
    }


def test_no_build_on_aws_is_told_that_there_is_nobody_to_ask(synthesis):  # D8
    for template in synthesis.templates.values():
        assert ABSENT not in template.path.read_text()
