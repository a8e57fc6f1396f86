"""Where everything is in the data bucket, and what a partner's key says.

A key is hostile until :func:`parse_incoming` has read it: nothing of it is used in another key
but segments that were checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.core.errors import InvalidKey

INCOMING = "incoming/"
PROCESSED = "processed/"
FAILED = "failed/"
MANIFESTS = "manifests/"
STAGING = "staging/"
CURATED = "curated/"
REJECTED = "rejected/"
#: Files for programs that read records, as a contract's ``extracts`` describe them.
EXTRACTS = "extracts/"
#: What a stage was when it was last validated: no data, and nothing that a function writes.
VALIDATED = "validated/"

#: Partner of a file whose key names none.
NO_PARTNER = "_none"

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=-]{0,63}")
_MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class IncomingKey:
    """``incoming/<dataset>/<partner>/<name>``; a shorter key names no partner, or no dataset either."""

    dataset: str | None
    partner: str
    name: str


def is_folder(key: str, size: int) -> bool:
    """True for the empty objects that consoles make as folders. One with content is a file under a bad name."""
    return key.endswith("/") and size == 0


def parse_incoming(key: str) -> IncomingKey:
    """Read a key under ``incoming/``; raise InvalidKey for one that may not be used."""
    if not key.startswith(INCOMING):
        raise InvalidKey(key, f"does not begin with {INCOMING}")
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        raise InvalidKey(key, "holds a control character")
    dataset, partner, name = _split(key[len(INCOMING) :])
    for what, segment in (("dataset", dataset), ("partner", partner)):
        if segment is not None and not _SEGMENT.fullmatch(segment):
            raise InvalidKey(key, f"{what} {segment!r} is not 1 to 64 letters, digits, '_', '-', '.' or '='")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise InvalidKey(key, "holds an empty, '.' or '..' segment")
    return IncomingKey(dataset, partner or NO_PARTNER, name)


def _split(rest: str) -> tuple[str | None, str | None, str]:
    parts = rest.split("/", 2)
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    if len(parts) == 2:
        return parts[0], None, parts[1]
    return None, None, parts[0]


def reading(file_id: str, sha256: str) -> str:
    """The contract and layout that a file is read by, fixed when it was validated."""
    return f"{MANIFESTS}{file_id}.reading-{sha256[:16]}.json"


def has_digest(key: str, sha256: str) -> bool:
    """Whether *key* was made from this content."""
    return f"-{sha256[:16]}." in key


def plan_manifest(file_id: str, sha256: str) -> str:
    """Two planners of one file that disagree write two objects; the file's item names the one that counts."""
    return f"{MANIFESTS}{file_id}.plan-{sha256[:16]}.json"


def chunk_parquet(dataset: str, file_id: str, chunk_id: str, sha256: str) -> str:
    return f"{CURATED}{dataset}/{file_id}/{chunk_id}-{sha256[:16]}.parquet"


def chunk_rejects(dataset: str, file_id: str, chunk_id: str, sha256: str) -> str:
    return f"{REJECTED}{dataset}/{file_id}/{chunk_id}-{sha256[:16]}.jsonl"


def chunk_reasons(dataset: str, file_id: str, chunk_id: str, sha256: str) -> str:
    return f"{REJECTED}{dataset}/{file_id}/{chunk_id}-{sha256[:16]}.reasons.json"


def chunk_key_digests(dataset: str, file_id: str, chunk_id: str, sha256: str) -> str:
    return f"{STAGING}{dataset}/{file_id}/{chunk_id}-{sha256[:16]}.keys"


def chunk_extract(dataset: str, file_id: str, chunk_id: str, name: str, sha256: str) -> str:
    """A chunk's part of an extract."""
    return f"{STAGING}{dataset}/{file_id}/{chunk_id}-{sha256[:16]}.{name}.extract"


def extract(dataset: str, file_id: str, name: str) -> str:
    return f"{EXTRACTS}{dataset}/{file_id}/{name}.dat"


#: An original that had to be decoded, as text with random access.
DECODED_NAME = "decoded.csv"


def decoded_text(dataset: str, file_id: str) -> str:
    """Each planner writes a version of its own; the file's item names the one that counts."""
    return f"{STAGING}{dataset}/{file_id}/{DECODED_NAME}"


def commit_manifest(dataset: str, file_id: str) -> str:
    return f"{CURATED}{dataset}/_files/{file_id}.json"


def reject_report(dataset: str, file_id: str) -> str:
    return f"{REJECTED}{dataset}/_files/{file_id}.json"


_OUTPUT = re.compile(
    rf"""(?:{CURATED}[^/]+/(?P<parquet>[0-9a-f]{{32}})/[0-9]{{5}}-[0-9a-f]{{16}}\.parquet
    |{REJECTED}[^/]+/(?P<rejects>[0-9a-f]{{32}})/[0-9]{{5}}-[0-9a-f]{{16}}\.(?:jsonl|reasons\.json)
    |{REJECTED}[^/]+/_files/(?P<report>[0-9a-f]{{32}})\.json
    |{STAGING}[^/]+/(?P<digests>[0-9a-f]{{32}})/[0-9]{{5}}-[0-9a-f]{{16}}\.keys
    |{STAGING}[^/]+/(?P<text>[0-9a-f]{{32}})/{re.escape(DECODED_NAME)})""",
    re.VERBOSE,
)


def file_of_output(key: str) -> str | None:
    """The id of the file that a key made above is an output of; None for a commit manifest and for any other key."""
    match = _OUTPUT.fullmatch(key)
    return None if match is None else next(filter(None, match.groups()))


def archived(prefix: str, key: str, file_id: str) -> str:
    """Where an original goes when it leaves ``incoming/``: its own path, with the id before the name.

    Cut from the front of the name where S3's 1,024 bytes would be passed; the whole original key
    is in the tracking table. A key that may not be used goes under ``_invalid/``.
    """
    try:
        parse_incoming(key)
    except InvalidKey:
        return f"{prefix}_invalid/{file_id}"
    folder, _, name = key[len(INCOMING) :].rpartition("/")
    start = f"{prefix}{folder}/{file_id}-" if folder else f"{prefix}{file_id}-"
    if len(start.encode()) > _MAX_KEY_BYTES - 64:
        start = f"{prefix}{file_id}-"
    tail = name.encode()[-(_MAX_KEY_BYTES - len(start.encode())) :]
    return start + tail.decode("utf-8", "ignore")
