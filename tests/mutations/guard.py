"""A guard: one place in the code that keeps a promise, how to break it, and the test that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Tests below these run on a Lambda runtime, all others on the tools' Python.
RUNTIME_SUITES = ("tests/unit/runtime/", "tests/properties/")


class GuardMoved(Exception):
    """A guard's text is not in its file exactly once."""

    def __init__(self, guard: Guard, times: int) -> None:
        super().__init__(f"{guard.name}: its text is {times} times in {guard.file}: the guard moved, update tests/mutations/guards/")


@dataclass(frozen=True)
class Guard:
    """``old`` is in ``file`` exactly once; with ``new`` in its place ``test`` (a pytest node id) must fail."""

    name: str
    file: str
    old: str
    new: str
    test: str

    @property
    def of_runtime(self) -> bool:
        return self.test.startswith(RUNTIME_SUITES)

    def broken(self, text: str) -> str:
        """The file's *text* without the guard; raise GuardMoved."""
        times = text.count(self.old)
        if times != 1:
            raise GuardMoved(self, times)
        return text.replace(self.old, self.new)
