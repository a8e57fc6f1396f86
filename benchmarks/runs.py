"""Runs of contestants in turn, A B A B, so that a disturbance of the machine affects all of them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.errors import BenchmarkError
from local.testing.runtimes import ROOT

#: Contestants write to memory if the machine has such a file system, so that no disk is measured.
_MEMORY = Path("/dev/shm")  # noqa: S108  # files of ours, in a fresh folder


@dataclass(frozen=True)
class Entrant:
    """A contestant and its job: ``task`` is ``module.function`` of benchmarks.contestants, run by ``python``.

    ``environment`` holds further environment variables of its process.
    """

    label: str
    python: Path
    task: str
    job: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run: wall and processor seconds, its process's peak memory until then, and its answer."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    answer: Mapping[str, Any]


def whole(entrants: Sequence[Entrant], pairs: int) -> dict[str, list[Run]]:
    """Runs in a new process each time, timed with its start and imports."""
    runs: dict[str, list[Run]] = {entrant.label: [] for entrant in entrants}
    for _ in range(pairs):
        for entrant in entrants:
            with _folder() as out:
                runs[entrant.label].append(_run_process(entrant, out))
    return runs


def warm(entrants: Sequence[Entrant], pairs: int) -> dict[str, list[Run]]:
    """Runs in one process per contestant; the first run of each is not counted."""
    runs: dict[str, list[Run]] = {entrant.label: [] for entrant in entrants}
    with contextlib.ExitStack() as stack:
        workers: dict[tuple[Path, str], _Worker] = {}
        for entrant in entrants:
            key = (entrant.python, entrant.task)
            if key not in workers:
                workers[key] = stack.enter_context(contextlib.closing(_Worker(entrant)))
        for round_ in range(pairs + 1):
            for entrant in entrants:
                with _folder() as out:
                    run = workers[entrant.python, entrant.task].run(entrant, out)
                if round_:
                    runs[entrant.label].append(run)
    return runs


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ledgerline-bench-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _command(entrant: Entrant) -> list[str]:
    return [str(entrant.python), "-W", "ignore", "-m", "benchmarks.worker", entrant.task]


def _environment(entrant: Entrant) -> dict[str, str]:
    return {**os.environ, **entrant.environment}


def _job(entrant: Entrant, out: Path) -> str:
    return json.dumps({**entrant.job, "out": str(out)})


def _run_process(entrant: Entrant, out: Path) -> Run:
    with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*_command(entrant), _job(entrant, out)],
            cwd=ROOT,
            env=_environment(entrant),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
        if process.returncode != 0:
            raise _failure(entrant, errors)
        answer.seek(0)
        return Run(seconds, usage.ru_utime + usage.ru_stime, **json.loads(answer.read()))


class _Worker:
    """A process that takes one job after another. The caller closes it."""

    def __init__(self, entrant: Entrant) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the process
        self._process = subprocess.Popen(
            _command(entrant),
            cwd=ROOT,
            env=_environment(entrant),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )

    def run(self, entrant: Entrant, out: Path) -> Run:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(_job(entrant, out) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()  # so that its error output is complete
            raise _failure(entrant, self._errors)
        return Run(**json.loads(line))

    def close(self) -> None:
        with self._errors, contextlib.suppress(BrokenPipeError):
            self._process.kill()
            self._process.communicate()


def _failure(entrant: Entrant, errors: IO[str]) -> BenchmarkError:
    errors.seek(0)
    said = errors.read().strip().splitlines()
    return BenchmarkError(f"{entrant.label} ({entrant.task}) ended: {said[-1] if said else 'without a word'}")
