"""What can go wrong on this machine, each with one line that says what to do."""

from __future__ import annotations


class LocalError(Exception):
    """The local stage could not do what was asked; the message names what, where, and what to do."""
