"""Whether the tracking table agrees with itself: nothing but its own items is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ops.audit.checks import Check, check
from ops.audit.story import COUNTS
from runtime.chunk.proofs import ChunkProof, fold
from runtime.core import keys
from runtime.core.models import ChunkStatus, FileStatus, file_id
from runtime.steps.reasons import ALL_REASONS, commonest, summed
from runtime.steps.stage import text_of

Item = Mapping[str, Any]

COMMITTED = (FileStatus.COMMITTED, FileStatus.SUCCEEDED)
_KEYS: dict[str, Callable[[str, str, str, str], str]] = {
    "parquet": keys.chunk_parquet,
    "rejects": keys.chunk_rejects,
    "key_digests": keys.chunk_key_digests,
}


_FORMS: dict[str, type] = {
    **dict.fromkeys(("chunk_id", "file_id", "file_status", "status", "source_name", "key", "version_id", "sha256", "etag"), str),
    **dict.fromkeys(("size", "revision", "start", "end", "chunks", "header_bytes", "rows", "duplicate_keys", *COUNTS), int),
    **dict.fromkeys(("location", "decoded", "reasons", ALL_REASONS, "proof", "extracts", *_KEYS), dict),
}
_FILE_NEEDS = ("file_id", "file_status", "revision", "source_name", "key", "version_id", "size", "etag", "location")
_COMMITTED_NEEDS = ("chunks", "header_bytes", "reasons", "duplicate_keys", *COUNTS)
_CHUNK_NEEDS = ("chunk_id", "status", "start", "end")
_DONE_NEEDS = ("reasons", "proof", *COUNTS)
_PART_NEEDS = ("key", "size", "sha256")
_OUTPUT_NEEDS = (*_PART_NEEDS, "rows")


def malformed(file: Item, chunks: Sequence[Item], events: Sequence[Item]) -> str | None:
    """The first entry that is missing, or not of its type: what else is checked may rely on all of them."""
    problem = _form("the file's item", file, _FILE_NEEDS + (_COMMITTED_NEEDS if file["file_status"] in COMMITTED else ()))
    if "decoded" in file and not problem:
        problem = _form("the decoded text", file["decoded"], ("key", "version_id", "size", "sha256"))
    for chunk in chunks:
        done, name = chunk.get("status") == ChunkStatus.DONE, f"chunk {chunk['chunk_id']}"
        problem = problem or _form(name, chunk, _CHUNK_NEEDS + (_DONE_NEEDS if done else ()))
        for output in _KEYS:
            if done and output in chunk and not problem:
                problem = _form(f"{output} of {name}", chunk[output], _OUTPUT_NEEDS)
        if done and ALL_REASONS in chunk and not problem:
            problem = _form(f"reasons of {name}", chunk[ALL_REASONS], _PART_NEEDS)
        for extract, part in (chunk.get("extracts", {}) if done and not problem else {}).items():
            problem = problem or _form(f"extract {extract} of {name}", part, _PART_NEEDS)
    return problem or (None if events else "there is no event")


def _form(what: str, item: Item, needed: Iterable[str]) -> str | None:
    for name in needed:
        if name not in item:
            return f"{what} has no {name}"
    for name, form in _FORMS.items():
        if name in item and type(item[name]) is not form:
            return f"{name} of {what} is a {type(item[name]).__name__}, not a {form.__name__}"
        if form is int and name in item and item[name] < 0:
            return f"{name} of {what} is {item[name]}"
    return None


def table_checks(file: Item, chunks: Sequence[Item], events: Sequence[Item]) -> Iterator[Check]:
    """A file that was not committed may have chunks that are not done, and then no counts to compare them with."""
    committed = file["file_status"] in COMMITTED
    yield check("table", "the file's id is that of its key and version", lambda: _identity(file))
    yield check("table", "each transition begins where the one before it ended", lambda: _transitions(file, events))
    yield check("table", "why the file ended is what the event of its end tells", lambda: _reason(file, events))
    if committed:
        yield check("table", "the chunks cover the original, and each ends on a record boundary", lambda: uncovered(file, chunks))
    if committed or any(name in file for name in COUNTS):
        yield check("table", "the file's counts are the sums of its chunks'", lambda: _sums(file, chunks))
    for chunk in chunks:
        if committed or chunk["status"] == ChunkStatus.DONE:
            yield check(f"chunk {chunk['chunk_id']}", "its counts add up", lambda chunk=chunk: _counts(chunk))  # type: ignore[misc]
            yield check(
                f"chunk {chunk['chunk_id']}",
                "its outputs bear its number and their digest",
                lambda chunk=chunk: _names(file, chunk),  # type: ignore[misc]
            )


def uncovered(file: Item, chunks: Sequence[Item]) -> str | None:
    """What keeps the chunks from being the whole file in order, or None."""
    if "chunks" not in file:
        return "the file was not divided into chunks"
    if len(chunks) != file["chunks"]:
        return f"the file has {file['chunks']:,} chunks, the table {len(chunks):,}"
    undone = [chunk["chunk_id"] for chunk in chunks if chunk["status"] != ChunkStatus.DONE]
    if undone:
        return f"chunk {undone[0]} is not done"
    proofs = [ChunkProof(chunk["start"], chunk["end"], chunk["proof"]["aligned"], chunk["proof"]["open_quote"]) for chunk in chunks]
    _, size = text_of(dict(file))
    verdict = fold(proofs, file["header_bytes"], size)
    broken = verdict.never_ends if verdict.replan_from is None else verdict.replan_from
    return None if broken is None else f"no record ends where the chunk from byte {broken} ends"


def _identity(file: Item) -> str | None:
    expected = file_id(file["source_name"], file["key"], file["version_id"])
    return None if expected == file["file_id"] else f"they give {expected}"


def _transitions(file: Item, events: Sequence[Item]) -> str | None:
    """A delivery counts as a revision and is no event: only after an end may one be missing from the count."""
    status, revision = None, 0
    for event in sorted(events, key=_revision):
        if _revision(event) != revision + 1 and status not in FileStatus.ENDED:
            return f"no event tells of revision {revision + 1} of {file['revision']}"
        if event["from_status"] != status:
            return f"the event of revision {_revision(event)} starts from {event['from_status']}, after {status}"
        status, revision = event["to_status"], _revision(event)
    if status != file["file_status"]:
        return f"the events end with {status}, the file is {file['file_status']}"
    if file["revision"] != revision and not (file["revision"] > revision and file.get("published_at")):
        return f"the events end with revision {revision}, the file has {file['revision']}"
    return None


def _reason(file: Item, events: Sequence[Item]) -> str | None:
    ends = [event for event in events if event["to_status"] == file["file_status"] != event["from_status"]]
    if not ends:
        return "no event tells of the end"
    last = max(ends, key=_revision)
    wrong = [name for name in ("error_type", "error_message") if last["detail"].get(name) != file.get(name)]
    return f"{wrong[0]} is not what the event of revision {_revision(last)} tells" if wrong else None


def _revision(event: Item) -> int:
    return int(event["chunk_id"].rpartition("#")[2])


def _sums(file: Item, chunks: Sequence[Item]) -> str | None:
    for name in COUNTS:
        total = sum(chunk[name] for chunk in chunks)
        if file[name] != total:
            return f"{name} of the file is {file[name]:,}, the chunks have {total:,}"
    if commonest(summed(chunks)) != dict(file["reasons"]):
        return "the reasons of the file's rejects are not those of its chunks"
    return None


def _counts(chunk: Item) -> str | None:
    read, accepted, rejected = (chunk[name] for name in ("rows_read", "rows_accepted", "rows_rejected"))
    if read != accepted + rejected:
        return f"{read:,} rows read are not {accepted:,} accepted + {rejected:,} rejected"
    for name, rows in (("parquet", accepted), ("rejects", rejected)):
        written = chunk.get(name, {"rows": 0})["rows"]
        if written != rows:
            return f"its {name} has {written:,} rows, not {rows:,}"
    return None


def _names(file: Item, chunk: Item) -> str | None:
    for name, key_of in _KEYS.items():
        if name in chunk:
            expected = key_of(file["dataset"], file["file_id"], chunk["chunk_id"], chunk[name]["sha256"])
            if chunk[name]["key"] != expected:
                return f"its {name} is {chunk[name]['key']}, not {expected}"
    if ALL_REASONS in chunk:
        expected = keys.chunk_reasons(file["dataset"], file["file_id"], chunk["chunk_id"], chunk[ALL_REASONS]["sha256"])
        if chunk[ALL_REASONS]["key"] != expected:
            return f"all its reasons are at {chunk[ALL_REASONS]['key']}, not {expected}"
    for name, part in chunk.get("extracts", {}).items():
        expected = keys.chunk_extract(file["dataset"], file["file_id"], chunk["chunk_id"], name, part["sha256"])
        if part["key"] != expected:
            return f"its part of extract {name} is {part['key']}, not {expected}"
    return None
