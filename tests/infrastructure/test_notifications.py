"""Who is told what of the delivery (D5)."""

from __future__ import annotations

import re

import pytest

from pipeline.templates import listed, text
from tests.infrastructure.reading import only


def rule(pipeline, kind):
    return only(pipeline, "AWS::Events::Rule", Name=f"etl-tell-{kind}-main")[1]


def matches(pattern, event):
    """Whether EventBridge would match *event*; patterns here are lists of values in nested objects."""
    return all(
        matches(wanted, event.get(key, {})) if isinstance(wanted, dict) else event.get(key) in wanted for key, wanted in pattern.items()
    )


def resolved(pattern):
    """With the name that a reference stands for, as CloudFormation would write it."""
    if isinstance(pattern, dict):
        return text(pattern) if set(pattern) == {"Ref"} else {key: resolved(value) for key, value in pattern.items()}
    return [resolved(item) for item in pattern] if isinstance(pattern, list) else pattern


def event(kind, **detail):
    source = "aws.codebuild" if kind == "Build" else "aws.codepipeline"
    prefix = "CodeBuild" if kind == "Build" else "CodePipeline"
    detail_type = f"{prefix} {kind} State Change" if kind == "Build" else f"{prefix} {kind} Execution State Change"
    return {"source": source, "detail-type": detail_type, "detail": detail}


@pytest.mark.parametrize(
    ("state", "told"), [("STARTED", True), ("SUCCEEDED", True), ("FAILED", True), ("SUPERSEDED", False), ("RESUMED", False)]
)
def test_subscribers_hear_of_each_start_and_end(pipeline, state, told):
    pattern = rule(pipeline, "executions")["EventPattern"]
    assert matches(pattern, event("Pipeline", pipeline="etl-pipeline-main", state=state)) is told


def test_another_pipeline_is_not_ours_to_tell_of(pipeline):
    for kind in ("executions", "failed-actions"):
        found = rule(pipeline, kind)["EventPattern"]
        name = "Pipeline" if kind == "executions" else "Action"
        assert not matches(found, event(name, pipeline="etl-pipeline-other", state="FAILED"))
        assert matches(found, event(name, pipeline="etl-pipeline-main", state="FAILED"))


def test_a_failed_action_is_named_and_one_that_succeeds_is_not(pipeline):
    found = rule(pipeline, "failed-actions")
    assert not matches(found["EventPattern"], event("Action", pipeline="etl-pipeline-main", state="SUCCEEDED"))
    (target,) = found["Targets"]
    paths = set(target["InputTransformer"]["InputPathsMap"].values())
    assert {"$.detail.stage", "$.detail.action", "$.detail.execution-result.external-execution-summary"} <= paths


def test_a_drift_build_that_fails_is_told_because_no_pipeline_waits_for_it(pipeline):
    project, _ = only(pipeline, "AWS::CodeBuild::Project", Name="etl-drift-main")
    pattern = resolved(rule(pipeline, "failed-drift")["EventPattern"])
    for status, told in (("FAILED", True), ("TIMED_OUT", True), ("SUCCEEDED", False)):
        assert matches(pattern, event("Build", **{"project-name": f"<{project}>", "build-status": status})) is told


def test_every_message_is_one_text_with_a_link(pipeline):
    for kind in ("executions", "failed-actions", "failed-drift"):
        (target,) = rule(pipeline, kind)["Targets"]
        template = target["InputTransformer"]["InputTemplate"]
        assert re.fullmatch(r'"[^"\n]+"', template), "a JSON string, which SNS sends as the message"
        names = set(re.findall(r"<([^>]+)>", template))
        assert names == set(target["InputTransformer"]["InputPathsMap"])
        assert "https://us-east-1.console.aws.amazon.com/" in template or kind == "failed-drift"


def test_events_may_publish_on_the_encrypted_topic(pipeline):
    topic, properties = only(pipeline, "AWS::SNS::Topic", TopicName="etl-delivery-main")
    key = pipeline.resources[properties["KmsMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]["KeyPolicy"]["Statement"]
    events = {"Service": "events.amazonaws.com"}
    used = {action for statement in key if statement.get("Principal") == events for action in listed(statement["Action"])}
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= used
    policies = [policy for _, policy in pipeline.of_type("AWS::SNS::TopicPolicy") if policy["Topics"] == [{"Ref": topic}]]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    assert any(statement.get("Principal") == events and statement["Action"] == "sns:Publish" for statement in statements)
    assert any(statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement["Condition"]) for statement in statements)
