"""What a gap of the emulator is, and how its fix makes sure that it patches what it was written for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

#: The only version whose internals the fixes were written against.
MINISTACK = "1.5.33"


class GapMismatch(RuntimeError):
    """The emulator is not the one that a fix was written for."""


@dataclass(frozen=True)
class Gap:
    """Something that the emulator does not do as AWS does, and the patch that makes it.

    ``alone`` says what happens without the fix. ``fix`` runs in the emulator's process, once, before it serves.
    """

    name: str
    alone: str
    fix: Callable[[], None]


def must_hold(condition: object, expectation: str) -> None:
    """Raise GapMismatch unless what a fix is about to patch is as it expects."""
    if not condition:
        raise GapMismatch(f"ministack {version('ministack')}: {expectation} does not hold; local/gaps fits {MINISTACK}")


def must_contain(function: Callable[..., Any], text: str) -> None:
    """Raise GapMismatch unless the source of a function holds the text that a fix relies on."""
    must_hold(text in inspect.getsource(function), f"'{text}' in {function.__module__}.{function.__qualname__}")
