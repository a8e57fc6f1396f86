"""The gates run as one command and say what they found (D8)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from aws_cdk import App, aws_dynamodb, aws_iam, aws_kms, aws_s3, aws_sqs, aws_stepfunctions

from pipeline.app import accepted_findings, build, judge
from pipeline.gates import __main__ as gates
from pipeline.gates import lint
from pipeline.gates.accepted_findings import LINTS
from tests.infrastructure.conftest import synthesize

OPEN = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "dynamodb:GetItm", "Resource": "*"}]}


def test_findings_of_cdk_nag_are_acknowledged_one_by_one(walked):
    acknowledged = {(finding.path, finding.rule) for finding in walked.acknowledged}
    unacknowledged = {
        finding for finding in walked.found if not any(_covers(path, finding[0]) and rule == finding[1] for path, rule in acknowledged)
    }
    assert unacknowledged == set()


def test_nothing_is_acknowledged_in_vain(walked):
    vain = [
        finding
        for finding in walked.acknowledged
        if not any(_covers(finding.path, path) and rule == finding.rule for path, rule in walked.found)
    ]
    assert vain == []


def test_every_acknowledgement_gives_a_reason(walked):
    assert all(len(finding.reason.split()) >= 6 for finding in walked.acknowledged)


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:::table/x"}]}
PUBLIC = aws_s3.CfnBucket.PublicAccessBlockConfigurationProperty(block_public_acls=False)
#: What cdk-nag guards: its rule, a type of resource, and what takes the guard away from one.
NAG = {
    "AwsSolutions-S1": (aws_s3.CfnBucket, "logging_configuration", None),
    "AwsSolutions-S2": (aws_s3.CfnBucket, "public_access_block_configuration", PUBLIC),
    "AwsSolutions-S10": (aws_s3.CfnBucketPolicy, "policy_document", {"Statement": []}),
    "AwsSolutions-SQS4": (aws_sqs.CfnQueuePolicy, "policy_document", {"Statement": []}),
    "AwsSolutions-DDB3": (aws_dynamodb.CfnTable, "point_in_time_recovery_specification", None),
    "AwsSolutions-KMS5": (aws_kms.CfnKey, "enable_key_rotation", False),
    "AwsSolutions-SF2": (aws_stepfunctions.CfnStateMachine, "tracing_configuration", None),
    f"AwsSolutions-IAM4[Policy::{ADMINISTRATOR}]": (aws_iam.CfnRole, "managed_policy_arns", [ADMINISTRATOR]),
    "AwsSolutions-IAM5[Action::dynamodb:*]": (aws_iam.CfnRole, "policies", [{"policyName": "All", "policyDocument": EVERYTHING}]),
}


@pytest.fixture(scope="module")
def unguarded(synthesis, context, tmp_path_factory) -> set[str]:
    """What cdk-nag finds more once the guards have been taken away from everything in the primary, all in one synth."""

    def damage(app: App) -> None:
        for construct in app.node.find_child("Primary").node.find_all():
            for kind, guard, gone in NAG.values():
                if isinstance(construct, kind):
                    setattr(construct, guard, gone)

    return {rule for _, rule in synthesize(context, tmp_path_factory.mktemp("unguarded"), damage).found - synthesis.found}


@pytest.mark.parametrize("rule", NAG)
def test_cdk_nag_notices_a_guard_that_is_gone(unguarded, rule):
    assert rule in unguarded


def test_cdk_nag_notices_nothing_else(unguarded):
    assert unguarded == set(NAG)


def test_an_acknowledgement_that_is_taken_back_stops_the_synth(context, synthesis, tmp_path, capfd):
    app = App(context=context, outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    (tmp_path / "layer" / "python").mkdir(parents=True)
    build(app, synthesis.settings, layer_path=tmp_path / "layer")
    first, *others = accepted_findings(app, synthesis.settings)
    judge(app, others)
    with pytest.raises(RuntimeError, match=r"^ValidationFailed:"):
        app.synth()
    assert first.rule in (tmp_path / "cdk.out" / "validation-report.json").read_text()


def test_the_gates_pass_on_what_is_synthesized(synthesis, capsys):
    status = gates.main(["--assembly", str(synthesis.directory)])
    (said,) = capsys.readouterr().out.splitlines()
    assert (status, said.startswith("4 templates by cfn-lint, 10 rules of our own"), said.endswith(": 0 findings")) == (0, True, True), said


def test_the_gates_pass_with_targets_in_other_accounts(accounts):  # D9
    chosen = accounts.settings
    regions = {chosen.pipeline.suffix: chosen.pipeline.region} | {target.suffix: target.region for target in chosen.targets}
    assert [finding for template in accounts.templates.values() for finding in gates.check(template, regions)] == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda properties: properties.pop("BillingMode"), "E3639"),
        (lambda properties: properties.pop("Tags"), "lacks the tags"),
        (lambda properties: properties.update(ResourcePolicy={"PolicyDocument": OPEN}), "dynamodb:GetItm is no action"),
    ],
    ids=["cfn-lint", "own rules", "IAM lint"],
)
def test_a_breach_of_a_template_is_named(stage, tmp_path, damage, said):
    template = json.loads(stage.path.read_text())
    damage(template["Resources"]["TrackingTable3514576F"]["Properties"])
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    lines = gates.check(replace(stage, path=path, resources=template["Resources"]), {"prod": "us-east-1"})
    assert lines
    assert all("TrackingTable3514576F" in line and said in line for line in lines), lines


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("deploy.pem", "-----BEGIN RSA " + "PRIVATE KEY-----\n", "deploy.pem:1: Private Key"),
        ("requirements.txt", "six>=1\n", "requirements.txt: six is not pinned to one version"),
    ],
    ids=["secrets", "locks"],
)
def test_a_breach_in_a_file_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    assert [line for line in gates.check_files(tmp_path, [name]) if line.startswith(said)]


@pytest.mark.parametrize("gate", ["check", "check_files"])
def test_a_breach_fails_the_gates(synthesis, capsys, monkeypatch, gate):
    for each in ("check", "check_files"):
        monkeypatch.setattr(gates, each, lambda *_, found=each: ["what is wrong"] if found == gate else [])
    assert gates.main(["--assembly", str(synthesis.directory)]) == 1
    assert "what is wrong" in capsys.readouterr().out.splitlines()


def test_every_accepted_finding_of_cfn_lint_is_found(synthesis, monkeypatch):
    monkeypatch.setattr(lint, "LINTS", ())
    found = "\n".join(line for template in (synthesis.stage, synthesis.pipeline) for line in lint.findings(template, "us-east-1"))
    assert [accepted.rule for accepted in LINTS if f": {accepted.rule} " not in found] == []


def test_a_missing_assembly_is_wrong_usage(tmp_path, capsys):
    assert gates.main(["--assembly", str(tmp_path)]) == 2
    assert "run pipeline_app.py first" in capsys.readouterr().err


def _covers(acknowledged: str, found: str) -> bool:
    return found == acknowledged or found.startswith(f"{acknowledged}/")
