"""The gates run as one command and say what they found (D8)."""

from __future__ import annotations

import json
import shutil

import pytest

from pipeline.gates import __main__ as gates


def test_findings_of_cdk_nag_are_acknowledged_one_by_one(walked):
    standing = {(finding.path, finding.rule) for finding in walked.acknowledged}
    unacknowledged = {
        finding for finding in walked.found if not any(_covers(path, finding[0]) and rule == finding[1] for path, rule in standing)
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


def test_the_gates_pass_on_what_is_synthesized(synthesis, capsys):
    status = gates.main(["--assembly", str(synthesis.directory)])
    assert (status, capsys.readouterr().out) == (0, "4 templates, 9 rules and cfn-lint: 0 findings\n")


def test_the_gates_pass_with_targets_in_other_accounts(accounts):  # D9
    chosen = accounts.settings
    regions = {chosen.pipeline.suffix: chosen.pipeline.region} | {target.suffix: target.region for target in chosen.targets}
    assert [finding for template in accounts.templates.values() for finding in gates.check(template, regions)] == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda properties: properties.pop("BillingMode"), "E3639"),
        (lambda properties: properties.pop("Tags"), "lacks the tags"),
    ],
    ids=["cfn-lint", "own rules"],
)
def test_a_breach_is_named_and_fails_the_gates(synthesis, tmp_path, capsys, damage, said):
    assembly = tmp_path / "cdk.out"
    shutil.copytree(synthesis.directory, assembly, ignore=shutil.ignore_patterns("asset.*"))
    path = assembly / synthesis.stage.path.relative_to(synthesis.directory)
    template = json.loads(path.read_text())
    damage(template["Resources"]["TrackingTable3514576F"]["Properties"])
    path.write_text(json.dumps(template))
    status = gates.main(["--assembly", str(assembly)])
    lines = capsys.readouterr().out.splitlines()
    assert status == 1
    assert any("TrackingTable3514576F" in line and said in line for line in lines)


def test_a_missing_assembly_is_wrong_usage(tmp_path, capsys):
    assert gates.main(["--assembly", str(tmp_path)]) == 2
    assert "run pipeline_app.py first" in capsys.readouterr().err


def _covers(acknowledged: str, found: str) -> bool:
    return found == acknowledged or found.startswith(f"{acknowledged}/")
