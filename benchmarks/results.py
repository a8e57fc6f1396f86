"""The results file: one entry per question. A run replaces the entries of the questions it asks and keeps the others."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.findings import Findings
from local.testing.runtimes import ROOT

FORMAT = 1
Results = dict[str, Any]


def load(path: Path) -> Results:
    """The results at *path*, empty if there is no file. Raises BenchmarkError for a file of another format."""
    if not path.exists():
        return {"format": FORMAT, "questions": {}}
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        known = results["format"] == FORMAT and isinstance(results["questions"], dict)
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise BenchmarkError(f"{path} holds no results of format {FORMAT}: delete it, or give another with --json")
    return dict(results)


def entry(findings: Findings, *, quick: bool, now: datetime, commit: str, where: Mapping[str, Any]) -> dict[str, Any]:
    """A question's entry; *where* is the machine and the versions."""
    return {"taken": now.isoformat(timespec="seconds"), "commit": commit, "quick": quick, **where, **asdict(findings)}


def save(path: Path, results: Results) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def commit() -> str:
    """The commit that is measured, with ``-dirty`` if any file except the results differs from it."""
    described = _git("describe", "--always")
    changed = _git("status", "--porcelain", "--", ".", ":(exclude)docs/benchmarks*")
    return (described or "unknown") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=False).stdout.strip()  # noqa: S607
