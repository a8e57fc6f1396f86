"""Settings in SSM Parameter Store, which an operator may change without a deployment.

A warm function caches them for five minutes. They are checked before use.
"""

from __future__ import annotations

from aws_lambda_powertools.utilities import parameters

from runtime.core.errors import THROTTLING_CODES, InvalidInput, ParametersThrottled, ParametersUnavailable
from runtime.core.limits import MAX_CHUNK_BYTES

_MAX_AGE_SECONDS = 300
#: Far below any useful size, and above a number that was meant in megabytes or kilobytes.
_LEAST_CHUNK_BYTES = 10_000


def chunk_bytes(name: str) -> int:
    """Largest size of a chunk in bytes, 10,000 to 50,000,000, from the parameter *name*; raise InvalidInput for anything else."""
    try:
        text = str(parameters.get_parameter(name, max_age=_MAX_AGE_SECONDS))
    except parameters.GetParameterError as error:
        # Powertools raises its error while it handles SSM's, which is the context.
        answer = getattr(error.__context__, "response", {})
        throttled = answer.get("Error", {}).get("Code") in THROTTLING_CODES
        raise (ParametersThrottled if throttled else ParametersUnavailable)(name) from error
    if not text.isdecimal() or not _LEAST_CHUNK_BYTES <= int(text) <= MAX_CHUNK_BYTES:
        raise InvalidInput(f"parameter {name} is {text!r}; set it to a number of bytes from {_LEAST_CHUNK_BYTES} to {MAX_CHUNK_BYTES}")
    return int(text)
