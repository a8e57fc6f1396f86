"""What only a deployed stage shows of the local machinery: it runs what the templates say, and it goes without a trace."""

from __future__ import annotations

import json

import pytest

from local.emulator import ROOT
from local.gaps.accepted_types import ACCEPTED
from tests.e2e.deployed import DeployedStage

pytestmark = pytest.mark.e2e


def test_functions_run_under_the_python_of_their_template(stage: DeployedStage) -> None:
    functions = stage.client("lambda").list_functions()["Functions"]
    runtimes = {function["FunctionName"]: function["Runtime"] for function in functions if function["Runtime"].startswith("python")}
    assert set(runtimes) == set(stage.outputs["FunctionNames"].split(","))
    assert set(runtimes.values()) == {f"python{stage.runtime}"}


def test_bucket_and_table_have_what_their_template_gives_them(stage: DeployedStage) -> None:
    """E3, E4, E10: the emulator's own handlers drop these."""
    s3 = stage.client("s3")
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=stage.bucket)["TagSet"]}
    assert tags.items() >= {"Environment": "Production", "Project": "ETL"}.items()
    rules = s3.get_bucket_lifecycle_configuration(Bucket=stage.bucket)["Rules"]
    assert [rule["Transitions"] for rule in rules if rule["Filter"] == {"Prefix": "processed/"}] == [
        [{"Days": 30, "StorageClass": "GLACIER"}]
    ]
    assert s3.get_bucket_versioning(Bucket=stage.bucket)["Status"] == "Enabled"
    assert s3.get_bucket_logging(Bucket=stage.bucket)["LoggingEnabled"]["TargetBucket"]
    backups = stage.client("dynamodb").describe_continuous_backups(TableName=stage.table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_guide_names_what_this_stage_has_without_effect(stage: DeployedStage) -> None:
    template = stage.client("cloudformation").get_template(StackName=f"etl-{stage.suffix}")["TemplateBody"]
    resources = (template if isinstance(template, dict) else json.loads(template))["Resources"].values()
    without_effect = {resource["Type"] for resource in resources} & {accepted.type for accepted in ACCEPTED}
    assert without_effect == {"AWS::CloudTrail::Trail"}
    assert "In a primary stage this is the CloudTrail trail" in (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
