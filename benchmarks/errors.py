"""What stops a benchmark; each is one line for a person."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A measurement could not be made: what, and what to do."""
