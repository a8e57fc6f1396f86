"""One file through a stage from nothing: submit it, bring its outputs here, leave nothing running."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from etl.cache import keep_newest
from local import emulator
from local.emulator import ROOT
from local.errors import LocalError
from local.progress import Steps
from local.stage import STATE, LocalStage, up

SAMPLE = ROOT / "local" / "samples" / "transactions.csv"
SAMPLE_DATASET, SAMPLE_PARTNER = "transactions", "sample-bank"
#: Files whose fetched outputs are kept.
_OUTPUTS_KEPT = 20
_REJECTS = "rejects.csv"


def run(file: Path, dataset: str | None, partner: str | None, steps: Steps, runtime: str | None = None) -> int:
    """Process *file* on a stage of this machine; 0 when it succeeded, else the exit status of ``ops submit``.

    A stage that was up before stays up. Raises LocalError.
    """
    was_up = emulator.running(STATE) is not None
    try:
        stage = up(STATE, steps, runtime=runtime)
        return _process(stage, file, dataset, partner, steps)
    finally:
        if not was_up and emulator.stop(STATE):
            steps.say("The emulator is stopped; nothing is left running, so `python -m ops` finds no stage: python -m local up keeps one")


def _process(stage: LocalStage, file: Path, dataset: str | None, partner: str | None, steps: Steps) -> int:
    chosen = [argument for option, value in (("--dataset", dataset), ("--partner", partner)) if value for argument in (option, value)]
    submitted = _ops(stage, "submit", str(file), *chosen, "--wait", "--json", stdout=subprocess.PIPE)
    if not submitted.stdout:
        return submitted.returncode
    outcome = json.loads(submitted.stdout)
    _ops(stage, "status", outcome["file_id"])
    folder = STATE / "out" / outcome["file_id"]
    folder.mkdir(parents=True, exist_ok=True)
    keep_newest(folder, _OUTPUTS_KEPT)
    report = folder / "outcome.json"
    report.write_text(submitted.stdout, encoding="utf-8")
    with steps.step("Fetching the outputs"):
        fetched = [report, *_fetch(stage, outcome, folder)]
        if outcome["rejected"]:
            fetched.append(folder / _REJECTS)
            _ops(stage, "rejects", outcome["file_id"], "--export", str(fetched[-1]), stdout=subprocess.DEVNULL)
    steps.say("The outputs are here:")
    for path in fetched:
        steps.say(f"  {_shown(path)}" + ("  (every rejected row, with its reasons)" if path.name == _REJECTS else ""))
    return submitted.returncode


def _ops(stage: LocalStage, command: str, *arguments: str, stdout: int | None = None) -> subprocess.CompletedProcess[str]:
    """A command of ``ops`` on the local stage, as a person would type it."""
    line = [sys.executable, "-m", "ops", command, *arguments, "--stage", stage.assembly.suffix, "--region", stage.assembly.region]
    done = subprocess.run(line, env=stage.emulator.environment(stage.assembly.region), stdout=stdout, encoding="utf-8", check=False)
    if done.returncode != 0 and command != "submit":
        raise LocalError(f"ops {command} ended with status {done.returncode}; what it said is above")
    return done


def _fetch(stage: LocalStage, outcome: dict[str, Any], folder: Path) -> list[Path]:
    """Download the accepted and the rejected rows of an outcome, and its extracts; return where they are."""
    credentials = stage.emulator.variables(stage.assembly.region)
    s3 = boto3.client(
        "s3",
        endpoint_url=credentials["AWS_ENDPOINT_URL"],
        region_name=credentials["AWS_REGION"],
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
    )
    paths = []
    extracts = [extract["uri"] for extract in outcome["extracts"].values()]
    for kind, uris in (("curated", outcome["curated"]), ("rejected", outcome["rejected"]), ("extracts", extracts)):
        for uri in uris:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            paths.append(folder / kind / key.rpartition("/")[2])
            paths[-1].parent.mkdir(exist_ok=True)
            s3.download_file(bucket, key, str(paths[-1]))
    return paths


def _shown(folder: Path) -> Path:
    here = Path.cwd()
    return folder.relative_to(here) if here in folder.parents else folder
