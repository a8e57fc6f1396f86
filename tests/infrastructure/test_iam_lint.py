"""Every policy says what its writer meant; each thing that it may get wrong is noticed, and by its name (D8, E13)."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import replace

import pytest

from pipeline.gates.accepted_findings import POLICIES
from pipeline.gates.iam import checks, reference

REGION = "us-east-1"
ROLE = "etl-process-chunk-prod"


def found(template):
    return [finding for finding in checks.all_findings(template, REGION) if not accepted(template, finding)]


def accepted(template, finding):
    holder = finding.holder.removesuffix(f"-{template.suffix}")
    return any(policy.covers(holder, finding.rule, finding.about) for policy in POLICIES)


def broken(template, statement):
    """*template* with one more statement in the policy of a function's role."""
    resources = copy.deepcopy(dict(template.resources))
    role = next(name for name, body in resources.items() if body.get("Properties", {}).get("RoleName") == ROLE)
    policy = next(
        body["Properties"]["PolicyDocument"]
        for body in resources.values()
        if body["Type"] == "AWS::IAM::Policy" and {"Ref": role} in body["Properties"]["Roles"]
    )
    policy["Statement"].append(statement)
    return replace(template, resources=resources)


def test_every_policy_of_every_template_passes(walked):
    assert [line for template in walked.templates.values() for line in checks.findings(template, REGION)] == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy.holder} {policy.about}")
def test_every_accepted_finding_is_found(synthesis, accounts, policy):
    templates = (*synthesis.templates.values(), *accounts.templates.values())
    assert any(
        policy.covers(finding.holder.removesuffix(f"-{each.suffix}"), finding.rule, finding.about)
        for each in templates
        for finding in checks.all_findings(each, REGION)
    )
    assert len(policy.reason.split()) >= 6


BUCKET = {"Fn::GetAtt": ["StorageData6BB23F4E", "Arn"]}
OBJECTS = {"Fn::Join": ["", [BUCKET, "/*"]]}
TABLE = {"Fn::GetAtt": ["TrackingTable3514576F", "Arn"]}
TOPIC = {"Ref": "OutcomesAlerts8329E5B0"}


def allow(actions, resources, **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


@pytest.mark.parametrize(
    ("statement", "rule", "said"),
    [
        (allow("s3:GetObjekt", OBJECTS), "unknown-action", "s3:GetObjekt is no action; s3:GetObject is"),
        (allow("s4:GetObject", OBJECTS), "unknown-action", "s4:GetObject is no action"),
        (allow("dynamodb:Fetch*", TABLE), "unknown-action", "dynamodb:Fetch* is no action"),
        ({"Effect": "Deny", "Action": "dynamodb:DropTable", "Resource": "*"}, "unknown-action", "dynamodb:DropTable is no action"),
        (
            allow("s3:GetObject", OBJECTS, Condition={"StringEquals": {"s3:Prefix": "incoming/"}}),
            "unknown-condition-key",
            "no request of s3:GetObject carries the condition key s3:Prefix",
        ),
        (
            allow("sns:Publish", TOPIC, Condition={"Bool": {"aws:SecureTransprot": "true"}}),
            "unknown-condition-key",
            "carries the condition key aws:SecureTransprot",
        ),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": TABLE}, "inverted-allow", "NotAction in a statement that allows"),
        (allow("sns:Publish", TOPIC) | {"NotResource": TOPIC}, "inverted-allow", "NotResource in a statement that allows"),
        (allow("dynamodb:*", TABLE), "whole-service", "dynamodb:* allows every action"),
        (allow("s3:GetObject", BUCKET), "wrong-resource", "s3:GetObject acts on none of the resources given"),
        (allow("s3:ListBucket", OBJECTS), "wrong-resource", "s3:ListBucket acts on none of the resources given"),
        (allow("dynamodb:PutItem", OBJECTS), "wrong-resource", "dynamodb:PutItem acts on none of the resources given"),
        (allow("s3:ListAllMyBuckets", BUCKET), "wrong-resource", "but on * alone"),
        (allow("s3:GetObject", [BUCKET, OBJECTS]), "wrong-resource", "none of the actions given acts on arn:aws:s3:::etl-data-"),
        (allow("s3:GetObject", {"Ref": "StorageData6BB23F4E"}), "wrong-resource", "s3:GetObject acts on none"),
        (allow("dynamodb:PutItem", "*"), "any-resource", "dynamodb:PutItem is allowed on *, and could be on arn:"),
        (allow("sts:AssumeRole", "arn:aws:iam::123456789012:role/etl-*"), "roles-by-pattern", "sts:AssumeRole on the pattern"),
        (allow("sns:Publish", {"Fn::ImportValue": "Topic"}), "unreadable", "known at the deployment alone"),
    ],
)
def test_a_mistake_is_found_once_and_by_its_name(stage, statement, rule, said):
    (finding,) = found(broken(stage, statement))
    assert (finding.rule, said in str(finding)) == (rule, True), finding


@pytest.mark.parametrize("way", checks.ESCALATIONS, ids="+".join)
def test_ways_to_the_rights_of_others_are_found_over_all_policies_of_a_role(stage, way):
    template = stage
    for action in way:
        assert reference.actions(action), f"{action} is no action any more"
        kinds = next(iter(reference.actions(action))).resources
        resource = kinds[0].replace("${", "").replace("}", "") if kinds else "*"
        template = broken(template, allow(action, resource))
    ways = {finding.about for finding in found(template) if finding.rule == "escalation"}
    assert "+".join(way) in ways


def test_everything_on_everything_is_more_than_one_finding(stage):
    rules = {finding.rule for finding in found(broken(stage, allow("*", "*")))}
    assert {"whole-service", "escalation"} <= rules


@pytest.mark.parametrize(
    ("resource_type", "property_name"), [("AWS::IAM::Role", "AssumeRolePolicyDocument"), ("AWS::SQS::QueuePolicy", "PolicyDocument")]
)
def test_what_anybody_may_use_is_found(stage, resource_type, property_name):
    resources = copy.deepcopy(dict(stage.resources))
    documents = [body["Properties"][property_name] for body in resources.values() if body["Type"] == resource_type]
    statement = next(each for document in documents for each in document["Statement"] if each["Effect"] == "Allow")
    statement["Principal"] = {"AWS": "*"}
    statement.pop("Condition", None)
    (finding,) = found(replace(stage, resources=resources))
    assert finding.rule == "anybody"


@pytest.mark.parametrize("kind", ["AWS::KMS::Key", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"])
@pytest.mark.parametrize("condition", [None, {"StringEquals": {"aws:PrincipalType": "Service"}}])
def test_a_service_that_may_act_for_anybody_is_found(stage, kind, condition):
    resources = copy.deepcopy(dict(stage.resources))
    documents = [
        (body["Properties"].get("PolicyDocument") or body["Properties"].get("KeyPolicy"))
        for body in resources.values()
        if body["Type"] == kind
    ]
    statements = [each for document in documents for each in document["Statement"] if "Service" in str(each.get("Principal"))]
    assert statements
    assert all("aws:Source" in str(each["Condition"]) for each in statements)
    statements[0]["Condition"] = condition
    (finding,) = found(replace(stage, resources=resources))
    assert (finding.rule, finding.about) == ("any-source", statements[0]["Principal"]["Service"])


def test_a_service_may_take_the_role_that_its_own_account_passes_to_it(stage):
    assert any("Condition" not in str(role["AssumeRolePolicyDocument"]) for _, role in stage.of_type("AWS::IAM::Role"))
    assert found(stage) == []


def test_what_is_accepted_for_one_role_is_not_for_another(synthesis):
    escalation = next(each for each in POLICIES if each.rule == "escalation")
    assert escalation.covers("etl-pipeline-pipeline-dr-validate-validate-role", "escalation", escalation.about)
    assert not escalation.covers("etl-process-chunk", "escalation", escalation.about)
    assert not escalation.covers("etl-pipeline-pipeline-dr-validate-validate-role", "escalation", "iam:PutRolePolicy")


def test_the_source_is_fetched_under_the_name_that_the_connection_has(pipeline):  # D1
    statements = [
        statement
        for name, policy in pipeline.of_type("AWS::IAM::Policy")
        if name.startswith("PipelineSource")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    uses = {action for statement in statements for action in [statement["Action"]] if "UseConnection" in str(action)}
    assert "codeconnections:UseConnection" in uses


def test_the_reference_is_not_older_than_the_services_that_are_used():
    assert dt.date.fromisoformat(reference.version()) >= dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    ("resource", "pattern", "meets"),
    [
        ("arn:aws:s3:::bucket/*", "arn:${Partition}:s3:${Region}:${Account}:accesspoint/${AccessPointName}", False),
        ("arn:aws:s3:::bucket", "arn:${Partition}:s3:::${BucketName}", True),
        ("arn:aws:s3:::bucket/key", "arn:${Partition}:s3:::${BucketName}", False),
        ("arn:aws:s3:::bucket", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:s3:::buck*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:s3:::bucket-?/x", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:sqs:us-east-1:1:q", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}", False),
        ("*", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}", True),
        ("arn:aws:sns:*", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}", True),
        ("", "arn:${Partition}:sns:${Region}:${Account}:${TopicName}", False),
    ],
)
def test_patterns_meet_where_an_arn_is_in_both(resource, pattern, meets):
    assert reference.meet(resource, pattern) is meets
