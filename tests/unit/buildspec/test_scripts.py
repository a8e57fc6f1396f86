"""The scripts of the review, drift and advisories builds, with commands that only take note (D5, D10, G8)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: ``python -m venv .venv`` puts itself there; afterwards it answers for the project's own commands.
PYTHON = """#!/usr/bin/env bash
set -eu
if [ "$2" = venv ]; then
  mkdir -p .venv/bin
  cp "$0" .venv/bin/python
  exit
fi
case "$*" in
  *"pip install"* | *packages.py*) printf '%s\n' "$*" >>installs; exit ;;
esac
printf '%s\\n' "$*" >>calls
case "$*" in
  *"ops template"*) echo '{}' ;;
  *"ops publish"*) echo https://console/review ;;
  *"ops drift"*)
    printf '%s\\n' "${LEDGERLINE_ROLE_ARN:-none}" >>roles
    case "$*" in *"--stage ${BROKEN:-none} "*) exit 1 ;; esac
    ;;
  *"pipeline.gates.advisories"*) echo "pyarrow 20.0.0: GHSA-aaaa"; exit "${ASKED:-0}" ;;
  *"ops tell"*) cat >told; exit "${TELLS:-0}" ;;
esac
"""


@pytest.fixture
def build(tmp_path):
    shutil.copytree(ROOT / "buildspec", tmp_path / "buildspec")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(script, **variables):
        environment = {"PATH": f"{python.parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path), **variables}
        command = [str(tmp_path / "buildspec" / script)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
        return done, calls

    return run


REVIEW = {
    "LEDGERLINE_STAGE": "prod-dr",
    "LEDGERLINE_REGION": "eu-west-1",
    "LEDGERLINE_BUCKET": "artifacts",
    "LEDGERLINE_PREFIX": "reviews/prod-dr",
    "AWS_REGION": "us-east-1",
    "CODEBUILD_BUILD_ID": "etl-review-dr-main:0123",
    "CODEBUILD_RESOLVED_SOURCE_VERSION": "a" * 40,
}


def test_a_review_compares_publishes_and_leaves_its_address(build, tmp_path):
    done, (template, review, publish) = build("review.sh", **REVIEW)
    assert done.returncode == 0, done.stderr
    assert template == "-m ops template --allow-missing --stage prod-dr --region eu-west-1"
    assert review.startswith("-m pipeline.review --stage prod-dr --deployed ")
    assert review.endswith(f" --assembly assembly --commit {'a' * 40} --output review")
    assert publish == f"-m ops publish review --bucket artifacts --region us-east-1 --prefix reviews/prod-dr/{'a' * 40}/0123"
    assert (tmp_path / "review" / "url.txt").read_text() == "https://console/review\n"


@pytest.mark.parametrize("missing", ["LEDGERLINE_STAGE", "LEDGERLINE_REGION", "LEDGERLINE_BUCKET", "LEDGERLINE_PREFIX"])
def test_a_review_without_a_setting_fails(build, missing):
    done, _ = build("review.sh", **{name: value for name, value in REVIEW.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


def test_every_stage_is_asked_for_drift(build):
    done, calls = build("drift.sh", LEDGERLINE_STAGES="prod=us-east-1 prod-dr=eu-west-1", LEDGERLINE_TOPIC="arn:topic")
    assert done.returncode == 0, done.stderr
    assert calls == [
        "-m ops drift --stage prod --region us-east-1 --topic arn:topic",
        "-m ops drift --stage prod-dr --region eu-west-1 --topic arn:topic",
    ]


def test_a_stage_in_another_account_is_asked_by_its_role_and_the_next_one_is_not(build, tmp_path):  # D9
    role = "arn:aws:iam::210987654321:role/etl-drift-partner"
    stages = f"partner=us-east-1={role} prod=us-east-1"
    done, calls = build("drift.sh", LEDGERLINE_STAGES=stages, LEDGERLINE_TOPIC="arn:topic")
    assert done.returncode == 0, done.stderr
    assert [call.split()[4:7:2] for call in calls] == [["partner", "us-east-1"], ["prod", "us-east-1"]]
    assert (tmp_path / "roles").read_text().splitlines() == [role, "none"]


def test_a_stage_that_cannot_be_asked_fails_the_build_after_the_others_were_asked(build):
    done, calls = build("drift.sh", LEDGERLINE_STAGES="prod=us-east-1 prod-dr=eu-west-1", LEDGERLINE_TOPIC="arn:topic", BROKEN="prod")
    assert (done.returncode, len(calls)) == (1, 2)


TOLD = (
    "-m ops tell --topic arn:topic --subject Known vulnerabilities in what is delivered"
    " --advice What to do: docs/runbook.md, Known vulnerabilities."
)


@pytest.mark.parametrize(
    ("asked", "tells", "status", "calls"),
    [
        ("0", "0", 0, ["-m pipeline.gates.advisories"]),
        ("1", "0", 0, ["-m pipeline.gates.advisories", TOLD]),
        ("1", "1", 1, ["-m pipeline.gates.advisories", TOLD]),
        # What could not be asked fails the build, and of that the topic's rule tells.
        ("2", "0", 2, ["-m pipeline.gates.advisories"]),
    ],
)
def test_what_is_known_of_the_dependencies_reaches_the_topic(build, tmp_path, asked, tells, status, calls):  # G8
    done, made = build("advisories.sh", LEDGERLINE_TOPIC="arn:topic", ASKED=asked, TELLS=tells)
    assert (done.returncode, made) == (status, calls), done.stderr
    assert "pyarrow 20.0.0: GHSA-aaaa" in done.stdout
    if TOLD in calls:
        assert (tmp_path / "told").read_text() == "pyarrow 20.0.0: GHSA-aaaa\n"


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "buildspec").glob("*.sh") if path.name != "install.sh"))
def test_every_build_installs_by_hash_with_uv_from_its_lock(build, tmp_path, script):
    build(script, LEDGERLINE_STAGES="prod=us-east-1", LEDGERLINE_TOPIC="arn:topic", LEDGERLINE_BRANCH="feature/x", **REVIEW)
    uv, lock = (tmp_path / "installs").read_text().splitlines()
    assert uv.endswith("--require-hashes --requirement buildspec/requirements-uv.txt")
    assert lock.startswith("-I etl/packages.py ")
    assert (ROOT / lock.split()[-1]).is_file()
