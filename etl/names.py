"""How resources are named: ``etl-<kind>-<suffix>``, so that the stages of an account have no name in common.

Names that AWS wants in another form (stacks, alarms, log groups, parameters) hold the suffix too, and :mod:`pipeline.gates.rules`
checks that every name ends in it. Bucket names are global and also hold account and region. S3 allows them 63 characters: 12 of
prefix, 12 of account, 14 of the longest region name, 20 of suffix, and the dashes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Sequence

MAX_SUFFIX = 20
MAX_BUCKET_PREFIX = 12

_SUFFIX = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{MAX_SUFFIX - 2}}}[a-z0-9])?")


def is_suffix(text: str) -> bool:
    """True for 1 to 20 lower-case letters, digits and inner dashes."""
    return _SUFFIX.fullmatch(text) is not None


def physical(kind: str, suffix: str) -> str:
    """Name of the one resource of its *kind* in the stage *suffix*."""
    return f"etl-{kind}-{suffix}"


def stack(suffix: str) -> str:
    """Name of the stage's stack."""
    return f"etl-{suffix}"


def derived(path: Sequence[str], stack_name: str, suffix: str, limit: int = 64) -> str:
    """Name for a resource without one, made of its construct path within the stack called *stack_name*.

    It holds the stack's name too, since IAM's names are shared by all regions. A name over *limit*
    characters is cut and ends in 8 hex digits of its hash, which keeps names apart.
    """
    stack_kind = stack_name.removeprefix("etl-").removesuffix(suffix).strip("-")
    kind = kebab("-".join(filter(None, (stack_kind, *path))))
    room = limit - len(physical("", suffix))
    if len(kind) > room:
        kind = f"{kind[: room - 9].rstrip('-')}-{hashlib.sha256(kind.encode()).hexdigest()[:8]}"
    return physical(kind, suffix)


def bucket(kind: str, account: str, region: str, suffix: str) -> str:
    """Name of a bucket; raise ValueError where *kind* leaves no room for the longest region and suffix."""
    prefix = f"etl-{kind}"
    if len(prefix) > MAX_BUCKET_PREFIX:
        raise ValueError(f"bucket prefix {prefix!r} is longer than {MAX_BUCKET_PREFIX} characters, which S3's 63 do not allow")
    return f"{prefix}-{account}-{region}-{suffix}"


def alarm_prefix(suffix: str) -> str:
    """Prefix of the stage's alarms and of no other stage's. CloudWatch can list alarms by prefix only."""
    return f"etl-{suffix}/"


def alarm(kind: str, suffix: str) -> str:
    return f"{alarm_prefix(suffix)}{kind}-{suffix}"


def log_group(function: str) -> str:
    """The log group of the function of that name, by Lambda's convention."""
    return f"/aws/lambda/{function}"


def kebab(text: str) -> str:
    """``ProcessChunk`` and ``process_chunk`` are both ``process-chunk``."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()).strip("-")
