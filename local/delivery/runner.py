"""Runs executions: stage by stage, actions of one run order together, and again when the pipeline has changed itself."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.delivery import execution as executions
from local.delivery.actions import Policy, Result, Work, clean, perform, refuse_unknown
from local.delivery.artifacts import ArtifactStore
from local.delivery.cloud import Cloud
from local.delivery.console import Board
from local.delivery.definition import Action, Pipeline, Stage
from local.delivery.errors import ActionFailed, DefinitionChanged, DefinitionError, ExecutionEnded, Stopped, Superseded
from local.delivery.execution import CANCELLED, FAILED, IN_PROGRESS, STOPPED, SUCCEEDED, SUPERSEDED, Execution, Record
from local.delivery.roles import refuse_missing_roles
from local.delivery.source import Revision
from local.delivery.stage_locks import StageLocks
from local.errors import LocalError

#: More restarts than these for one push: the definition is another each time that it is synthesized.
_MAX_RESTARTS = 2
_STATUSES: Mapping[type[LocalError], str] = {Superseded: SUPERSEDED, DefinitionChanged: CANCELLED, Stopped: STOPPED}


@dataclass(frozen=True)
class Runner:
    """Executes the pipeline that *read* reads: asked again after each group of actions, since a pipeline may change itself.

    ``state`` holds a directory for each pipeline; ``cache`` what builds have downloaded; ``context`` overrides the
    context of CDK apps that builds synthesize; ``clock``, in seconds since the epoch, says when an approval is too late.
    """

    cloud: Cloud
    read: Callable[[], Pipeline]
    state: Path
    cache: Path
    board: Board
    policy: Policy = field(default_factory=Policy)
    context: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def run(self, revision: Revision, trigger: str = "push") -> Record:
        """Execute *revision* to its end, starting again when the definition changes; returns the last execution's record."""
        for restarts in range(1 + _MAX_RESTARTS):
            pipeline = self.read()
            if restarts:  # It is this commit's own definition; that of an earlier commit may be what this one mends.
                self.refuse_what_cannot_run(pipeline)
            record = self._execute(pipeline, revision, trigger)
            if record.status != CANCELLED:
                return record
            trigger = f"restarted after execution {record.number} changed the pipeline"
        raise LocalError(f"the pipeline changed {1 + _MAX_RESTARTS} times in one push: its definition differs each time it is synthesized")

    def refuse_what_cannot_run(self, pipeline: Pipeline) -> None:
        """Raise DefinitionError when an action is of an unknown kind, or has a role that does not exist."""
        refuse_unknown(pipeline)
        refuse_missing_roles(self.cloud, pipeline)

    def _execute(self, pipeline: Pipeline, revision: Revision, trigger: str) -> Record:
        home = self.state / pipeline.name
        home.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            scratch = stack.enter_context(_scratch())
            execution = stack.enter_context(
                executions.begin(home, pipeline, revision, trigger=trigger, emulator=self.cloud.emulator.pid, scratch=scratch)
            )
            store = ArtifactStore(self.cloud, pipeline.stores, pipeline.region, f"{pipeline.name}/{execution.record.id}")
            with self.board.showing(execution.record):
                run = _Run(self, pipeline, execution, revision, store, scratch)
                run.to_the_end()
            stack.callback(_forget_artifacts, store, self.board)
        self.board.finish(execution.record)
        return execution.record


@dataclass
class _Run:
    """One execution while it runs."""

    runner: Runner
    pipeline: Pipeline
    execution: Execution
    revision: Revision
    store: ArtifactStore
    scratch: Path
    stop: threading.Event = field(default_factory=threading.Event)

    def to_the_end(self) -> None:
        """Run every stage and record how it ended; lets through only what nobody expected, recorded as well."""
        try:
            self._stages()
        except (ExecutionEnded, DefinitionError) as ended:
            self.execution.end(_STATUSES.get(type(ended), FAILED), str(ended))
        except (ClientError, BotoCoreError) as error:
            self.execution.end(FAILED, f"the emulator does not answer: {_one_line(error)}")
        except (KeyboardInterrupt, SystemExit):
            self.execution.end(STOPPED, "a person or a signal stopped it")
            raise
        except BaseException as error:
            self.execution.end(FAILED, repr(error))
            raise
        else:
            self.execution.end(SUCCEEDED)

    def _stages(self) -> None:
        home = self.execution.directory.parent
        locks = StageLocks(home / "locks", lambda number: executions.is_alive(home, number))
        known: dict[str, dict[str, str]] = {
            "codepipeline": {"PipelineExecutionId": self.execution.record.id},
            "variables": dict(self.pipeline.variables),
        }
        for stage in self.pipeline.stages:
            with locks.occupy(stage.name, self.execution.number, self.stop, self.runner.board.say):
                self._refuse_changed()
                self.runner.refuse_what_cannot_run(replace(self.pipeline, stages=(stage,)))
                self._stage(stage, known)

    def _stage(self, stage: Stage, known: dict[str, dict[str, str]]) -> None:
        self.execution.set_stage(stage.name, IN_PROGRESS)
        try:
            for group in stage.groups:
                results = self._group(group, known)
                known.update({action.namespace: dict(result.variables) for action, result in results if action.namespace})
                self._refuse_changed()
        except BaseException as error:
            self.execution.set_stage(stage.name, _STATUSES.get(type(error), FAILED) if isinstance(error, ExecutionEnded) else FAILED)
            raise
        self.execution.set_stage(stage.name, SUCCEEDED)

    def _group(self, group: Sequence[Action], known: Mapping[str, Mapping[str, str]]) -> list[tuple[Action, Result]]:
        """Run actions together; all of them end before the first failure is raised."""
        with ThreadPoolExecutor(len(group)) as pool:
            futures = [pool.submit(self._action, action, known) for action in group]
            try:
                errors = [future.exception() for future in futures]
            except BaseException:
                self.stop.set()  # The pool waits for its threads: they must hear that they are to end.
                raise
        for error in errors:
            if error is not None:
                raise error
        return [(action, future.result()) for action, future in zip(group, futures)]

    def _action(self, action: Action, known: Mapping[str, Mapping[str, str]]) -> Result:
        board, execution = self.runner.board, self.execution
        board.changed(action, execution.set_action(action, IN_PROGRESS))
        scratch = self.scratch / f"{action.stage}.{action.name}"
        scratch.mkdir()
        try:
            with execution.log_file(action).open("w", encoding="utf-8") as log:
                result = perform(
                    Work(
                        cloud=self.runner.cloud,
                        pipeline=self.pipeline,
                        execution=execution,
                        revision=self.revision,
                        action=action,
                        known=known,
                        store=self.store,
                        scratch=scratch,
                        cache=self.runner.cache,
                        policy=self.runner.policy,
                        context=self.runner.context,
                        log=log,
                        stop=self.stop,
                        tell=lambda words: self._tell(action, words),
                        clock=self.runner.clock,
                    )
                )
        except (ActionFailed, DefinitionError, ClientError, BotoCoreError) as error:
            board.changed(action, execution.set_action(action, FAILED, _one_line(error)))
            raise ActionFailed(f"{action.label}: {_one_line(error)}") from error
        except BaseException as error:
            board.changed(action, execution.set_action(action, STOPPED if isinstance(error, Stopped) else FAILED, _one_line(error)))
            raise
        finally:
            clean(scratch)
        board.changed(action, execution.set_action(action, SUCCEEDED, result.summary))
        return result

    def _tell(self, action: Action, words: str) -> None:
        show = self.runner.board.ask if action.category == "Approval" else self.runner.board.progress
        show(action, words)

    def _refuse_changed(self) -> None:
        """Raise DefinitionChanged when the pipeline was updated, and its definition asks for a restart then."""
        if not self.pipeline.restart_on_update:
            return
        if self.runner.read().digest == self.pipeline.digest:
            return
        home = self.execution.directory.parent
        newer = [
            record.number for record in executions.records(home) if record.number > self.execution.number and record.status == IN_PROGRESS
        ]
        if newer:  # It carries a newer commit, and meets the same change.
            raise Superseded(max(newer))
        raise DefinitionChanged("the pipeline's definition changed; it starts again from its source")


@contextmanager
def _scratch() -> Iterator[Path]:
    """A directory outside of every repository: tools that look upwards for settings find none of this project's."""
    directory = Path(tempfile.mkdtemp(prefix="ledgerline-delivery-"))
    try:
        yield directory
    finally:
        clean(directory)


def _forget_artifacts(store: ArtifactStore, board: Board) -> None:
    """The emulator keeps objects in memory, so an execution's artifacts go when it ends; its logs stay."""
    try:
        store.delete()
    except (ClientError, BotoCoreError) as error:
        board.say(f"The artifacts of the execution stay in the emulator: {_one_line(error)}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
