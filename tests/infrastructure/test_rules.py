"""Every rule holds in every template, and every rule notices when it does not (E4, E8, E10, E13 to E16, E18)."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from pipeline.gates import rules
from pipeline.templates import NoAssembly, listed, templates


def test_every_stack_is_there(synthesis):
    assert set(synthesis.templates) == {"etl-pipeline-main", "etl-pipe-eu-west-1-main", "etl-prod", "etl-prod-dr"}  # D1, D3


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_template_keeps_the_rule(walked, rule):
    assert [breach for template in walked.templates.values() for breach in rule(template)] == []


def drop(*path):
    def damage(body):
        for key in path[:-1]:
            body = body[key]
        del body[path[-1]]

    return damage


def put(value, *path):
    def damage(body):
        for key in path[:-1]:
            body = body[key] if isinstance(body, list) else body.setdefault(key, {})
        body[path[-1]] = value

    return damage


ACTION = ("Properties", "Stages", 1, "Actions", 0, "Configuration")
DAMAGES = [
    (rules.roles_deny_deletion, "AWS::IAM::Role", drop("Properties", "Policies", -1)),
    (rules.resources_are_tagged, "AWS::Lambda::Function", put([{"Key": "Project", "Value": "ETL"}], "Properties", "Tags")),
    (rules.resources_are_tagged, "AWS::SQS::Queue", drop("Properties", "Tags")),
    (rules.resources_are_tagged, "AWS::SSM::Parameter", put({"Environment": "Production"}, "Properties", "Tags")),
    (rules.names_end_in_suffix, "AWS::SNS::Topic", drop("Properties", "TopicName")),
    (rules.names_end_in_suffix, "AWS::IAM::Policy", put("Default", "Properties", "PolicyName")),
    (rules.names_end_in_suffix, "AWS::SNS::Topic", put("AWS::New::Type", "Type")),
    (rules.logs_are_kept_30_days, "AWS::Logs::LogGroup", put(731, "Properties", "RetentionInDays")),
    (rules.logs_are_kept_30_days, "AWS::Lambda::Function", drop("Properties", "LoggingConfig")),
    (rules.logs_are_kept_30_days, "AWS::Lambda::Function", put("Text", "Properties", "LoggingConfig", "LogFormat")),
    (rules.logs_are_kept_30_days, "AWS::CodeBuild::Project", drop("Properties", "LogsConfig")),
    (rules.logs_are_kept_30_days, "AWS::StepFunctions::StateMachine", drop("Properties", "LoggingConfiguration")),
    (rules.nothing_outlives_its_stack, "AWS::S3::Bucket", put("Retain", "DeletionPolicy")),
    (rules.nothing_outlives_its_stack, "AWS::DynamoDB::Table", put("Snapshot", "UpdateReplacePolicy")),
    (rules.nothing_outlives_its_stack, "AWS::DynamoDB::Table", put(True, "Properties", "DeletionProtectionEnabled")),
    (rules.nothing_outlives_its_stack, "Custom::S3AutoDeleteObjects", put({"Ref": "Other"}, "Properties", "BucketName")),
    (rules.functions_are_sized_and_traced, "AWS::Lambda::Function", put(1024, "Properties", "MemorySize")),
    (rules.functions_are_sized_and_traced, "AWS::Lambda::Function", put(60, "Properties", "Timeout")),
    (rules.functions_are_sized_and_traced, "AWS::Lambda::Function", drop("Properties", "TracingConfig")),
    (rules.functions_are_sized_and_traced, "AWS::StepFunctions::StateMachine", drop("Properties", "TracingConfiguration")),
    (rules.stores_are_encrypted, "AWS::S3::Bucket", drop("Properties", "BucketEncryption")),
    (rules.stores_are_encrypted, "AWS::SQS::Queue", drop("Properties", "SqsManagedSseEnabled")),
    (rules.stores_are_encrypted, "AWS::SNS::Topic", drop("Properties", "KmsMasterKeyId")),
    (rules.stores_are_encrypted, "AWS::DynamoDB::Table", drop("Properties", "SSESpecification")),
    (rules.stores_are_encrypted, "AWS::KMS::Key", put(False, "Properties", "EnableKeyRotation")),
    (rules.plain_http_is_refused, "AWS::S3::BucketPolicy", put([], "Properties", "PolicyDocument", "Statement")),
    (rules.plain_http_is_refused, "AWS::SQS::QueuePolicy", put([], "Properties", "PolicyDocument", "Statement")),
    (rules.plain_http_is_refused, "AWS::SNS::TopicPolicy", put([], "Properties", "PolicyDocument", "Statement")),
    (rules.buckets_are_private, "AWS::S3::Bucket", drop("Properties", "PublicAccessBlockConfiguration")),
    (rules.actions_are_short_enough, "AWS::CodePipeline::Pipeline", put("x" * 1001, *ACTION, "EnvironmentVariables")),
    (rules.actions_are_short_enough, "AWS::CodePipeline::Pipeline", put({"Fn::Join": ["", ["x" * 999, {"Ref": "X"}, "xx"]]}, *ACTION, "X")),
    (rules.actions_are_short_enough, "AWS::CodePipeline::Pipeline", put("", *ACTION, "x" * 51)),
]


@pytest.mark.parametrize(("rule", "resource_type", "damage"), DAMAGES, ids=lambda value: getattr(value, "__name__", value))
def test_a_rule_notices_what_breaks_it_and_no_other_does(synthesis, rule, resource_type, damage):
    template = next(each for each in (synthesis.stage, synthesis.pipeline) if any(each.of_type(resource_type)))
    resources = copy.deepcopy(dict(template.resources))
    broken = next(name for name, body in resources.items() if body["Type"] == resource_type)
    damage(resources[broken])
    damaged = replace(template, resources=resources)
    assert [each for each in rules.RULES if list(each(damaged))] == [rule]


def test_no_rule_is_without_a_test_that_breaks_it():
    assert {rule for rule, _, _ in DAMAGES} == set(rules.RULES)


def test_a_deny_with_a_condition_is_no_deny(stage):
    resources = copy.deepcopy(dict(stage.resources))
    role = next(body for body in resources.values() if body["Type"] == "AWS::IAM::Role")
    role["Properties"]["Policies"][-1]["PolicyDocument"]["Statement"][0]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    assert len(list(rules.roles_deny_deletion(replace(stage, resources=resources)))) == 1


@pytest.mark.parametrize(("stack", "role_name"), [("etl-prod", "etl-process-chunk-prod"), ("etl-pipeline-main", "etl-drift-main")])
def test_roles_of_functions_and_builds_may_not_make_log_groups_that_outlive_them(synthesis, stack, role_name):  # E14
    template = synthesis.templates[stack]
    resources = copy.deepcopy(dict(template.resources))
    (role,) = [body for body in resources.values() if body.get("Properties", {}).get("RoleName") == role_name]
    role["Properties"]["Policies"][-1]["PolicyDocument"]["Statement"].pop()
    (breach,) = rules.roles_deny_deletion(replace(template, resources=resources))
    assert "logs:CreateLogGroup" in breach


@pytest.mark.parametrize(
    "change",
    [{"Action": "xray:PutTelemetryRecords"}, {"Effect": "Deny"}, {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}],
    ids=lambda change: next(iter(change)),
)
def test_a_role_that_may_not_send_the_traces_it_is_to_send_is_noticed(stage, change):  # E18: Lambda refuses to create such a function
    resources = copy.deepcopy(dict(stage.resources))
    for body in resources.values():
        own = body.get("Properties", {})
        for policy in [own, *own.get("Policies", [])]:
            for statement in policy.get("PolicyDocument", {}).get("Statement", []):
                if "xray:PutTraceSegments" in listed(statement["Action"]):
                    statement.update(change)
    traced = {name for name, body in resources.items() if body["Type"] in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")}
    assert {breach.split(":")[0] for breach in rules.functions_are_sized_and_traced(replace(stage, resources=resources))} == traced


def test_a_directory_without_an_assembly_is_a_readable_error(tmp_path):
    with pytest.raises(NoAssembly, match=r"run pipeline_app\.py first"):
        templates(tmp_path, ["prod"])
