"""The builds after the synth install a lock of their own, which is a part of the whole one and enough for what they run."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILDSPEC = ROOT / "buildspec"
WHOLE, OPS = ROOT / "requirements.txt", BUILDSPEC / "requirements-ops.txt"
#: What a build may run that has only the smaller lock.
RUN = ("ops", "pipeline.review")


def pins(lock: Path) -> set[str]:
    """Each requirement with its version, marker and hashes, as one line; comments are none of it."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return {" ".join(line.split()) for line in text.splitlines() if line.strip()}


def names(lines: set[str]) -> set[str]:
    return {re.split(r"[\s=\[<>;]", line, maxsplit=1)[0].lower() for line in lines}


def imported() -> set[str]:
    """The distributions that anything imports which the builds run, directly or through another module of ours."""
    ours = ("runtime", "etl", "stages", "pipeline", "ops")
    graph = grimp.build_graph(*ours, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None)
    run = {module for module in graph.modules if any(module == root or module.startswith(f"{root}.") for root in RUN)}
    known = run.union(*(graph.find_upstream_modules(module) for module in run))
    tops = {module.partition(".")[0] for module in known} - set(sys.stdlib_module_names) - set(ours)
    distributions = importlib.metadata.packages_distributions()
    return {name.lower() for top in tops for name in distributions[top]}


def test_everything_in_it_is_in_the_whole_lock_version_and_hashes_alike():
    assert pins(OPS)
    assert pins(OPS) - pins(WHOLE) == set()


def test_uv_is_installed_as_the_whole_lock_has_it():
    assert names(pins(BUILDSPEC / "requirements-uv.txt")) == {"uv"}
    assert pins(BUILDSPEC / "requirements-uv.txt") - pins(WHOLE) == set()


def test_it_has_what_ops_and_the_review_import():
    assert imported() - names(pins(OPS)) == set()


def test_nothing_is_asked_for_that_is_not_imported():
    asked = {line.partition("#")[0].strip() for line in (BUILDSPEC / "requirements-ops.in").read_text(encoding="utf-8").splitlines()}
    assert names(asked - {""}) - imported() == set()


@pytest.mark.parametrize("script", sorted(set(BUILDSPEC.glob("*.sh")) - {BUILDSPEC / "install.sh"}), ids=lambda path: path.stem)
def test_a_script_that_installs_it_runs_nothing_else(script: Path):
    text = script.read_text(encoding="utf-8")
    modules = set(re.findall(r"python -m ([\w.]+)", text))
    if "install.sh buildspec/requirements-ops.txt" in text:
        assert modules <= set(RUN)
        assert "pipeline_app.py" not in text
    else:
        assert "install.sh requirements.txt" in text
        assert "pipeline_app.py" in text or modules - set(RUN), "what runs ops alone needs no more than its lock"
