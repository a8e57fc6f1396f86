"""Targets in other accounts: which roles act there, whom those trust, and what opens the artifacts (D9)."""

from __future__ import annotations

import json

import pytest

from pipeline.accounts import keyed_regions
from pipeline.templates import listed, text
from tests.infrastructure.conftest import OTHER_ACCOUNT
from tests.infrastructure.reading import allowed, only

HOME = "123456789012"
PLACES = {"Partner": ("us-east-1", "partner"), "Dr": ("eu-west-1", "prod-dr")}
FOREIGN = sorted(PLACES)
#: The target beside the pipeline takes its artifacts from the same bucket.
DEPLOYED_FROM = {"etl-pipeline-main": [f"arn:aws:iam::{HOME}:role/cdk-hnb659fds-deploy-role-{HOME}-us-east-1"]}
#: Characters of all inline policies of a role, blanks aside.
INLINE_POLICIES = 10_240


@pytest.fixture(scope="module")
def pipeline(accounts):
    return accounts.pipeline


def delivery(template):
    return only(template, "AWS::CodePipeline::Pipeline")[1]


def actions(template, stage):
    (found,) = [entry["Actions"] for entry in delivery(template)["Stages"] if entry["Name"] == stage]
    return {action["Name"].rpartition(".")[2]: action for action in found}


def bootstrap(name, purpose):
    region, _ = PLACES[name]
    return f"arn:aws:iam::{OTHER_ACCOUNT}:role/cdk-hnb659fds-{purpose}-role-{OTHER_ACCOUNT}-{region}"


def arn(value):
    return text(value).replace("<Partition>", "aws")


def role_of(template, action):
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    return template.resources[project["ServiceRole"]["Fn::GetAtt"][0]]["Properties"]["RoleName"]


def variables(template, action):
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    return {variable["Name"]: variable["Value"] for variable in project["Environment"]["EnvironmentVariables"]}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_target_is_deployed_by_the_roles_that_its_accounts_bootstrap_made(pipeline, name):
    for action in (actions(pipeline, name)["Prepare"], actions(pipeline, name)["Deploy"]):
        assert arn(action["RoleArn"]) == bootstrap(name, "deploy")
    assert arn(actions(pipeline, name)["Prepare"]["Configuration"]["RoleArn"]) == bootstrap(name, "cfn-exec")
    assumed = {arn(role) for role in allowed(pipeline, "etl-pipeline-main")["sts:AssumeRole"][1]}
    assert bootstrap(name, "deploy") in assumed


def test_assets_are_published_into_each_account_by_its_bootstraps_role(accounts, pipeline):
    role = next(role["RoleName"] for _, role in pipeline.of_type("AWS::IAM::Role") if "assets-file-role" in role["RoleName"])
    assumed = {arn(role) for role in allowed(pipeline, role)["sts:AssumeRole"][1]}
    assert assumed >= {bootstrap(name, "file-publishing") for name in FOREIGN}
    published = "".join(path.read_text() for path in accounts.directory.glob("buildspec-*.yaml"))
    assert all(f"{OTHER_ACCOUNT}-{region}" in published for region, _ in PLACES.values())


def test_regions_with_a_target_of_another_account_have_a_key_and_no_others(accounts, synthesis):
    kinds = {"etl-pipeline-main": 2, "etl-pipe-eu-west-1-main": 1, "etl-prod": 1, "etl-partner": 1, "etl-prod-dr": 1}
    assert {name: len(list(template.of_type("AWS::KMS::Key"))) for name, template in accounts.templates.items()} == kinds
    assert list(synthesis.templates["etl-pipe-eu-west-1-main"].of_type("AWS::KMS::Key")) == []
    assert len(list(synthesis.pipeline.of_type("AWS::KMS::Key"))) == 1, "the topic's"
    settings = accounts.settings
    assert keyed_regions(settings.targets[:2], settings.pipeline) == {"us-east-1"}
    assert keyed_regions(settings.targets[::2], settings.pipeline) == {"eu-west-1"}


@pytest.mark.parametrize(("stack", "name"), [("etl-pipeline-main", "Partner"), ("etl-pipe-eu-west-1-main", "Dr")])
def test_the_key_of_artifacts_is_read_by_the_targets_deploy_role_and_goes_with_its_stack(accounts, stack, name):
    template = accounts.templates[stack]
    _, alias = only(template, "AWS::KMS::Alias", AliasName="alias/etl-pipe-main")
    key = template.resources[alias["TargetKeyId"]["Fn::GetAtt"][0]]
    assert (key["DeletionPolicy"], key["Properties"]["PendingWindowInDays"], key["Properties"]["EnableKeyRotation"]) == ("Delete", 7, True)
    granted = {
        (arn(principal), *listed(statement["Action"]))
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        for principal in listed(statement["Principal"]["AWS"])
    }
    readers = [bootstrap(name, "deploy"), *DEPLOYED_FROM.get(stack, [])]
    assert granted == {(f"arn:aws:iam::{HOME}:root", "kms:*"), *((role, "kms:Decrypt", "kms:DescribeKey") for role in readers)}


@pytest.mark.parametrize(("stack", "name"), [("etl-pipeline-main", "Partner"), ("etl-pipe-eu-west-1-main", "Dr")])
def test_a_bucket_of_artifacts_is_read_from_the_other_account_by_that_role_alone(accounts, stack, name):
    template = accounts.templates[stack]
    bucket, _ = only(template, "AWS::S3::Bucket")
    (policy,) = [properties for _, properties in template.of_type("AWS::S3::BucketPolicy") if properties["Bucket"] == {"Ref": bucket}]
    others = {
        (arn(principal), tuple(statement["Action"]))
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for principal in listed(statement["Principal"]["AWS"])
        if OTHER_ACCOUNT in json.dumps(principal)
    }
    assert others == {(bootstrap(name, "deploy"), ("s3:GetBucket*", "s3:GetObject*", "s3:List*"))}


def test_the_pipeline_uses_no_key_of_another_region_but_that_of_its_artifacts(pipeline):
    role_id, _ = only(pipeline, "AWS::IAM::Role", RoleName="etl-pipeline-main")
    uses = {
        text(resource): statement.get("Condition")
        for _, policy in pipeline.of_type("AWS::IAM::Policy")
        if {"Ref": role_id} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    key = only(pipeline, "AWS::KMS::Alias", AliasName="alias/etl-pipe-main")[1]["TargetKeyId"]
    named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/etl-pipe-main"}}
    assert uses == {text(key): None, f"arn:aws:kms:eu-west-1:{HOME}:key/*": named}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("kind", ["validation", "drift"])
def test_a_role_of_the_stage_trusts_one_role_of_the_delivery(accounts, pipeline, name, kind):
    _, suffix = PLACES[name]
    _, role = only(accounts.templates[f"etl-{suffix}"], "AWS::IAM::Role", RoleName=f"etl-{kind}-{suffix}")
    trusted = role_of(pipeline, actions(pipeline, name)["Validate"]) if kind == "validation" else "etl-drift-main"
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{HOME}:root"}
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{HOME}:role/{trusted}"}}


@pytest.mark.parametrize("name", FOREIGN)
def test_the_delivery_may_assume_those_roles_and_does_nothing_there_itself(accounts, pipeline, name):
    _, suffix = PLACES[name]
    validate = actions(pipeline, name)["Validate"]
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/etl-validation-{suffix}"
    grants = allowed(pipeline, role_of(pipeline, validate))
    assert grants.pop("ActInTargetAccount") == ({"sts:AssumeRole"}, {role})
    assert variables(pipeline, validate)["LEDGERLINE_ROLE_ARN"] == role
    assert not [resource for _, resources in grants.values() for resource in resources if OTHER_ACCOUNT in resource]
    drift = allowed(pipeline, "etl-drift-main")
    assert drift.pop("ActInTargetAccount")[1] == {f"arn:aws:iam::{OTHER_ACCOUNT}:role/etl-drift-{suffix}" for _, suffix in PLACES.values()}
    assert not [resource for _, resources in drift.values() for resource in resources if OTHER_ACCOUNT in resource]


def elsewhere(grants):
    """What is allowed on DR in the pipeline's account, as it reads for DR in the other one."""
    moved = {
        sid: (granted, {resource.replace(HOME, OTHER_ACCOUNT) for resource in resources}) for sid, (granted, resources) in grants.items()
    }
    return {
        sid: grant
        for sid, grant in moved.items()
        if not any("report-group" in resource or "Artifacts" in resource for resource in grant[1])
    }


def test_validation_may_do_there_what_it_may_do_here(synthesis, accounts):  # D4, D7
    role = role_of(synthesis.pipeline, actions(synthesis.pipeline, "Dr")["Validate"])
    here = {
        sid: grant for sid, grant in elsewhere(allowed(synthesis.pipeline, role)).items() if not sid.startswith(("logs:", "codebuild:"))
    }
    assert len(here) >= 14
    assert allowed(accounts.templates["etl-prod-dr"], "etl-validation-prod-dr") == here


def test_drift_may_read_there_what_it_may_read_here(synthesis, accounts):  # D10
    here = {sid: actions for sid, (actions, _) in allowed(synthesis.pipeline, "etl-drift-main").items() if sid.startswith("Read")}
    there = allowed(accounts.templates["etl-prod-dr"], "etl-drift-prod-dr")
    assert {sid: actions for sid, (actions, _) in there.items()} == here
    assert {resource for _, resources in there.values() for resource in resources if HOME in resource or "us-east-1" in resource} == set()


@pytest.mark.parametrize("name", FOREIGN)
def test_the_roles_of_a_stage_are_there_before_it_is_checked_and_fit_their_limit(accounts, name):
    template = accounts.templates[f"etl-{PLACES[name][1]}"]
    (check,) = [body for body in template.resources.values() if body["Type"] == "Custom::DeploymentCheck"]
    for kind in ("Drift", "Validation"):
        (role_id,) = [logical for logical, _ in template.of_type("AWS::IAM::Role") if logical.startswith(f"Delegations{kind}")]
        assert role_id in check["DependsOn"]
        documents = [policy["PolicyDocument"] for _, policy in template.of_type("AWS::IAM::Policy") if {"Ref": role_id} in policy["Roles"]]
        documents += [policy["PolicyDocument"] for policy in template.resources[role_id]["Properties"]["Policies"]]
        assert sum(len(json.dumps(document, separators=(",", ":"))) for document in documents) <= INLINE_POLICIES


@pytest.mark.parametrize("name", FOREIGN)
def test_a_review_reads_by_the_role_that_is_there_before_the_first_deployment(pipeline, name):  # D5
    review = actions(pipeline, name)["Review"]
    grants = allowed(pipeline, role_of(pipeline, review))
    assert grants["ActInTargetAccount"] == ({"sts:AssumeRole"}, {bootstrap(name, "lookup")})
    assert "ReadTemplate" not in grants
    assert variables(pipeline, review)["LEDGERLINE_ROLE_ARN"] == bootstrap(name, "lookup")
    assert grants["PublishReview"][1] == {f"arn:aws:s3:::etl-pipe-{HOME}-us-east-1-main/reviews/{PLACES[name][1]}/*"}


def test_a_stage_beside_the_pipeline_has_no_such_roles(synthesis, accounts):
    for template in (*synthesis.templates.values(), accounts.templates["etl-prod"]):
        assert not [logical for logical in template.resources if logical.startswith("Delegations")]
    assert "LEDGERLINE_ROLE_ARN" not in json.dumps(dict(synthesis.pipeline.resources))
    assert variables(accounts.pipeline, actions(accounts.pipeline, "Primary")["Validate"]) == {"LEDGERLINE_REGION": "us-east-1"}


def test_the_drift_build_is_told_by_which_role_to_ask(pipeline):
    _, project = only(pipeline, "AWS::CodeBuild::Project", Name="etl-drift-main")
    (stages,) = [
        variable["Value"] for variable in project["Environment"]["EnvironmentVariables"] if variable["Name"] == "LEDGERLINE_STAGES"
    ]
    assert stages.split() == [
        "prod=us-east-1",
        f"partner=us-east-1=arn:aws:iam::{OTHER_ACCOUNT}:role/etl-drift-partner",
        f"prod-dr=eu-west-1=arn:aws:iam::{OTHER_ACCOUNT}:role/etl-drift-prod-dr",
    ]
