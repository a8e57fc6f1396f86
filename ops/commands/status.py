"""``python -m ops status``: the files of a stage, or one file with its chunks and events."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.errors import FileUnknown
from ops.follow import Progress, look
from ops.listing import concern, recent_files
from ops.options import DEFAULT_STAGE, JsonOption, OptionalFileIdArgument, RegionOption, StageOption, connect, known_states
from ops.outcome import COLOURS, outputs, panel, places
from ops.terminal import bytes_text, cell, emit, stdout
from runtime.keys import NO_PARTNER
from runtime.models import ChunkStatus, FileStatus
from runtime.tracking import utc_now

#: A file may have thousands of chunks; a person wants the odd ones. ``--json`` has them all.
_CHUNKS_SHOWN = 50


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
    deployed = connect(stage, region)
    if file_id is None:
        table, states = deployed.stage.tracking_table_name, state or FileStatus.ALL
        files = recent_files(deployed.aws.dynamodb, table, statuses=states, dataset=dataset, limit=limit)
        if json:
            emit({"files": [_job(file) for file in files]})
        else:
            stdout().print(_file_table(files, with_outputs=dataset is not None) if files else f"Stage {stage} has no such file.")
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
    console.print(Group(Text(), _chunk_table(progress), Text(), _event_table(events)))


def _job(file: dict[str, Any]) -> dict[str, Any]:
    return {**file, "job_id": file["file_id"], "outputs": outputs(file), "concern": concern(file, utc_now())}


def _file_table(files: list[dict[str, Any]], *, with_outputs: bool) -> RenderableType:
    """Fits 80 columns: the id, and where the outputs are, stand below the name."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("created", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("read", "rejected"):
        table.add_column(name, justify="right")
    table.add_column("file")
    for file in files:
        note, state = concern(file, utc_now()), str(file["file_status"])
        parts = [file.get(name) for name in ("dataset", "partner", "name")]
        lines = [cell("/".join(str(part) for part in parts if part and part != NO_PARTNER), 80), cell(file["file_id"], style="dim")]
        if with_outputs:
            lines += [cell(place, style="dim") for place in _outputs(file)]
        if note:
            lines.append(cell(f"! {note}", style="red"))
        table.add_row(
            cell(str(file["created_at"])[:16].replace("T", " ")),
            cell(state, style=COLOURS.get(state, "cyan")),
            *(cell(f"{int(file[name]):,}" if file.get(name) is not None else "") for name in ("rows_read", "rows_rejected")),
            Text("\n").join(lines),
        )
    return table


def _outputs(file: dict[str, Any]) -> list[str]:
    """Keys below the data bucket, which is the stage's; sizes of what is no list of objects."""
    found = [str(file[name]) for name in ("commit_manifest", "reject_report") if file.get(name)]
    return found + [f"{extract['key']} ({bytes_text(int(extract['size']))})" for _, extract in sorted((file.get("extracts") or {}).items())]


def _chunk_table(progress: Progress) -> RenderableType:
    table = Table(title="Chunks", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("chunk")
    table.add_column("state")
    for name in ("from byte", "to byte", "attempts", "read", "accepted", "rejected", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("last error")
    # Those that are not done come first into what is shown.
    shown = sorted(progress.chunks, key=lambda chunk: chunk["status"] == ChunkStatus.DONE)[:_CHUNKS_SHOWN]
    for chunk in sorted(shown, key=lambda chunk: str(chunk["chunk_id"])):
        errors = chunk.get("errors") or []
        table.add_row(
            cell(chunk["chunk_id"]),
            cell(chunk["status"], style="green" if chunk["status"] == ChunkStatus.DONE else "yellow"),
            *(f"{int(chunk[name]):,}" for name in ("start", "end", "attempts")),
            *(f"{int(chunk[name]):,}" if name in chunk else "" for name in ("rows_read", "rows_accepted", "rows_rejected")),
            f"{float(chunk['seconds']):,.1f}" if "seconds" in chunk else "",
            cell(f"{errors[-1]['type']}: {errors[-1]['message']}" if errors else "", 100),
        )
    if not progress.chunks:
        return Text("No chunks yet.", style="dim")
    hidden = len(progress.chunks) - len(shown)
    size = bytes_text(sum(int(chunk["end"]) - int(chunk["start"]) for chunk in progress.chunks))
    summary = f"{len(progress.done):,} of {len(progress.chunks):,} chunks done, {size}" + (
        f"; {hidden:,} done ones not shown" if hidden else ""
    )
    return Group(table, Text(summary))


def _event_table(events: list[dict[str, Any]]) -> RenderableType:
    table = Table(title="Events", title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("at", "from", "to", "attempt", "detail"):
        table.add_column(name, no_wrap=name != "detail")
    for event in events:
        detail = ", ".join(f"{name}={value}" for name, value in sorted((event.get("detail") or {}).items()))
        table.add_row(*(cell(event.get(name)) for name in ("at", "from_status", "to_status", "attempt")), cell(detail, 200))
    return table
