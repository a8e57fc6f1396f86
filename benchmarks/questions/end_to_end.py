"""Do seconds for each GB stay the same as files grow?

The deployed stage on the emulator: every step, every retry, every process.
The times come from the file's audit trail: from registration to success, and from registration to the commit of its rows.
The second leaves out the move of the original, which S3 does by itself and the emulator in its own memory.
A small and a large file take turns. Each is removed before the next, since the emulator keeps objects in memory.
The first file is not counted, since it starts the functions' processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError
from benchmarks.findings import Findings, Spread, as_table, paired_ratio
from local.stage import LocalStage
from local.testing.runtimes import ROOT
from local.testing.stages import deployed_stage
from runtime.aws.tracking import Tracking
from runtime.core.models import FileStatus


def measure(bench: Bench) -> Findings:
    paths = {
        "small": bench.input(bench.size(100_000_000, 60_000_000), 0.001),
        "large": bench.input(bench.size(2_000_000_000, 200_000_000), 0.001),
    }
    with tempfile.TemporaryDirectory(prefix="ledgerline-bench-") as folder, deployed_stage(Path(folder)) as local:
        stage = _Stage(local)
        stage.seconds(paths["small"], bench.truth(paths["small"]))
        taken: dict[str, list[_Way]] = {name: [] for name in paths}
        for _ in range(bench.pairs):
            for name, path in paths.items():
                taken[name].append(stage.seconds(path, bench.truth(path)))
                print(f"  {name}: {taken[name][-1].whole:.1f} s", flush=True)
    sizes = {name: path.stat().st_size / 1e9 for name, path in paths.items()}
    tables, ratios = [], {}
    for until in _Way._fields:
        per_gigabyte = {name: [getattr(way, until) / sizes[name] for way in ways] for name, ways in taken.items()}
        ratios[until] = paired_ratio(per_gigabyte["large"], per_gigabyte["small"]).median
        records = [
            {"file": f"{sizes[name]:.2f} GB", "median s": spread.median * sizes[name], "median s a GB": spread.median}
            | {"mean": spread.mean, "least": spread.least, "most": spread.most}
            for name, spread in ((name, Spread.of(values)) for name, values in per_gigabyte.items())
        ]
        title = "A file's way through the deployed stage, 0.1% bad rows"
        tables.append(as_table(title if until == "whole" else f"{title}, until its rows are committed", records))
    measured = {"growth": {"emulator": ratios["whole"]}, "growth-committed": {"emulator": ratios["committed"]}}
    return Findings(measured, tables)


class _Way(NamedTuple):
    """Seconds from a file's registration until its success, and until its rows were committed."""

    whole: float
    committed: float


@dataclass(frozen=True)
class _Stage:
    local: LocalStage

    def seconds(self, path: Path, truth: dict[str, Any]) -> _Way:
        """Submit a file, wait for its end, check its counts, remove it. Returns the times of its audit trail."""
        region = self.local.assembly.region
        command = ["submit", str(path), "--dataset", "transactions", "--partner", "bench", "--wait", "--json"]
        where = ["--stage", self.local.assembly.suffix, "--region", region]
        done = subprocess.run(
            [sys.executable, "-m", "ops", *command, *where],
            cwd=ROOT,
            env=self.local.emulator.environment(region),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        outcome = json.loads(done.stdout or "{}")
        counts = [outcome.get(name) for name in ("status", "rows_read", "rows_accepted", "rows_rejected")]
        expected = [FileStatus.SUCCEEDED, truth["rows"], truth["rows_accepted"], truth["rows_rejected"]]
        if counts != expected:
            raise BenchmarkError(f"the file ended {counts} and not {expected}: {outcome.get('error') or done.stderr[-300:]}")
        variables = self.local.emulator.variables(region)
        session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=region)
        s3 = session.client("s3", endpoint_url=self.local.emulator.endpoint)
        bucket = outcome["curated"][0].removeprefix("s3://").partition("/")[0]
        table = f"etl-tracking-{self.local.assembly.suffix}"
        tracking = Tracking(session.client("dynamodb", endpoint_url=self.local.emulator.endpoint), table)
        moments = {
            event["to_status"]: datetime.fromisoformat(event["at"].replace("Z", "+00:00")) for event in tracking.events(outcome["file_id"])
        }
        _remove(s3, bucket, outcome["file_id"])
        ends = (moments[FileStatus.SUCCEEDED], moments[FileStatus.COMMITTED])
        return _Way(*((end - moments[FileStatus.REGISTERED]).total_seconds() for end in ends))


def _remove(s3: Any, bucket: str, file_id: str) -> None:
    """Every version of every object of one file."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if file_id in entry["Key"]:
                s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
