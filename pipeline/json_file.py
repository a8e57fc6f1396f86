"""Reading JSON files, with an error that says in words what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Unreadable(Exception):
    """The file cannot be read as asked; the message says why."""


def read_json(path: Path, key: str | None = None) -> Any:
    """The content of *path*, or its value under *key*; raise Unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content if key is None else content[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(why(error)) from error


def why(error: Exception) -> str:
    """*error* of reading JSON in words: an OSError, a ValueError of :mod:`json`, or a KeyError or TypeError of looking into it."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return f"it is not JSON: {error}" if isinstance(error, ValueError) else "it is not an object"
