"""The branches' bootstrap reaches what is named for branches and nothing of main's (D6)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App
from cfnlint.api import lint
from cfnlint.decode.cfn_yaml import load

from pipeline import settings as settings_module
from pipeline.app import build_branch
from pipeline.branches import permissions
from pipeline.gates.rules import NAMES
from pipeline.settings import SettingsError
from pipeline.stack import cdk_cli_version
from pipeline.templates import listed, templates, text
from stages.branch_stage import boundary_name
from tests.infrastructure.policies import allows

TEMPLATE = Path(__file__).resolve().parents[2] / "pipeline" / "branches" / "bootstrap.yml"
ACCOUNT, REGION = "123456789012", "us-east-1"
PARAMETERS = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "Qualifier": "ledgerbr"}
BUCKET = f"cdk-ledgerbr-assets-{ACCOUNT}-{REGION}"


def resolved(value):
    """Functions of the template resolved, as far as it uses them."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        said = value["Fn::Sub"].replace("${StagingBucket.Arn}", f"arn:aws:s3:::{BUCKET}")
        for name, given in PARAMETERS.items():
            said = said.replace(f"${{{name}}}", given)
        return said
    if "Ref" in value:
        return PARAMETERS.get(value["Ref"], f"<{value['Ref']}>")
    if "Fn::GetAtt" in value:
        logical_id = ".".join(value["Fn::GetAtt"]) if isinstance(value["Fn::GetAtt"], list) else value["Fn::GetAtt"]
        return f"arn:aws:s3:::{BUCKET}" if logical_id == "StagingBucket.Arn" else f"<{logical_id}>"
    return {key: resolved(item) for key, item in value.items()}


@pytest.fixture(scope="module")
def bootstrap():
    return resolved(load(str(TEMPLATE)))["Resources"]


@pytest.fixture(scope="module")
def policies(bootstrap):
    """Statements by the policy or role that they are in."""
    found = {}
    for name, resource in bootstrap.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            found[name] = properties["PolicyDocument"]["Statement"]
        if resource["Type"] == "AWS::IAM::Role" and "Policies" in properties:
            found[name] = [statement for policy in properties["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
    assert set(found) == {"Boundary", "ExecutionPolicy", "DeploymentActionRole", "FilePublishingRole"}
    return found


@pytest.fixture(scope="module")
def stage(context, tmp_path_factory):
    directory = tmp_path_factory.mktemp("branch")
    (directory / "layer" / "python").mkdir(parents=True)
    (directory / "layer" / "python" / "library.py").write_text("")
    app = App(context=context, outdir=str(directory / "cdk.out"), analytics_reporting=False)
    target = build_branch(app, settings_module.parse(context), "feature/x", layer_path=directory / "layer")
    app.synth()
    (template,) = templates(directory / "cdk.out", [target.suffix])
    return target, template


#: How a type's name becomes an ARN. The region is left to whoever asks.
ARNS = {
    "AWS::CloudTrail::Trail": "cloudtrail:{place}:trail/{name}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{place}:alarm:{name}",
    "AWS::CloudWatch::Dashboard": "cloudwatch::{account}:dashboard/{name}",
    "AWS::CodeBuild::Project": "codebuild:{place}:project/{name}",
    "AWS::CodePipeline::Pipeline": "codepipeline:{place}:{name}",
    "AWS::DynamoDB::Table": "dynamodb:{place}:table/{name}",
    "AWS::Events::Rule": "events:{place}:rule/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Alias": "kms:{place}:{name}",
    "AWS::Lambda::Function": "lambda:{place}:function:{name}",
    "AWS::Lambda::LayerVersion": "lambda:{place}:layer:{name}",
    "AWS::Logs::LogGroup": "logs:{place}:log-group:{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{place}:{name}",
    "AWS::SQS::Queue": "sqs:{place}:{name}",
    "AWS::SSM::Parameter": "ssm:{place}:parameter{name}",
    "AWS::StepFunctions::StateMachine": "states:{place}:stateMachine:{name}",
}


def arns(template, region):
    """The ARN of every resource of *template* that a policy could name."""
    found = []
    for body in template.resources.values():
        pattern = ARNS.get(body["Type"])
        if pattern is not None:
            name = text(body["Properties"][NAMES[body["Type"]]])
            found.append("arn:aws:" + pattern.format(place=f"{region}:{ACCOUNT}", account=ACCOUNT, name=name))
    return found


def test_no_policy_reaches_anything_of_main_by_name(policies, synthesis):
    mains = [arn for template in synthesis.templates.values() for region in (REGION, "eu-west-1") for arn in arns(template, region)]
    assert len(mains) > 300
    assert "arn:aws:s3:::etl-data-123456789012-us-east-1-prod" in mains
    services = ("s3", "dynamodb", "lambda", "sqs", "sns", "ssm", "states", "logs", "events", "cloudwatch", "cloudtrail", "iam", "kms")
    named = {policy: [statement for statement in statements if statement["Resource"] != "*"] for policy, statements in policies.items()}
    reached = [
        (policy, arn)
        for policy, statements in named.items()
        for arn in mains
        for service in services
        if allows(statements, f"{service}:Anything", arn)
    ]
    assert reached == []


ATTACKS = [
    # What others name goes on behind the resource: a pattern "etl-*-br-*" alone would match each of these.
    ("s3:GetObject", "arn:aws:s3:::etl-data-123456789012-us-east-1-prod/incoming/x-br-y"),
    ("s3:DeleteObjectVersion", "arn:aws:s3:::etl-data-123456789012-us-east-1-prod/a/etl-data-123456789012-us-east-1-br-y"),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/etl-process-chunk-prod:log-stream:x-br-y"),
    ("states:StopExecution", "arn:aws:states:us-east-1:123456789012:execution:etl-workflow-prod:x-br-y"),
    # Another stage, another region, the delivery itself.
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:123456789012:table/etl-tracking-prod"),
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:123456789012:table/etl-tracking-prod-dr"),
    ("cloudformation:DeleteStack", "arn:aws:cloudformation:us-east-1:123456789012:stack/etl-prod/0"),
    ("cloudformation:UpdateStack", "arn:aws:cloudformation:eu-west-1:123456789012:stack/etl-prod-dr/0"),
    ("cloudformation:UpdateStack", "arn:aws:cloudformation:us-east-1:123456789012:stack/etl-pipeline-main/0"),
    ("cloudformation:UpdateStack", "arn:aws:cloudformation:us-east-1:123456789012:stack/CDKToolkit-ledgerbr/0"),
    ("codepipeline:StartPipelineExecution", "arn:aws:codepipeline:us-east-1:123456789012:etl-pipeline-main"),
    ("ssm:PutParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/etl/prod/chunk-bytes"),
    # The ways out of the cage.
    ("sts:AssumeRole", "arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-us-east-1"),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"),
    ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/etl-workflow-prod"),
    ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/cdk-ledgerbr-boundary-123456789012-us-east-1"),
    ("iam:DeleteRolePermissionsBoundary", "arn:aws:iam::123456789012:role/etl-workflow-br-x-01234567"),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/etl-x-br-y"),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/codebuild/etl-synth-main:log-stream:x"),
]


@pytest.mark.parametrize(("action", "resource"), ATTACKS)
def test_what_would_leave_the_branch_is_refused_even_where_conditions_hold(policies, action, resource):
    for policy, statements in policies.items():
        assert not allows(statements, action, resource, holds=lambda _: True), policy


WITHIN_REACH = [
    ({"suffix": "prod-br-1"}, "dynamodb:DeleteTable", "dynamodb:us-east-1:123456789012:table/etl-tracking-prod-br-1"),
    ({"suffix": "a-br-b"}, "lambda:UpdateFunctionCode", "lambda:us-east-1:123456789012:function:etl-process-chunk-a-br-b"),
    ({"suffix": "br-x"}, "cloudformation:DeleteStack", "cloudformation:us-east-1:123456789012:stack/etl-br-x/0"),
    ({"name": "Br"}, "iam:UpdateAssumeRolePolicy", "iam::123456789012:role/etl-validate-br-main"),
]


@pytest.mark.parametrize(("changed", "action", "resource"), WITHIN_REACH)
def test_a_target_that_branches_would_reach_is_refused_by_the_settings(policies, context, changed, action, resource):
    assert any(allows(statements, action, f"arn:aws:{resource}") for statements in policies.values())
    primary, *others = context["ledgerline"]["targets"]
    targets = [{**primary, **changed}, *others]
    with pytest.raises(SettingsError, match="which is for branches"):
        settings_module.parse({**context, "ledgerline": {**context["ledgerline"], "targets": targets}})


def test_a_role_is_made_with_the_boundary_or_not_at_all(policies):
    role = "arn:aws:iam::123456789012:role/etl-workflow-br-x-01234567"

    def bounded(condition):
        return condition == {"StringEquals": {"iam:PermissionsBoundary": "<Boundary>"}}

    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        assert not allows(policies["ExecutionPolicy"], action, role)
        assert allows(policies["ExecutionPolicy"], action, role, holds=bounded)


def test_keys_are_told_apart_by_their_tags(policies):
    """A key has no name. One of main's can neither be used nor be given the tag of a branch."""
    key = "arn:aws:kms:us-east-1:123456789012:key/0"

    def is_mains(condition):
        tagged = {"StringEquals": {"aws:ResourceTag/Project": "ETL"}, "Null": {"aws:ResourceTag/Stage": "true"}}
        return condition in (tagged, {"Null": {"aws:RequestTag/Stage": "false"}})

    def is_a_branchs(condition):
        return condition == {"Null": {"aws:ResourceTag/Stage": "false"}}

    for policy in ("Boundary", "ExecutionPolicy"):
        assert not allows(policies[policy], "kms:Decrypt", key, holds=is_mains)
        assert allows(policies[policy], "kms:Decrypt", key, holds=is_a_branchs)
    assert not allows(policies["ExecutionPolicy"], "kms:TagResource", key, holds=is_mains)
    assert allows(policies["ExecutionPolicy"], "kms:ScheduleKeyDeletion", key, holds=is_a_branchs)


def test_the_keys_of_services_are_used_by_their_services_alone(policies):
    """They bear no tag; a key of main does, and stays out of reach by whatever way it is asked for."""
    key = "arn:aws:kms:us-east-1:123456789012:key/0"
    services = {"StringEquals": {"kms:ViaService": ["dynamodb.us-east-1.amazonaws.com", "lambda.us-east-1.amazonaws.com"]}}
    mains = {"StringEquals": {"aws:ResourceTag/Project": "ETL"}, "Null": {"aws:ResourceTag/Stage": "true"}}
    assert not allows(policies["Boundary"], "kms:Decrypt", key)
    assert allows(policies["Boundary"], "kms:Decrypt", key, holds=lambda condition: condition == services)
    assert not allows(policies["Boundary"], "kms:Decrypt", key, holds=lambda condition: condition in (services, mains))


def test_everything_is_allowed_on_nothing_but_listings_and_deliveries_of_logs(policies):
    unnamed = {
        action
        for statements in policies.values()
        for statement in statements
        if statement["Effect"] == "Allow" and statement["Resource"] == "*" and "Condition" not in statement
        for action in listed(statement["Action"])
    }
    harmless = ("Describe", "Get", "List", "Validate")
    assert {action for action in unnamed if not action.partition(":")[2].startswith(harmless)} == {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


def test_cloudformation_may_make_and_delete_every_named_resource_of_a_branch(policies, stage):
    """The services' own names for it differ; that all actions of a service are allowed on the name is what is asked."""
    _, template = stage
    exceptions = {"iam", "kms", "logs"}  # each action by itself, in other tests and below
    refused = [
        arn
        for arn in arns(template, REGION)
        if arn.split(":")[2] not in exceptions and not allows(policies["ExecutionPolicy"], f"{arn.split(':')[2]}:Anything", arn)
    ]
    assert refused == []
    for arn in arns(template, REGION):
        service = arn.split(":")[2]
        wanted = {"iam": "iam:DeleteRole", "kms": "kms:CreateAlias", "logs": "logs:DeleteLogGroup"}.get(service)
        if wanted is not None:
            assert allows(policies["ExecutionPolicy"], wanted, arn), arn


def test_who_deploys_a_branch_may_read_what_its_template_takes_from_ssm(policies, stage):
    """CloudFormation reads it with the rights of whoever makes the change set."""
    _, template = stage
    declared = json.loads(template.path.read_text())["Parameters"].values()
    read = [parameter["Default"] for parameter in declared if parameter["Type"].startswith("AWS::SSM::Parameter::Value<")]
    assert read == ["/cdk-bootstrap/ledgerbr/version"]
    for name in read:
        arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"
        assert allows(policies["DeploymentActionRole"], "ssm:GetParameters", arn)


def test_the_boundary_lets_every_role_of_a_branch_do_its_work(policies, stage):
    """A role can do what its policy and the boundary allow: nothing that the stage grants may be missing there."""
    _, template = stage
    missing = [
        (statement.get("Sid"), action, resource)
        for statement in _granted(template)
        for action in listed(statement["Action"])
        for resource in _resources(template, statement)
        if not allows(policies["Boundary"], action, resource, holds=lambda condition: "StringEquals" not in condition)
    ]
    assert missing == []


def test_the_stage_asks_for_the_boundary_that_the_bootstrap_makes(bootstrap, stage):
    target, _ = stage
    assert bootstrap["Boundary"]["Properties"]["ManagedPolicyName"] == boundary_name(target)


def test_builds_assume_the_bootstraps_roles_by_their_names(bootstrap, context):
    settings = settings_module.parse(context)
    names = {resource["Properties"]["RoleName"] for resource in bootstrap.values() if resource["Type"] == "AWS::IAM::Role"}
    (statement,) = [found for found in permissions.deployment(settings.pipeline, settings.branches) if found.sid == "AssumeBranchRoles"]
    assumed = {arn.partition("role/")[2] for arn in statement.resources}
    assert assumed == names - {f"cdk-ledgerbr-cfn-exec-role-{ACCOUNT}-{REGION}"}


def test_the_staging_bucket_is_private_and_refuses_plain_http(bootstrap):
    bucket = bootstrap["StagingBucket"]["Properties"]
    assert bucket["BucketName"] == BUCKET
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = bootstrap["StagingBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_no_asset_expires_by_its_age(bootstrap):
    """Its name is its content, it is uploaded once, and whichever branch is newest may use the oldest."""
    rules = bootstrap["StagingBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    current = {"ExpirationInDays", "ExpirationDate", "Transition", "Transitions"}
    assert [rule["Id"] for rule in rules if current & rule.keys() or rule["Status"] != "Enabled"] == []
    assert any(rule.get("NoncurrentVersionExpiration") == {"NoncurrentDays": 30} for rule in rules)


#: What `cdk bootstrap` of the pinned version gives every template, with the options of docs/setup.md; tests/unit/local/test_bootstraps.py
#: sees it do so.
SENT = {"Qualifier": "ledgerbr", "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY", "PublicAccessBlockConfiguration": "true"}


def test_every_parameter_that_the_cli_gives_is_declared_and_allowed():
    assert cdk_cli_version() == "2.1148.1", "another version may give others: look, and change SENT"
    declared = load(str(TEMPLATE))["Parameters"]
    assert set(declared) == set(SENT), "CloudFormation refuses one that is not declared"
    for name, value in SENT.items():
        assert value in declared[name].get("AllowedValues", [value])
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value)


def test_nobody_can_have_the_staging_bucket_otherwise():
    declared = load(str(TEMPLATE))["Parameters"]
    assert {name: body.get("AllowedValues") for name, body in declared.items()} == {
        "Qualifier": None,
        "FileAssetsBucketKmsKeyId": ["AWS_MANAGED_KEY"],
        "PublicAccessBlockConfiguration": ["true"],
    }


def test_cfn_lint_has_nothing_to_say_but_that_two_of_them_change_nothing():
    found = lint(TEMPLATE.read_text(encoding="utf-8"), regions=[REGION])
    assert {(match.rule.id, match.path[-1]) for match in found} == {("W2001", name) for name in SENT if name != "Qualifier"}


def test_the_policies_fit_what_iam_stores(policies):
    for name in ("Boundary", "ExecutionPolicy"):
        assert len(json.dumps(policies[name], separators=(",", ":"))) < 6_144


def _granted(template):
    for _, policy in template.of_type("AWS::IAM::Policy"):
        yield from (statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow")


def _resources(template, statement):
    """ARNs of a statement, references put in; the asterisks of a grant stand for themselves."""
    for resource in listed(statement["Resource"]):
        said = text(resource).replace("<StackId>", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{template.stack_name}/0")
        for name, body in template.resources.items():
            if f"<{name}" in said:
                own = NAMES.get(body["Type"])
                physical = text(body["Properties"][own]) if own else "0"
                kind = ARNS.get(body["Type"], "kms:{place}:key/{name}")
                arn = "arn:aws:" + kind.format(place=f"{REGION}:{ACCOUNT}", account=ACCOUNT, name=physical)
                said = said.replace(f"<{name}.Arn>", arn + (":*" if body["Type"] == "AWS::Logs::LogGroup" else ""))
                said = said.replace(
                    f"<{name}>", arn if body["Type"] in ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine") else physical
                )
        if "logs:PutLogEvents" in listed(statement["Action"]) and "log-group:" in said:
            yield said.removesuffix(":*") + ":log-stream:2026/11/20/x[$LATEST]0"
        else:
            yield said
