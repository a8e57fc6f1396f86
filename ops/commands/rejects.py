"""``python -m ops rejects``: why rows of a file were rejected, and which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.errors import FileUnknown, NotWritable
from ops.follow import look
from ops.options import DEFAULT_STAGE, FileIdArgument, JsonOption, RegionOption, StageOption, connect
from ops.outcome import error_text, reason_table, reasons
from ops.reject_lines import RejectedRow, rejected_rows
from ops.spreadsheet import write_csv
from ops.terminal import cell, counted, emit, printable, stderr, stdout

_HEADER = ("row", "offset", "length", "column", "code", "message", "raw")


def rejects(
    file_id: FileIdArgument,
    limit: Annotated[int, typer.Option(min=0, max=10_000, help="How many rejected rows to show.")] = 20,
    export: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="OUT.csv", help="Write all of them as CSV that no spreadsheet will execute.")
    ] = None,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Show why rows of a file were rejected, with samples; or export all of them.

    Example: python -m ops rejects 0123456789abcdef0123456789abcdef --export rejects.csv
    """
    deployed = connect(stage, region)
    progress = look(deployed.tracking, file_id)
    if progress.file is None:
        raise FileUnknown(file_id, stage)
    bucket = deployed.stage.data_bucket_name
    by_reason = reasons(progress.file, progress.done)
    rejected_count = progress.rows("rows_rejected")
    exported = None
    if export is not None:
        exported = _export(export, rejected_rows(deployed.aws.s3, bucket, progress.chunks))
        stderr().print(f"Wrote {counted(exported, 'reason')} of {counted(rejected_count, 'row')} to {export}", markup=False, soft_wrap=True)
    sample = list(islice(rejected_rows(deployed.aws.s3, bucket, progress.chunks), limit))
    if json:
        emit(
            {
                "file_id": file_id,
                "status": progress.status,
                "error": error_text(progress.file),
                "rows_rejected": rejected_count,
                "offsets": progress.file.get("offsets", "original"),
                "reasons": [reason._asdict() for reason in by_reason],
                "rows": [row.to_dict() for row in sample],
                "exported": exported,
            }
        )
    elif not rejected_count:
        problem = error_text(progress.file)
        stdout().print(f"No row of this file was rejected; the file is {progress.status}.", markup=False)
        if problem:
            stdout().print(printable(problem), markup=False, soft_wrap=True)
    else:
        title = Text(f"{counted(rejected_count, 'row')} rejected", style="bold")
        stdout().print(Group(title, reason_table(by_reason), Text(), row_table(sample, rejected_count, str(progress.file.get("encoding")))))


def row_table(
    sample: list[RejectedRow], rejected_count: int, encoding: str, more: str = "--limit shows, --export writes them"
) -> RenderableType:
    """*more* says how the command shows those that are not in *sample*."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("row", "at byte"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("column", "reason", "record"):
        table.add_column(name)
    for row in sample:
        for index, reason in enumerate(row.reasons):
            where = (f"{row.row:,}" if row.row else f"in {row.chunk_id}", f"{row.offset:,}") if index == 0 else ("", "")
            table.add_row(
                *where,
                cell(reason.column or "(whole row)", 40),
                cell(f"{reason.code}: {reason.message}", 120),
                cell(row.text(encoding) if index == 0 else "", 80),
            )
    left = rejected_count - len(sample)
    return Group(table, Text(f"{left:,} more: {more}", style="dim")) if left > 0 else table


def _export(target: Path, rows: Iterable[RejectedRow]) -> int:
    """Write one line a reason; the file appears whole or not at all. Raises NotWritable."""
    partial = target.with_name(target.name + ".part")
    try:
        # The byte-order mark tells Excel that this is UTF-8.
        with partial.open("w", encoding="utf-8-sig", newline="") as stream:
            count = write_csv(stream, _HEADER, _cells(rows))
        partial.replace(target)
    except OSError as error:
        raise NotWritable(target, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return count


def _cells(rows: Iterable[RejectedRow]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        for reason in row.reasons:
            yield row.row or "", row.offset, row.length, reason.column or "", reason.code, reason.message, row.raw
