"""``python -m ops status``: the files of a stage, or one file with its chunks and events."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.errors import FileUnknown
from ops.follow import Progress, look
from ops.listing import concern, recent_files
from ops.options import DEFAULT_STAGE, Deployed, JsonOption, OptionalFileIdArgument, RegionOption, StageOption, connect, known_states
from ops.outcome import COLOURS, detail_text, next_step, outputs, panel, places
from ops.terminal import bytes_text, cell, emit, stderr, stdout
from runtime.aws.tracking import utc_now
from runtime.core.keys import NO_PARTNER
from runtime.core.models import ChunkStatus, FileStatus
from runtime.formats.registry import load_contracts

#: A file may have thousands of chunks; a person wants the odd ones. ``--json`` has them all.
_CHUNKS_SHOWN = 50

#: Columns of the terminal that everything known of a chunk needs, the error beside it. Most terminals have 80.
_WIDE = 120
#: An id that is cut cannot be pasted.
_ID_DIGITS = 32
#: What is known of a chunk in numbers, with its attribute; in a narrow window only those that do not follow from the others.
_NUMBERS = {
    "from byte": "start",
    "to byte": "end",
    "attempts": "attempts",
    "read": "rows_read",
    "accepted": "rows_accepted",
    "rejected": "rows_rejected",
    "seconds": "seconds",
}
_NARROW_NUMBERS = ("from byte", "attempts", "read", "rejected")


def status(
    file_id: OptionalFileIdArgument = None,
    state: Annotated[
        list[str] | None, typer.Option("--status", callback=known_states, help="Only files in this state; may be repeated.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The jobs of this dataset: only its files, with their outputs.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many files to list.")] = 20,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """List a stage's files, or a dataset's as jobs, newest first; or show one with its chunks and events.

    Example: python -m ops status --dataset accounts --status FAILED --limit 5
    """
    if file_id is not None and (state or dataset is not None):
        raise typer.BadParameter("give one FILE_ID, or --status and --dataset for a list")
    deployed = connect(stage, region)
    if file_id is None:
        _list(deployed, state or FileStatus.ALL, dataset, limit, json=json)
        return
    progress = look(deployed.tracking, file_id)
    if progress.file is None:
        raise FileUnknown(file_id, stage)
    events = list(deployed.tracking.events(file_id))
    note = concern(progress.file, utc_now())
    if json:
        emit({"file": dict(progress.file, concern=note), "chunks": list(progress.chunks), "events": events})
        return
    console = stdout()
    console.print(panel(progress, file_id, deployed.follow_up()))
    console.print(places(progress, file_id, deployed.stage.data_bucket_name), markup=False, soft_wrap=True)
    if note:
        console.print(Text(f"! {note}", style="bold red"), soft_wrap=True)
    console.print(Group(Text(), _chunk_table(progress, wide=console.width >= _WIDE), Text(), _event_table(events)))
    step = next_step(progress.file, file_id, deployed.follow_up())
    if step:
        console.print(f"\n{step}", markup=False, soft_wrap=True)


def _list(deployed: Deployed, states: Collection[str], dataset: str | None, limit: int, *, json: bool) -> None:
    client, table = deployed.aws.dynamodb, deployed.stage.tracking_table_name
    # One more than is shown tells whether there are more.
    found = recent_files(client, table, statuses=states, dataset=dataset, limit=limit + 1)
    files = found[:limit]
    # A dataset whose contract is gone may still have files.
    if not files and dataset and not recent_files(client, table, dataset=dataset, limit=1):
        _refuse_unknown(dataset)
    console = stdout()
    if json:
        emit({"files": [_job(file) for file in files]})
    elif files:
        console.print(_file_table(files, with_outputs=dataset is not None, wide=console.width >= _WIDE))
    else:
        console.print(f"Stage {deployed.stage.stage} has no such file.")
    if len(found) > limit:
        more = "Older files are not shown: --limit N shows more, --status STATE those in one state"
        (stderr() if json else console).print(more, soft_wrap=True)


def _refuse_unknown(dataset: str) -> None:
    """Raise BadParameter for a *dataset* that has no contract here."""
    contracts = load_contracts()
    if dataset not in contracts:
        known = sorted(name for name, contract in contracts.items() if not contract.reserved)
        raise typer.BadParameter(f"dataset {dataset!r} has no file and no contract; known datasets: {', '.join(known)}")


def _job(file: dict[str, Any]) -> dict[str, Any]:
    return {**file, "job_id": file["file_id"], "outputs": outputs(file), "concern": concern(file, utc_now())}


def _file_table(files: list[dict[str, Any]], *, with_outputs: bool, wide: bool) -> RenderableType:
    """Fits 80 columns: the id, where the outputs are, and in a narrow window the counts, stand below the name."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("created", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("read", "rejected") if wide else ():
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("file", min_width=_ID_DIGITS, overflow="fold")
    for file in files:
        note, state = concern(file, utc_now()), str(file["file_status"])
        parts = [file.get(name) for name in ("dataset", "partner", "name")]
        counts = [f"{int(file[name]):,}" if file.get(name) is not None else "" for name in ("rows_read", "rows_rejected")]
        lines = [cell("/".join(str(part) for part in parts if part and part != NO_PARTNER), 80), cell(file["file_id"], style="dim")]
        if not wide and all(counts):
            lines.append(cell("{} read, {} rejected".format(*counts)))
        if with_outputs:
            lines += [cell(place, style="dim") for place in _outputs(file)]
        if note:
            lines.append(cell(f"! {note}", style="red"))
        table.add_row(
            cell(str(file["created_at"])[:16].replace("T", " ")),
            cell(state, style=COLOURS.get(state, "cyan")),
            *(map(cell, counts) if wide else ()),
            Text("\n").join(lines),
        )
    return table


def _outputs(file: dict[str, Any]) -> list[str]:
    """Keys below the data bucket, which is the stage's; sizes of what is no list of objects."""
    found = [str(file[name]) for name in ("commit_manifest", "reject_report") if file.get(name)]
    return found + [f"{extract['key']} ({bytes_text(int(extract['size']))})" for _, extract in sorted((file.get("extracts") or {}).items())]


def _chunk_table(progress: Progress, *, wide: bool) -> RenderableType:
    """In a narrow window without what follows from its neighbours, and with the errors below."""
    if not progress.chunks:
        return Text(_no_chunks(progress), style="dim")
    table = Table(title="Chunks", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("chunk", no_wrap=True)
    table.add_column("state", no_wrap=True)
    numbers = tuple(_NUMBERS) if wide else _NARROW_NUMBERS
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("last error", overflow="fold")
    # Those that are not done come first into what is shown.
    shown = sorted(progress.chunks, key=lambda chunk: chunk["status"] == ChunkStatus.DONE)[:_CHUNKS_SHOWN]
    below = []
    for chunk in sorted(shown, key=lambda chunk: str(chunk["chunk_id"])):
        errors = chunk.get("errors") or []
        error = cell(f"{errors[-1]['type']}: {errors[-1]['message']}" if errors else "", 100)
        table.add_row(
            cell(chunk["chunk_id"]),
            cell(chunk["status"], style="green" if chunk["status"] == ChunkStatus.DONE else "yellow"),
            *(_number(chunk, _NUMBERS[name]) for name in numbers),
            *([error] if wide else []),
        )
        if errors and not wide:
            below.append(Text.assemble(f"last error of {chunk['chunk_id']}: ", error))
    hidden = len(progress.chunks) - len(shown)
    size = bytes_text(sum(int(chunk["end"]) - int(chunk["start"]) for chunk in progress.chunks))
    summary = f"{len(progress.done):,} of {len(progress.chunks):,} chunks done, {size}" + (
        f"; {hidden:,} done ones not shown" if hidden else ""
    )
    return Group(table, *below, Text(summary))


def _no_chunks(progress: Progress) -> str:
    if not progress.ended:
        return "No chunks yet."
    return f"No chunks: the file ended {progress.status} before it was divided." if progress.chunks_total is None else "No chunks."


def _number(chunk: Mapping[str, Any], attribute: str) -> str:
    if attribute not in chunk:
        return ""
    return f"{float(chunk[attribute]):,.1f}" if attribute == "seconds" else f"{int(chunk[attribute]):,}"


def _event_table(events: list[dict[str, Any]]) -> RenderableType:
    table = Table(title="Events", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("at", "from", "to", "attempt", "detail"):
        table.add_column(name, no_wrap=name != "detail", overflow="ellipsis" if name != "detail" else "fold")
    for event in events:
        detail = cell(detail_text(event.get("detail") or {}), 200)
        table.add_row(*(cell(event.get(name)) for name in ("at", "from_status", "to_status", "attempt")), detail)
    return table
