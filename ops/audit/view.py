"""The story of a file, the fate of a row and the result of a verification as text; fits 100 columns but for long keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from ops.audit.checks import AGREES, DIFFERS, Check
from ops.audit.rows import ACCEPTED, WITHHELD, Fate
from ops.outcome import COLOURS, REPEATS, detail_text, repeats_text
from ops.record_text import dump
from ops.terminal import cell, counted, printable
from runtime.core.models import ChunkStatus
from runtime.core.reason_codes import WHOLE_ROW

Document = Mapping[str, Any]

_LABEL = 14
_SUM = (("", "rows_read", "read"), ("= ", "rows_accepted", "accepted"), ("+ ", "rows_rejected", "rejected"))


def summary(told: Document) -> RenderableType:
    """Who sent what, how it was read, and how it ended."""
    sender, sent, read, outcome, workflow = (told[name] for name in ("sender", "object", "reading", "outcome", "workflow"))
    status, place = str(told["status"]), sent["location"] or {}
    error = f"{outcome['error_type']}: {outcome['error_message']}" if outcome["error_type"] else None
    contract = f"{read['dataset']} {read['contract_version']}, SHA-256 {read['contract_sha256']}" if read["contract_sha256"] else None
    written = " of ".join(str(read[name]) for name in ("compression", "encoding") if read[name])
    form = f"records of format {read['record_format']}" if read["record_format"] else f"delimiter {read['delimiter']!r}"
    columns = f"{read['columns']} columns, {written}, {form}" if read["columns"] else None
    decoded = read["decoded"]
    rows = [
        ("file", told["file_id"]),
        ("state", cell(status, style=f"bold {COLOURS.get(status, 'cyan')}")),
        ("because", error),
        ("sent by", f"{sender['requester'] or 'unknown'} from {sender['source_ip'] or 'unknown'} at {sender['event_time']}"),
        ("as", f"s3://{sent['bucket']}/{sent['key']}"),
        ("version", sent["version_id"]),
        ("size", f"{_number(sent['size'])} bytes"),
        ("ETag", sent["etag"]),
        ("checksum", sent["checksum"] or None),
        ("is now", f"s3://{place.get('bucket')}/{place.get('key')}"),
        ("version", place.get("version_id")),
        ("not moved", sent["not_moved"]),
        ("contract", contract),
        ("read as", columns),
        ("decoded", f"{_number(decoded['size'])} bytes, SHA-256 {decoded['sha256']}; offsets count these" if decoded else None),
        ("execution", f"{workflow['execution']} (attempt {workflow['attempt']})"),
        ("rows", _counts(told["rows"])),
        ("repeated", repeats_text(told["rows"]["duplicate_rows"] or (), int(told["rows"]["duplicate_keys"] or 0)) or None),
        ("manifest", outcome["commit_manifest"]),
        ("rejects", outcome["reject_report"]),
        *(("extract", f"{part['key']}, {_number(part['size'])} bytes") for part in (outcome["extracts"] or {}).values()),
        ("committed", outcome["committed_at"]),
        ("outcome", f"delivered {outcome['published_at']}" if outcome["published_at"] else "not delivered to the partner's queue"),
    ]
    return Group(*(_labelled(name, value) for name, value in rows if value is not None))


def history(told: Document) -> RenderableType:
    return Group(Text(), Text("Transitions", style="bold"), *map(_event, told["events"]))


def chunk_list(told: Document) -> RenderableType:
    """Every chunk: this is the audit; ``ops status`` shows the odd ones."""
    lines = [line for chunk in told["chunks"] for line in _chunk(chunk)]
    earlier = [line for chunk in told["superseded"] for line in _chunk(chunk)]
    heading = [Text(), Text("Chunks of earlier plans, which count no more", style="bold")] if earlier else []
    return Group(Text(), Text("Chunks", style="bold"), *(lines or [Text("none")]), *heading, *earlier)


def fate(found: Fate, encoding: str) -> RenderableType:
    """*encoding* is the file's."""
    where = f"row {found.place:,} of" if found.reject is None else f"line {found.place:,} of"
    lines = [
        _labelled("row", cell(f"{found.row:,} was {_FATES.get(found.fate, found.fate)}", style="bold")),
        _labelled("chunk", found.chunk_id),
        _labelled("is", f"{where} {found.output['key']}"),
        _labelled("SHA-256", found.output["sha256"]),
    ]
    if found.reject is not None:
        lines.append(_labelled("bytes", f"{found.reject.length:,} from byte {found.reject.offset:,}"))
        reasons = found.reject.reasons
        lines += [_labelled("because", f"{why.column or '(whole row)'}: {why.code}: {why.message}") for why in reasons]
        record = found.reject.record
        told = [found.reject.raw] if record is None else dump(record, encoding)
        lines += [_labelled("" if index else "record", part) for index, part in enumerate(told)]
    values = (found.values or {}).items()
    width = max((len(printable(name, 40)) for name, _ in values), default=0)
    lines += [_labelled("", f"{printable(name, 40):<{width}}  {'(null)' if value is None else value}") for name, value in values]
    return Group(Text(), *lines)


_FATES = {ACCEPTED: "accepted", WITHHELD: "good, but its file was not committed, so it is no data"}


def findings(checks: Sequence[Check]) -> RenderableType:
    """What agrees, counted by claim; what does not, one by one."""
    agreed = Counter(f"{_kind(check.subject)}: {check.claim}" for check in checks if check.result == AGREES)
    lines = [_labelled("agrees", f"{claim}" + (f" ({count:,} times)" if count > 1 else ""), "green") for claim, count in agreed.items()]
    for check in checks:
        if check.result != AGREES:
            style = "bold red" if check.result == DIFFERS else "yellow"
            lines.append(_labelled(check.result.upper(), f"{check.subject}: {check.claim}: {check.detail}", style))
    return Group(Text(), Text("Verification", style="bold"), *lines)


def _kind(subject: str) -> str:
    return subject.partition(" ")[0] if subject.startswith("chunk ") else subject


def _counts(rows: Document) -> str | None:
    if rows["rows_read"] is None:
        return None
    text = " ".join(f"{sign}{_number(rows[name])} {what}" for sign, name, what in _SUM)
    extras = ((rows["blank_lines"], ("blank line", "blank lines")), (rows["duplicate_keys"], REPEATS))
    return text + "".join(f"; {counted(int(count), *words)}" for count, words in extras if count)


def _event(event: Document) -> Text:
    detail = detail_text(event["detail"] or {})
    change = f"{event['from_status'] or ''} → {event['to_status']}".strip()
    return Text(printable(f"{event['at']}  {change:<25} attempt {event['attempt']}  {detail}".rstrip(), 400))


def _chunk(chunk: Document) -> Iterator[Text]:
    colour = "green" if chunk["status"] == ChunkStatus.DONE else "yellow"
    seconds = f", {_number(chunk['seconds'])} s" if chunk["seconds"] is not None else ""
    span = f"  bytes {_number(chunk['start'])} to {_number(chunk['end'])}"
    tries = f", plan {chunk['plan']}, attempts {_number(chunk['attempts'])}{seconds}"
    yield Text.assemble((printable(chunk["chunk_id"]), "bold"), "  ", (printable(chunk["status"]), colour), span, tries)
    counts = _counts({**chunk, "duplicate_keys": 0})
    if counts:
        yield _labelled("rows", counts)
    for reason, count in sorted((chunk["reasons"] or {}).items()):
        column, _, code = reason.rpartition(":")
        yield _labelled("", f"{_number(count)} {code} in {'the whole row' if column == WHOLE_ROW else column}")
    parts = {f"of {name}": part for name, part in chunk["extracts"].items()}
    for name, written in {**chunk["outputs"], **parts}.items():
        yield _labelled(name.replace("_", " "), f"{written['key']}")
        yield _labelled("", f"{_number(written['size'])} bytes, SHA-256 {written['sha256']}")
    for error in chunk["errors"] or ():
        yield _labelled("error", f"{error['at']} {error['type']}: {error['message']}", "red")


def _number(value: object) -> str:
    """What the table calls a number; it is what an audit may doubt."""
    return f"{value:,}" if isinstance(value, (int, float)) else printable(value, 40)


def _labelled(name: str, value: object, style: str = "") -> Text:
    text = value if isinstance(value, Text) else cell(value)
    return Text.assemble((f"{name:<{_LABEL}}", style or "dim"), text)
