"""Settings that an operator may change without a deployment, kept in SSM Parameter Store.

Cached for five minutes in a warm function, and checked before they are used.
"""

from __future__ import annotations

from aws_lambda_powertools.utilities import parameters

from runtime.errors import THROTTLING_CODES, InvalidInput, ParametersThrottled, ParametersUnavailable
from runtime.settings import DEFAULT_CHUNK_BYTES

_MAX_AGE_SECONDS = 300


def chunk_bytes(name: str) -> int:
    """Largest size of a chunk in bytes, 1 to 50,000,000, from the parameter *name*."""
    try:
        text = str(parameters.get_parameter(name, max_age=_MAX_AGE_SECONDS))
    except parameters.GetParameterError as error:
        # Powertools keeps SSM's own answer as what it was handling.
        answer = getattr(error.__context__, "response", {})
        throttled = answer.get("Error", {}).get("Code") in THROTTLING_CODES
        raise (ParametersThrottled if throttled else ParametersUnavailable)(name) from error
    if not text.isdecimal() or not 1 <= int(text) <= DEFAULT_CHUNK_BYTES:
        raise InvalidInput(f"parameter {name} is {text!r}; set it to a number of bytes from 1 to {DEFAULT_CHUNK_BYTES}")
    return int(text)
