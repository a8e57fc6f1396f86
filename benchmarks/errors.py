"""The error that stops a benchmark; its message is one readable line."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A measurement could not be made. The message says which, and what to do."""
