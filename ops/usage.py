"""What is wrong with an option, in plain words: typer has it checked by a library, and shows what that library says."""

from __future__ import annotations

from typing import Any

import typer

#: The library's name for what is wrong -> what to say; ``found`` is what was given.
_WORDS = {
    "greater_than_equal": "{found} is less than {ge}",
    "less_than_equal": "{found} is more than {le}",
    "int_parsing": "{found!r} is no whole number",
    "int_from_float": "{found!r} is no whole number",
    "float_parsing": "{found!r} is no number",
}


def plainly(error: typer.BadParameter) -> typer.BadParameter:
    """*error* in our words where they are needed, and as it is where they are not."""
    about = getattr(error.__cause__, "errors", None)
    if about is not None:
        first: dict[str, Any] = about()[0]
        words = _WORDS.get(first["type"], "{found!r} cannot be used here")
        error.message = words.format(found=first["input"], **first.get("ctx", {}))
    return error
