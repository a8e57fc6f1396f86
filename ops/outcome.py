"""What became of one file: as JSON for programs, as a panel for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ops.follow import Progress
from ops.terminal import bytes_text, counted, printable
from runtime.core.models import FileStatus
from runtime.core.reason_codes import WHOLE_ROW

COLOURS = {FileStatus.SUCCEEDED: "green", FileStatus.COMMITTED: "green", FileStatus.REJECTED: "yellow", FileStatus.FAILED: "red"}
_TOP_REASONS = 8

#: One row, and several, whose primary key an earlier row has.
REPEATS = ("row repeats a primary key", "rows repeat a primary key")

#: Entries of docs/runbook.md for how a file can fail; every other error is in the first one.
_ENTRY = "workflow-failed"
_ENTRIES = {"ExecutionTimedOut": "workflow-timed-out", "ExecutionAborted": "workflow-aborted"}


def document(progress: Progress, file_id: str, bucket: str) -> dict[str, Any]:
    """What ``submit --json`` answers (docs/operations.md). Row counts are null until the file was finalized."""
    file = progress.file or {}
    committed = progress.status in (FileStatus.COMMITTED, FileStatus.SUCCEEDED)
    return {
        "file_id": file_id,
        "status": progress.status,
        **{name: _number(file.get(name)) for name in ("rows_read", "rows_accepted", "rows_rejected", "chunks")},
        # What no commit manifest lists is not data, so an uncommitted file has none.
        "curated": _uris(bucket, progress.done, "parquet") if committed else [],
        "rejected": _uris(bucket, progress.done, "rejects"),
        "extracts": outputs(file)["extracts"],
        "error": error_text(file),
    }


def outputs(file: Mapping[str, Any]) -> dict[str, Any]:
    """URIs of what a file left, from its item alone: ``curated`` is its commit manifest, ``rejected`` the report of its rejects.

    ``extracts`` are URI and bytes by name, in the order of their names; none until they were put together.
    """
    return {
        "curated": _uri(file, file.get("commit_manifest")),
        "rejected": _uri(file, file.get("reject_report")),
        "extracts": {
            name: {"uri": _uri(file, found["key"]), "size": int(found["size"])}
            for name, found in sorted((file.get("extracts") or {}).items())
        },
    }


def fetch_extracts(file: Mapping[str, Any]) -> str:
    """The command that brings a file's extracts here."""
    folder = str(next(iter(file["extracts"].values()))["key"]).rpartition("/")[0]
    return f"aws s3 cp --recursive s3://{file['bucket']}/{folder}/ ."


def _uri(file: Mapping[str, Any], key: str | None) -> str | None:
    return f"s3://{file['bucket']}/{key}" if key else None


def error_text(file: Mapping[str, Any]) -> str | None:
    if not file.get("error_type"):
        return None
    return f"{file['error_type']}: {file.get('error_message', '')}"


class Reason(NamedTuple):
    """So many ``rows`` were rejected for ``code`` in ``column``; None is the row as a whole."""

    column: str | None
    code: str
    rows: int


def reasons(file: Mapping[str, Any], chunks: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """Why rows were rejected, most frequent first: from the file once it was finalized, from its finished chunks before."""
    counted: Counter[str] = Counter()
    for source in (file,) if file.get("reasons") is not None else chunks:
        counted.update({name: int(count) for name, count in (source.get("reasons") or {}).items()})
    found = []
    for name, count in counted.items():
        column, _, code = name.rpartition(":")
        found.append(Reason(None if column == WHOLE_ROW else column, code, count))
    return sorted(found, key=lambda reason: (-reason.rows, reason.column or "", reason.code))


def reason_table(found: Sequence[Reason], limit: int = 0) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("column")
    table.add_column("reason")
    table.add_column("rows", justify="right", no_wrap=True)
    for column, code, count in found[: limit or None]:
        table.add_row(Text("(whole row)" if column is None else printable(column, 60)), Text(printable(code, 40)), f"{count:,}")
    if limit and len(found) > limit:
        table.add_row("", f"{len(found) - limit} more", f"{sum(count for *_, count in found[limit:]):,}")
    return table


def panel(progress: Progress, file_id: str, follow_up: str = "") -> RenderableType:
    """What became of the file and its rows; *follow_up* is what a command needs to meet the same stage (`` --stage x``)."""
    file = progress.file or {}
    status = progress.status or "NOT REGISTERED"
    colour = COLOURS.get(status, "cyan")
    parts: list[RenderableType] = [Text(line) for line in _counts(progress)]
    problem = error_text(file)
    if problem:
        parts.insert(0, Text(printable(problem), style=colour))
    found = reasons(file, progress.done)
    if found:
        parts += [Text(), Text("Why rows were rejected (a row may have several reasons)", style="bold"), reason_table(found, _TOP_REASONS)]
        parts.append(Text(f"Each of them: python -m ops rejects {file_id}{follow_up}", style="dim"))
    title = Text.assemble((printable(file.get("name") or file_id, 60), "bold"), ": ", (status, f"bold {colour}"))
    return Panel(Group(*parts), title=title, title_align="left", border_style=colour, padding=(1, 2), expand=False)


def places(progress: Progress, file_id: str, bucket: str) -> str:
    """Where everything of the file is: whole lines, to be copied from the terminal."""
    file = progress.file or {}
    lines = [("file id", file_id)]
    objects = [chunk for chunk in progress.done if chunk.get("parquet")]
    if file.get("commit_manifest"):
        lines.append(("data", _folder(bucket, objects, "parquet") if objects else "none: no row was accepted"))
        lines.append(("manifest", f"s3://{bucket}/{file['commit_manifest']}"))
    elif progress.status in (FileStatus.REJECTED, FileStatus.FAILED):
        lines.append(("data", f"none: the file is {progress.status}"))
    refused = [chunk for chunk in progress.done if chunk.get("rejects")]
    if refused:
        lines.append(("rejects", _folder(bucket, refused, "rejects")))
    for name, found in outputs(file)["extracts"].items():
        lines.append(("extract", f"{name}: {found['uri']} ({found['size']:,} bytes)"))
    if file.get("extracts"):
        lines.append(("fetch", fetch_extracts(file)))
    if file.get("location"):
        lines.append(("original", f"s3://{file['location']['bucket']}/{file['location']['key']}"))
    return "\n".join(f"{name:<9} {printable(place)}" for name, place in lines)


def next_step(file: Mapping[str, Any], file_id: str, follow_up: str = "") -> str | None:
    """What a person does about a file that FAILED; None for every other one."""
    if file.get("file_status") != FileStatus.FAILED:
        return None
    entry = _ENTRIES.get(str(file.get("error_type")), _ENTRY)
    command = f"python -m ops redrive {file_id}{follow_up}"
    return f"What to do: docs/runbook.md, {entry}\nOnce the reason is gone, take it up again:\n  {command}"


def repeats_text(pairs: Sequence[Sequence[int]], count: int) -> str:
    """Which of *count* rows repeat which: *pairs* of an earlier row and its repeat, the first few."""
    more = [f"and {count - len(pairs):,} more"] if count > len(pairs) else []
    return ", ".join([*(f"row {again:,} repeats row {row:,}" for row, again in pairs), *more])


def detail_text(detail: Mapping[str, Any]) -> str:
    """What an event says beside its states, for people: places as URIs, and nothing of what is not known."""
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in _details("", detail))


def _details(prefix: str, detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(detail.items()):
        if isinstance(value, Mapping) and {"bucket", "key"} <= value.keys():
            yield prefix + name, f"s3://{value['bucket']}/{value['key']}"
        elif isinstance(value, Mapping):
            yield from _details(f"{prefix}{name} ", value)
        elif isinstance(value, bool):
            yield prefix + name, "yes" if value else "no"
        elif value is not None:
            yield prefix + name, ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _counts(progress: Progress) -> list[str]:
    file = progress.file or {}
    lines = []
    if file.get("rows_read") is not None:
        read, accepted, rejected = (int(file.get(name, 0)) for name in ("rows_read", "rows_accepted", "rows_rejected"))
        lines.append(f"{read:,} rows read {'=' if read == accepted + rejected else '≠'} {accepted:,} accepted + {rejected:,} rejected")
        blank, repeated = (int(file.get(name) or 0) for name in ("blank_lines", "duplicate_keys"))
        lines += [counted(blank, "blank line was skipped", "blank lines were skipped")] if blank else []
        lines += [counted(repeated, *REPEATS)] if repeated else []
    if file.get("offsets") == "decoded":
        lines.append(_decoded(file))
    size, chunks = bytes_text(float(file.get("size", 0))), progress.chunks_total
    cut = "" if chunks is None else f" in {counted(chunks, 'chunk')}"
    return [*lines, size + cut + (f", {progress.seconds:,.1f} s" if progress.seconds else "")]


def _decoded(file: Mapping[str, Any]) -> str:
    """What every byte offset of the file counts, where that is not its own bytes."""
    how = " of ".join(str(file[name]) for name in ("compression", "encoding") if file.get(name))
    size = f", {bytes_text(float(file['decoded']['size']))}" if file.get("decoded") else ""
    return f"byte offsets count the decoded text ({how}{size})"


def _folder(bucket: str, chunks: Sequence[Mapping[str, Any]], kind: str) -> str:
    return f"s3://{bucket}/{str(chunks[0][kind]['key']).rpartition('/')[0]}/ ({counted(len(chunks), 'object')})"


def _uris(bucket: str, chunks: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return [f"s3://{bucket}/{chunk[kind]['key']}" for chunk in chunks if chunk.get(kind)]


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
