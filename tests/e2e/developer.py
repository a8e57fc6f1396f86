"""A person with a clone of this repository and a remote on this machine, as the tests of the delivery see one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import emulator
from local.delivery import execution as executions
from local.delivery.cloud import Cloud
from local.delivery.execution import Record
from local.delivery.remote import make_remote
from local.emulator import ROOT, Emulator
from ops.validated import digest_of
from tests.e2e.broken import Change

SETTINGS = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["ledgerline"]
PIPELINE = f"etl-pipeline-{SETTINGS['pipeline']['suffix']}"
REGION = SETTINGS["pipeline"]["region"]
SAMPLE = ROOT / "local" / "samples" / "transactions.csv"


@dataclass
class Developer:
    """Every commit is made on top of this checkout's: what one test broke is not in the next one's."""

    directory: Path
    base: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(self.clone), at=ROOT)
        self.base = self._git("rev-parse", "HEAD")
        # What was downloaded for this checkout serves here as well.
        (ROOT / ".ledgerline" / "cache").mkdir(parents=True, exist_ok=True)
        self.state.mkdir()
        (self.state / "cache").symlink_to(ROOT / ".ledgerline" / "cache", target_is_directory=True)
        self.remote = make_remote(self.state, self.clone)

    @property
    def clone(self) -> Path:
        return self.directory / "clone"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def push(self, branch: str, *changes: Change, approve: bool = True) -> str:
        """Commit *changes* to *branch* and push it; returns what the push printed, once all that it started has ended."""
        self._git("checkout", "--quiet", "-B", "work", self.base)
        for change in changes:
            file = self.clone / change.module
            text = file.read_text(encoding="utf-8")
            assert text.count(change.line) == 1, f"{change.module} holds {change.line!r} {text.count(change.line)} times"
            file.write_text(text.replace(change.line, change.instead), encoding="utf-8")
        self._git(
            "commit", "--quiet", "--all", "--allow-empty", "--message", f"Change {', '.join(each.module for each in changes) or 'nothing'}"
        )
        return self._pushed("--force", f"work:refs/heads/{branch}", APPROVE="yes" if approve else "no")

    @contextmanager
    def pushing(self, branch: str) -> Iterator[None]:
        """A push that goes on meanwhile, and has ended afterwards."""
        thread = threading.Thread(target=self.push, args=(branch,))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def delete(self, branch: str) -> str:
        return self._pushed("--delete", branch)

    def delete_unnoticed(self, branch: str) -> None:
        """As on GitHub, where deleting a branch that has no pull request starts nothing."""
        self._git("update-ref", "-d", f"refs/heads/{branch}", at=self.remote)

    def records(self) -> list[Record]:
        return executions.records(self.state / "delivery" / PIPELINE)

    @property
    def emulator(self) -> Emulator:
        running = emulator.running(self.state)
        assert running is not None
        return running

    def client(self, service: str, region: str = REGION) -> Any:
        return Cloud(self.emulator).client(service, region)

    def stack(self, target: Mapping[str, Any]) -> dict[str, Any]:
        stack: dict[str, Any] = self.client("cloudformation", target["region"]).describe_stacks(StackName=_stack(target))["Stacks"][0]
        return stack

    def fingerprint(self, target: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """The digests of a stage's template and of each function's code, as they are deployed."""
        template = self.client("cloudformation", target["region"]).get_template(StackName=_stack(target), TemplateStage="Original")
        outputs = {output["OutputKey"]: output["OutputValue"] for output in self.stack(target)["Outputs"]}
        functions = self.client("lambda", target["region"])
        code = {name: functions.get_function_configuration(FunctionName=name)["CodeSha256"] for name in outputs["FunctionNames"].split(",")}
        return digest_of(json.dumps(template["TemplateBody"], sort_keys=True).encode()), code

    def submit(self, target: Mapping[str, Any]) -> dict[str, Any]:
        """What became of the sample in a stage."""
        command = [sys.executable, "-m", "ops", "submit", str(SAMPLE), "--dataset", "transactions", "--wait", "--json"]
        command += ["--stage", target["suffix"], "--region", target["region"]]
        environment = self.emulator.environment(target["region"])
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    def _pushed(self, *arguments: str, **variables: str) -> str:
        command = ["git", "-C", str(self.clone), "push", "local", *arguments]
        done = subprocess.run(
            command, env=_without_aws() | variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
        )
        sys.stderr.write(done.stderr)  # pytest shows it when the test fails
        return done.stderr

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", f"safe.directory={ROOT}")
        command = ["git", *identity, "-C", str(at or self.clone), *arguments]
        return subprocess.run(command, check=True, env=_without_aws(), stdout=subprocess.PIPE, text=True).stdout.strip()


def statuses(record: Record) -> dict[str, str]:
    return {f"{stage.name}.{action.name}": action.status for stage in record.stages for action in stage.actions}


def _stack(target: Mapping[str, Any]) -> str:
    return f"etl-{target['suffix']}"


def _without_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
