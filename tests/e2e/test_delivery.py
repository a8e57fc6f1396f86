"""The whole delivery of a commit, as synthesized, in both regions (D1, D2, D4; issue 3)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local import emulator
from local.delivery import execution as executions
from local.delivery.actions import Policy
from local.delivery.cloud import Cloud
from local.delivery.deliver import Delivery
from local.delivery.execution import CANCELLED, FAILED, SUCCEEDED, Record
from local.emulator import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SETTINGS = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["ledgerline"]
PIPELINE = f"etl-pipeline-{SETTINGS['pipeline']['suffix']}"


class Developer:
    """A clone of this repository, and deliveries of what is committed there."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.clone = directory / "clone"
        self.git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(self.clone), at=ROOT)
        # What was downloaded for this checkout serves here as well.
        (ROOT / ".ledgerline" / "cache").mkdir(parents=True, exist_ok=True)
        self.state.mkdir()
        (self.state / "cache").symlink_to(ROOT / ".ledgerline" / "cache", target_is_directory=True)

    def git(self, *arguments: str, at: Path | None = None) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", f"safe.directory={ROOT}")
        subprocess.run(["git", *identity, "-C", str(at or self.clone), *arguments], check=True, env=without_aws())

    def commit(self, path: str, change: Any) -> None:
        file = self.clone / path
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
        self.git("commit", "--quiet", "--all", "--message", f"Change {path}")

    def deliver(self) -> Record:
        Delivery(self.state, Console(stderr=True), Policy(approve=True)).deliver_checkout(self.clone)
        return self.records()[-1]

    def records(self) -> list[Record]:
        return executions.records(self.state / "delivery" / PIPELINE)

    def stack(self, target: dict[str, str]) -> dict[str, Any]:
        running = emulator.running(self.state)
        assert running is not None
        client = Cloud(running).client("cloudformation", target["region"])
        stack: dict[str, Any] = client.describe_stacks(StackName=f"etl-{target['suffix']}")["Stacks"][0]
        return stack


def without_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@pytest.fixture(scope="module")
def developer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Developer]:
    made = Developer(tmp_path_factory.mktemp("delivery"))
    yield made
    emulator.stop(made.state)


def statuses(record: Record) -> dict[str, str]:
    return {f"{stage.name}.{action.name}": action.status for stage in record.stages for action in stage.actions}


def test_a_commit_is_delivered_to_every_target_and_validated(developer: Developer) -> None:
    record = developer.deliver()
    assert record.status == SUCCEEDED, record.reason
    for target in SETTINGS["targets"]:
        assert developer.stack(target)["StackStatus"] == "CREATE_COMPLETE"
        assert statuses(record)[f"{target['name']}.Validate"] == SUCCEEDED


def test_a_broken_handler_is_stopped_by_the_first_validation_and_the_next_commit_goes_through(developer: Developer) -> None:
    before = [developer.stack(target).get("LastUpdatedTime") for target in SETTINGS["targets"]]
    broken = 'raise RuntimeError("broken on purpose")\n'
    developer.commit("runtime/handlers/finalize_file.py", lambda text: text + broken)
    record = developer.deliver()
    first, second = SETTINGS["targets"][:2]
    assert record.status == FAILED
    assert record.reason.startswith(f"{first['name']} / ")
    untouched = {statuses(record)[f"{second['name']}.{name}"] for name in ("Approve", "Validate")}
    assert untouched == {executions.NOT_STARTED}
    assert developer.stack(second).get("LastUpdatedTime") == before[1]
    developer.commit("runtime/handlers/finalize_file.py", lambda text: text.removesuffix(broken))
    assert developer.deliver().status == SUCCEEDED


def test_a_commit_that_changes_the_pipeline_is_delivered_by_the_changed_pipeline_in_the_same_push(developer: Developer) -> None:
    def with_approval(text: str) -> str:
        content = json.loads(text)
        content["context"]["ledgerline"]["targets"][0]["approval"] = True
        return json.dumps(content, indent=2) + "\n"

    known = len(developer.records())
    developer.commit("cdk.json", with_approval)
    record = developer.deliver()
    assert [each.status for each in developer.records()[known:]] == [CANCELLED, SUCCEEDED]
    assert statuses(record)[f"{SETTINGS['targets'][0]['name']}.Approve"] == SUCCEEDED
