"""The review and the approval before a target that a person decides on (D5)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from aws_cdk import App

from pipeline import settings as settings_module
from pipeline.app import build
from pipeline.approval import SUMMARY_VARIABLE, URL_VARIABLE
from tests.infrastructure.reading import allowed, only

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def actions(pipeline):
    """Actions of the DR stage by name."""
    delivery = only(pipeline, "AWS::CodePipeline::Pipeline")[1]
    (stage,) = [stage for stage in delivery["Stages"] if stage["Name"] == "Dr"]
    return {action["Name"]: action for action in stage["Actions"]}


@pytest.fixture(scope="module")
def project(pipeline, actions):
    return pipeline.resources[actions["Review"]["Configuration"]["ProjectName"]["Ref"]]["Properties"]


def test_the_review_comes_before_the_approval_and_that_before_any_change(actions):
    assert sorted(actions, key=lambda name: actions[name]["RunOrder"])[:3] == ["Review", "Approve", "etl-prod-dr.Prepare"]


def test_a_target_without_approval_has_no_review(pipeline):
    delivery = only(pipeline, "AWS::CodePipeline::Pipeline")[1]
    (stage,) = [stage for stage in delivery["Stages"] if stage["Name"] == "Primary"]
    assert {action["Name"] for action in stage["Actions"]} == {"etl-prod.Prepare", "etl-prod.Deploy", "Validate"}


def test_the_approval_shows_the_reviews_summary_and_links_the_review(actions):
    namespace, asked = actions["Review"]["Namespace"], actions["Approve"]["Configuration"]
    assert asked["ExternalEntityLink"] == f"#{{{namespace}.{URL_VARIABLE}}}"
    assert asked["CustomData"].endswith(f"#{{{namespace}.{SUMMARY_VARIABLE}}}")
    assert "eu-west-1" in asked["CustomData"]


def test_the_approval_tells_the_topic_of_the_delivery(pipeline, actions):
    topic, _ = only(pipeline, "AWS::SNS::Topic", TopicName="etl-delivery-main")
    assert actions["Approve"]["ActionTypeId"]["Category"] == "Approval"
    assert actions["Approve"]["Configuration"]["NotificationArn"] == {"Ref": topic}


def test_the_build_exports_what_the_approval_reads(project):
    spec = json.loads(project["Source"]["BuildSpec"])
    assert sorted(spec["env"]["exported-variables"]) == sorted([URL_VARIABLE, SUMMARY_VARIABLE])
    exported = spec["phases"]["build"]["commands"][-1]
    assert exported.startswith("export ")
    assert all(f"{name}=" in exported for name in (URL_VARIABLE, SUMMARY_VARIABLE))


def test_the_script_of_the_commit_is_what_runs():
    spec = yaml.safe_load((ROOT / "buildspec" / "review.yml").read_text())
    assert spec["phases"]["build"]["commands"][0] == "bash buildspec/review.sh"


def test_the_review_sees_source_and_assembly(actions, project):
    inputs = [artifact["Name"] for artifact in actions["Review"]["InputArtifacts"]]
    assert inputs == ["example_ledgerline_Source", "Synth_Output"]
    assert actions["Review"]["Configuration"]["PrimarySource"] == "example_ledgerline_Source"
    install = " ".join(json.loads(project["Source"]["BuildSpec"])["phases"]["install"]["commands"])
    assert '"$CODEBUILD_SRC_DIR_Synth_Output" "assembly"' in install


def test_the_script_is_told_which_stage_and_where_the_review_goes(project):
    given = {variable["Name"]: variable["Value"] for variable in project["Environment"]["EnvironmentVariables"]}
    assert given == {
        "LEDGERLINE_STAGE": "prod-dr",
        "LEDGERLINE_REGION": "eu-west-1",
        "LEDGERLINE_BUCKET": "etl-pipe-123456789012-us-east-1-main",
        "LEDGERLINE_PREFIX": "reviews/prod-dr",
    }


def test_the_review_may_read_one_stack_and_write_its_own_reviews(pipeline, project):
    role = pipeline.resources[project["ServiceRole"]["Fn::GetAtt"][0]]["Properties"]["RoleName"]
    grants = allowed(pipeline, role)
    assert grants["ReadTemplate"] == (
        {"cloudformation:DescribeStacks", "cloudformation:GetTemplate"},
        {"arn:aws:cloudformation:eu-west-1:123456789012:stack/etl-prod-dr/*"},
    )
    assert grants["PublishReview"] == ({"s3:PutObject"}, {"arn:aws:s3:::etl-pipe-123456789012-us-east-1-main/reviews/prod-dr/*"})
    reads = {"s3:Get", "s3:Lis", "kms:De", "cloudf"}
    others = {action for name, (actions, _) in grants.items() if name != "PublishReview" for action in actions}
    assert not {action for action in others if action[:6] not in reads and not action.startswith(("logs:", "codebuild:"))}


@pytest.mark.parametrize(("commit", "metadata"), [("a" * 40, {"Commit": "a" * 40}), (None, None)])
def test_a_stages_template_says_its_commit_where_that_is_known(context, tmp_path, commit, metadata):
    (tmp_path / "layer" / "python").mkdir(parents=True)
    app = App(context=context, outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    build(app, settings_module.parse(context), layer_path=tmp_path / "layer", commit=commit)
    for stage in ("Primary", "Dr"):
        template = app.node.find_child(stage).etl
        assert template.template_options.metadata == metadata
    pipeline_stack = app.node.find_child("Pipeline")
    assert pipeline_stack.template_options.metadata is None, "a commit alone must not mutate the pipeline"
