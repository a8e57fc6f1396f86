"""Deliver one commit: bring up the emulator, set up the pipeline if it is not there, then let the pipeline do the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from local import emulator
from local.delivery import execution as executions
from local.delivery.actions import Policy, clean
from local.delivery.cloud import Cloud
from local.delivery.console import Board
from local.delivery.deployed import find_pipelines, read_pipeline
from local.delivery.execution import INTERRUPTED, SUCCEEDED
from local.delivery.files import locked
from local.delivery.limits import LIMITS
from local.delivery.projects import Projects
from local.delivery.runner import Runner
from local.delivery.settings import Settings, settings_of
from local.delivery.setup import SetUp
from local.delivery.source import Revision, read_revision, uncommitted
from local.errors import LocalError
from local.interpreters import nearest_runtime
from local.progress import Steps


@dataclass(frozen=True)
class Delivery:
    """Where deliveries are kept on this machine (*state*), and where they are shown."""

    state: Path
    console: Console
    policy: Policy

    @property
    def home(self) -> Path:
        return self.state / "delivery"

    def deliver_checkout(self, repository: Path, commit: str = "HEAD") -> bool:
        """Deliver a commit of a working tree as if it had been pushed to the pipeline's branch; see :meth:`deliver`."""
        revision = read_revision(repository, commit, "")
        differing = uncommitted(repository)
        if differing:
            Board(self.console).say(f"{differing} files differ from commit {revision.commit[:8]} and are not delivered; commit them first")
        return self.deliver(replace(revision, branch=settings_of(revision).branch))

    def deliver(self, revision: Revision) -> bool:
        """Run the pipeline for a commit; True when it succeeded. Raises LocalError when it cannot even begin."""
        board = Board(self.console)
        settings = settings_of(revision)
        cloud = self._cloud(settings, board)
        region = settings.region
        context = _context(settings, board)
        with locked(self.home / "setup.lock"):
            stack = self._pipeline_stack(cloud, region, revision, context)
        runner = Runner(
            cloud=cloud,
            read=lambda: read_pipeline(cloud, region, stack),
            state=self.home,
            cache=self.state / "cache",
            board=board,
            policy=self.policy,
            context=context,
        )
        record = runner.run(revision)
        self._say_limits(board)
        return record.status == SUCCEEDED

    def projects(self, revision: Revision) -> Projects:
        """The projects that were deployed with the pipeline; raise LocalError when the emulator does not run."""
        running = emulator.running(self.state)
        if running is None:
            raise LocalError("the emulator does not run, so no pipeline is deployed; push the pipeline's branch first")
        return Projects(Cloud(running), settings_of(revision).region, self.home / "projects", self.state / "cache", Board(self.console))

    def _cloud(self, settings: Settings, board: Board) -> Cloud:
        """The running emulator, or a new one; what died with the last one is said and cleaned up."""
        account = settings.account
        with locked(self.home / "setup.lock"):
            running = emulator.running(self.state)
            self._bury(board, running)
            if running is None:
                steps = Steps(self.console)
                with steps.step("Starting the emulator"):
                    running = emulator.start(self.state, account=account)
                steps.say(f"The emulator listens on {running.endpoint}, and stays up; 'python -m local down' stops it")
        if running.account != account:
            raise LocalError(f"the emulator runs with account {running.account}, not {account}; 'python -m local down' stops it")
        return Cloud(running)

    def _bury(self, board: Board, running: emulator.Emulator | None) -> None:
        """Say which executions died, with the emulator or without, and delete what they left."""
        for home in sorted(path for path in self.home.glob("*") if path.is_dir()):
            for record in executions.records(home):
                if record.status != INTERRUPTED or not record.scratch:
                    continue
                with_it = "" if running is not None and running.pid == record.emulator else ", and the emulator with it"
                board.say(f"Execution {record.id} of {record.pipeline} was killed while it ran{with_it}; this one starts cleanly")
                if Path(record.scratch).exists():
                    clean(Path(record.scratch))
                executions.bury(home, record)

    def _pipeline_stack(self, cloud: Cloud, region: str, revision: Revision, context: Mapping[str, str]) -> str:
        pipelines = find_pipelines(cloud, region)
        if not pipelines:
            SetUp(cloud, self.home / "setup.log", Steps(self.console), context).run(revision)
            pipelines = find_pipelines(cloud, region)
        if len(pipelines) != 1:
            raise LocalError(f"{region} has {len(pipelines)} pipelines ({', '.join(sorted(pipelines))}), where one is needed")
        return next(iter(pipelines.values()))

    def _say_limits(self, board: Board) -> None:
        board.say("What a rehearsal cannot show, and what stands in for it:")
        for limit in LIMITS:
            board.say(f"  {limit.what}: {limit.instead}")


def show(state: Path, console: Console, last: int = 5) -> None:
    """The last executions of each pipeline, the newest in full."""
    board = Board(console)
    for home in sorted(path for path in (state / "delivery").glob("*") if path.is_dir()):
        records = executions.records(home)[-last:]
        for record in records:
            board.brief(record)
        if records:
            board.finish(records[-1])


def _context(settings: Settings, board: Board) -> dict[str, str]:
    """What the app's context must be overridden with, because functions can only run under a Python that this machine has."""
    wanted = settings.runtime
    version = nearest_runtime(wanted)
    if version is None:
        raise LocalError("no Python from 3.9 to 3.13 is installed that could run the functions; install one")
    if version == wanted:
        return {}
    board.say(f"Python {wanted}, the functions' runtime, is not installed here: the rehearsal deploys them for {version}")
    return {"ledgerline.runtime": version}
