"""Why a file of JSON could not be read, in words."""

from __future__ import annotations


def why(error: Exception) -> str:
    """*error* of reading and parsing a file: an OSError, a ValueError of :mod:`json`, or a KeyError of what should be in it."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return f"it is not JSON: {error}" if isinstance(error, ValueError) else "it is not an object"
