"""Keys of the data bucket: how each object's key is made, and how a partner's key is read.

A partner's key is untrusted input. Only segments that :func:`parse_incoming` has checked are used in other keys.
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
#: Records of the last validated deployment. The delivery writes them; they contain no data of partners.
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
    """True for the empty objects that consoles create as folders. An object with content is a file under an invalid key."""
    return key.endswith("/") and size == 0


def parse_incoming(key: str) -> IncomingKey:
    """Read a key under ``incoming/``; raise InvalidKey if it is not allowed."""
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
    """Key of a file's snapshot: its contract and layout, fixed at validation."""
    return f"{MANIFESTS}{file_id}.reading-{sha256[:16]}.json"


def has_digest(key: str, sha256: str) -> bool:
    """Whether *key* was made from the content with this digest."""
    return f"-{sha256[:16]}." in key


def plan_manifest(file_id: str, sha256: str) -> str:
    """Planners of one file whose plans differ write two objects; the file's item names the valid one."""
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


#: The decoded text of a compressed or re-encoded original.
DECODED_NAME = "decoded.csv"


def decoded_text(dataset: str, file_id: str) -> str:
    """Each planner writes its own version; the file's item names the valid one."""
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
    """The id of the file whose output is at *key*; None for commit manifests, parts of extracts and other keys."""
    match = _OUTPUT.fullmatch(key)
    return None if match is None else next(filter(None, match.groups()))


def archived(prefix: str, key: str, file_id: str) -> str:
    """The key of an original after its move from ``incoming/``: the same path, with the file's id before the name.

    A name that would make the key longer than S3's 1,024 bytes loses its beginning; the complete original key
    is in the tracking table. Files with an invalid key go under ``_invalid/``.
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
