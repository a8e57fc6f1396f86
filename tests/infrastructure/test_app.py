"""The app as people and the CDK run it (D1, D8, E12)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from aws_cdk import App, CfnOutput, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match

import pipeline.app
import pipeline_app
from etl.guardrails import guard
from etl.layers import LayerError, archive
from pipeline import settings as settings_module
from runtime.core.errors import ContractInvalid

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def layer(tmp_path, monkeypatch):
    """Runtimes that a layer was asked for; building one takes minutes and needs a network."""
    asked = []
    (tmp_path / "layer").mkdir()
    with zipfile.ZipFile(archive(tmp_path / "layer"), "w") as packed:
        packed.writestr("python/library.py", "")

    def built(runtime):
        asked.append(runtime)
        return tmp_path / "layer"

    monkeypatch.setattr(pipeline_app, "built_layer", built)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "cdk.out"))
    return asked


#: The app in a process of its own, as the CDK CLI runs it, with a layer that needs no building.
AS_THE_CLI_RUNS_IT = """
import pathlib, sys, pipeline_app
layer = pathlib.Path(sys.argv.pop())
pipeline_app.built_layer = lambda runtime: print(runtime) or layer
pipeline_app.run()
"""


def test_the_app_synthesizes_by_itself_and_passes_cdk_nag(layer, tmp_path):  # D1, D8
    environment = {**os.environ, "CDK_CONTEXT_JSON": json.dumps({"ledgerline.runtime": "3.13"})}
    command = [sys.executable, "-c", AS_THE_CLI_RUNS_IT, str(tmp_path / "layer")]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["3.13"], "what the CLI was given wins"
    reports = json.loads((tmp_path / "cdk.out" / "validation-report.json").read_text())["pluginReports"]
    assert reports == [], "not even a warning"
    assert (tmp_path / "cdk.out" / "assembly-Primary").is_dir()


def test_a_finding_that_is_not_acknowledged_stops_the_synth(layer, tmp_path):  # D8
    unacknowledged = AS_THE_CLI_RUNS_IT.replace(
        "pipeline_app.run()",
        "from pipeline import acknowledgements; acknowledgements.acknowledge = lambda app, findings: None\npipeline_app.run()",
    )
    command = [sys.executable, "-c", unacknowledged, str(tmp_path / "layer")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "error: the synthesized stacks do not pass the checks reported above"


def test_a_setting_can_be_overridden_by_hand(layer, monkeypatch):
    def stop(*_args, **_named):
        raise ContractInvalid("stop.json", None, "enough")

    monkeypatch.setattr(pipeline_app, "build", stop)
    with pytest.raises(ContractInvalid):
        pipeline_app.main(["-c", "ledgerline.runtime=3.12"])
    assert layer == ["3.12"]


@pytest.mark.parametrize(
    "error", [settings_module.SettingsError("x", "is wrong"), ContractInvalid("a.json", "f", "is wrong"), LayerError("is wrong")]
)
def test_what_is_wrong_is_one_line_and_not_a_traceback(error, monkeypatch, capsys):
    def fail(_arguments=None):
        raise error

    monkeypatch.setattr(pipeline_app, "main", fail)
    with pytest.raises(SystemExit) as ended:
        pipeline_app.run()
    assert str(ended.value) == f"error: {error}"


def test_a_bad_contract_stops_the_synth(context, monkeypatch, tmp_path):  # G3
    def refuse():
        raise ContractInvalid("transactions.json", "amount", "scale is larger than precision")

    monkeypatch.setattr(pipeline.app, "load_contracts", refuse)
    with pytest.raises(ContractInvalid, match="'amount': scale is larger"):
        pipeline.app.build(App(context=context, outdir=str(tmp_path)), settings_module.parse(context), layer_path=tmp_path)


@pytest.mark.parametrize(("runtime", "warns"), [("3.9", True), ("3.13", False)])
def test_the_synth_warns_of_the_old_runtimes_dates(runtime, warns):  # E12
    stack = Stack(App(analytics_reporting=False), "Stack")
    pipeline.app.warn_of_runtime(stack, runtime)
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("2027-02-01.*2027-03-03"))
    assert bool(found) is warns


def guarded(suffix="x"):
    app = App(analytics_reporting=False)
    stack = Stack(app, "Stack", stack_name=f"etl-{suffix}")
    guard(app, suffix=suffix, tags={"Environment": "Production", "Project": "ETL"})
    return app, stack


def template_of(app):
    return app.synth().get_stack_by_name("etl-x").template["Resources"].values()


def test_a_role_that_brings_inline_policies_keeps_them_beside_the_denials():  # E13
    app, stack = guarded()
    document = iam.PolicyDocument(statements=[iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"])])
    iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), inline_policies={"own": document})
    (role,) = template_of(app)
    assert [policy["PolicyName"] for policy in role["Properties"]["Policies"]] == ["own", "guardrails"]
    assert role["Properties"]["RoleName"] == "etl-role-x"


def test_a_role_of_another_service_may_make_log_groups():
    app, stack = guarded()
    iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    (role,) = template_of(app)
    assert "logs:CreateLogGroup" not in json.dumps(role)


def test_what_a_construct_would_keep_is_destroyed_all_the_same():  # E16
    app, stack = guarded()
    CfnOutput(stack, "Name", value=s3.Bucket(stack, "Bucket", bucket_name="etl-x").bucket_name)
    (bucket,) = template_of(app)
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert {tag["Key"] for tag in bucket["Properties"]["Tags"]} == {"Environment", "Project"}


def test_a_construct_may_add_tags_of_its_own():  # E10: branch stages add Stage=<slug>
    app, stack = guarded()
    Tags.of(stack).add("Stage", "x")
    s3.Bucket(stack, "Bucket", bucket_name="etl-x")
    (bucket,) = template_of(app)
    assert {tag["Key"] for tag in bucket["Properties"]["Tags"]} == {"Environment", "Project", "Stage"}
