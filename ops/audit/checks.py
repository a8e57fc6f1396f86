"""One check of a verification: a claim about something, and whether it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ops.errors import OutputDiffers
from runtime.core.errors import AccessRefused, ObjectMissing, PermanentError

AGREES = "agrees"
DIFFERS = "differs"
#: The check could not be made: something is archived, expired or not readable.
UNKNOWN = "unknown"


class Unverifiable(Exception):
    """Why a check cannot be made, and what to do; never leaves the verification."""


@dataclass(frozen=True)
class Check:
    """*subject* is what was looked at, *claim* what must hold of it, *detail* why it does not, without values of rows."""

    subject: str
    claim: str
    result: str
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(subject: str, claim: str, find: Callable[[], str | None]) -> Check:
    """Make one check: *find* returns None, or what differs.

    Table, objects and manifests are what is in doubt: where one has not even the form that it must have, that is the finding.
    """
    try:
        problem = find()
    except (Unverifiable, AccessRefused) as error:
        return Check(subject, claim, UNKNOWN, _why(error))
    except (OutputDiffers, PermanentError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return Check(subject, claim, DIFFERS, _why(error))
    return Check(subject, claim, DIFFERS if problem else AGREES, problem or "")


def _why(error: Exception) -> str:
    if isinstance(error, AccessRefused):
        return f"{error.operation} on {error.resource} was refused; use credentials that may do this"
    if isinstance(error, ObjectMissing):
        return f"{error.key} is not in the bucket"
    if isinstance(error, OutputDiffers):
        return f"{error.key}: {error.written} was written, {error.found} is there"
    known = isinstance(error, (Unverifiable, PermanentError)) or type(error) is ValueError
    return str(error) if known else f"what is recorded has not the form that it must have ({type(error).__name__}: {error})"
