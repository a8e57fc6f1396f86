"""``python -m ops compare``: an output of the program that is replaced against ours, for the parallel run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.errors import FileUnknown, NotEnded, NotTheOutput, OutputUnknown
from ops.options import DEFAULT_STAGE, JsonOption, RegionOption, StageOption, connect
from ops.terminal import cell, emit, stdout
from runtime.aws.object_store import ObjectStore
from runtime.contracts.model import Contract
from runtime.core.models import FileStatus, ObjectRef
from runtime.formats.registry import load_contracts

if TYPE_CHECKING:
    from ops.comparison.comparing import Comparison, Example
    from ops.comparison.units import Recorded

_FILE_ID = re.compile(r"[0-9a-f]{32}")
_READ_BYTES = 1 << 22
#: A field may be long; ``--json`` has all of it.
_SHOWN_CHARACTERS = 60


def compare(
    ours: Annotated[str, typer.Argument(metavar="OURS", help="A FILE_ID of the stage, or a fetched extract.")],
    legacy: Annotated[
        Path, typer.Option("--legacy", exists=True, dir_okay=False, readable=True, metavar="FILE", help="What the old program wrote.")
    ],
    output: Annotated[str, typer.Option("--output", metavar="NAME", help="Which output it is: an extract of the contract.")],
    dataset: Annotated[str | None, typer.Option(help="Of which dataset. Default: the one that has such an output.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=10_000, help="Explain so many records that differ.")] = 10,
    strict: Annotated[bool, typer.Option("--strict", help="Count also what is known to be wrong in the old program.")] = False,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Compare an output of the old program with ours and explain each difference; exit status 1 when there are any.

    Example: python -m ops compare --legacy OUTFILE.PS --output standard 0123456789abcdef0123456789abcdef
    """
    from ops.comparison.comparing import compare as compare_files  # noqa: PLC0415 - loads the row path, which `submit` does not need
    from ops.comparison.outputs import output_of  # noqa: PLC0415

    if _FILE_ID.fullmatch(ours) and not Path(ours).is_file():
        contracts, mine = _of_stage(ours, output, stage, region)
    else:
        if not Path(ours).is_file():
            raise typer.BadParameter(f"{ours!r} is neither a file here nor a FILE_ID, which has 32 hexadecimal digits", param_hint="OURS")
        contracts, mine = load_contracts(), _local(Path(ours))
    found = compare_files(_local(legacy), mine, output_of(contracts, output, dataset), examples=limit, strict=strict)
    if json:
        emit(_document(found, legacy, ours))
    else:
        stdout().print(_report(found, legacy.name, ours))
    if not found.agrees:
        raise typer.Exit(1)


def _local(path: Path) -> Recorded:
    from ops.comparison.units import Recorded  # noqa: PLC0415

    def parts() -> Iterator[bytes]:
        with path.open("rb") as stream:
            while part := stream.read(_READ_BYTES):
                yield part

    return Recorded(path.name, path.stat().st_size, parts)


def _of_stage(file_id: str, name: str, stage: str, region: str | None) -> tuple[Mapping[str, Contract], Recorded]:
    """The extract of a file that has succeeded, and the contract that the file was read by."""
    from ops.audit.checks import Unverifiable  # noqa: PLC0415
    from ops.audit.snapshot import reading_of  # noqa: PLC0415
    from ops.comparison.units import Recorded  # noqa: PLC0415

    deployed = connect(stage, region)
    file = deployed.tracking.file(file_id)
    if file is None:
        raise FileUnknown(file_id, stage)
    if file["file_status"] not in FileStatus.ENDED:
        raise NotEnded(file_id, file["file_status"])
    extracts = file.get("extracts") or {}
    if name not in extracts:
        raise OutputUnknown(name, f"File {file_id} of {file.get('dataset')}, which is {file['file_status']},", [], sorted(extracts))
    store = ObjectStore(deployed.aws.s3, deployed.stage.data_bucket_name)
    try:
        contract = reading_of(file, load_contracts(), store).contract
    except (Unverifiable, ValueError) as error:
        raise NotTheOutput(f"File {file_id}", f"cannot be compared by its own contract: {error}") from error
    ref = ObjectRef(store.bucket, extracts[name]["key"])
    size = store.head(ref).size
    return {contract.dataset: contract}, Recorded(ref.key, size, lambda: store.stream(ref, 0, size))


def _document(found: Comparison, legacy: Path, ours: str) -> dict[str, Any]:
    return {
        "legacy": str(legacy),
        "ours": ours,
        "dataset": found.output.dataset,
        "output": found.output.name,
        "agrees": found.agrees,
        "rows": {name.replace(" ", "_"): found.rows[name] for name in _ROWS},
        "fields": [{"field": name, "kind": kind, "rows": count} for (name, kind), count in _by_count(found.fields)],
        "examples": [example.to_dict() for example in found.examples],
    }


_ROWS = ("legacy", "ours", "equal", "differs", "known", "in another order", "only in legacy", "only in ours")
_KINDS = {"value": "another value", "bytes": "the same value in other bytes", "known": "known defect of the old program, not compared"}


def _report(found: Comparison, legacy: str, ours: str) -> RenderableType:
    rows, output = found.rows, found.output
    of_each = f", {len(output.records)} records each" if len(output.records) > 1 else ""
    lines = [
        Text(f"{output.name} of {output.dataset}: {rows['legacy']:,} in {legacy}, {rows['ours']:,} in {ours}{of_each}", style="bold"),
        Text(", ".join(f"{rows[name]:,} {name}" for name in _ROWS[2:] if rows[name] or name in ("equal", "differs"))),
    ]
    parts: list[RenderableType] = [*lines]
    if found.fields:
        parts += [Text(), _field_table(found)]
    if found.examples:
        parts += [Text(), *(line for example in found.examples for line in _example(example, len(output.records)))]
    told = [example for example in found.examples if example.what != "in another order"]
    left = sum(rows[name] for name in ("differs", "only in legacy", "only in ours")) + rows["known"] * found.strict - len(told)
    if left > 0:
        parts.append(Text(f"{left:,} more: --limit shows them", style="dim"))
    return Group(*parts)


def _field_table(found: Comparison) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("field", "differs in"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    for (name, kind), count in _by_count(found.fields):
        table.add_row(cell(name, 60), _KINDS[kind], f"{count:,}")
    return table


def _example(example: Example, records: int) -> Iterator[Text]:
    places = (("legacy", example.legacy), ("ours", example.ours))
    where = ", ".join(f"record {place.record:,} of {side} at byte {place.offset:,}" for side, place in places if place)
    yield Text.assemble((f"{example.what}: ", "bold"), (cell(example.key, _SHOWN_CHARACTERS)), f" ({where})")
    for difference in example.differences:
        remark = f" ({difference.remark})" if difference.remark else ""
        of = f" of record {difference.where.record}" if records > 1 else ""
        bytes_of = f"bytes {difference.where.first} to {difference.where.last}{of}"
        yield cell(f"  {difference.field}, {difference.description}, {bytes_of}: {_KINDS[difference.kind]}{remark}")
        for side, spelled in (("legacy", difference.legacy), ("ours", difference.ours)):
            shown = "no value" if spelled.value is None else spelled.value
            yield Text.assemble(f"    {side:<7}", cell(shown, _SHOWN_CHARACTERS), "  ", cell(f"X'{spelled.hex}'", 2 * _SHOWN_CHARACTERS))


def _by_count(fields: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(fields.items(), key=lambda entry: (-entry[1], entry[0]))
