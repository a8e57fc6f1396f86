"""``python -m ops contract``: drafting a contract from a file, and holding a file against one."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.text import Text

from ops.commands.rejects import row_table
from ops.decoding import text_file
from ops.drafting import recognize_writing, records
from ops.errors import NoRowFits, NotWritable
from ops.live import read_bar
from ops.options import JsonOption
from ops.outcome import REPEATS, reason_table, reasons, repeats_text
from ops.terminal import as_json, counted, emit, printable, stderr, stdout
from runtime.contracts.infer import infer as infer_contract
from runtime.formats.registry import parse_contract

app = typer.Typer(help="Draft a data contract from a file; check a file against one.", no_args_is_help=True, rich_markup_mode=None)

if TYPE_CHECKING:
    from ops.checking import Findings

InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command("infer")
def infer(
    file: InputFile,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="DATASET.json", help="Write a new file, once the draft is complete.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset's name. Default: that of --output, else from the file's name.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Look at so many rows.")] = 100_000,
    json: JsonOption = False,  # noqa: ARG001 - a contract is JSON anyway
) -> None:
    """Draft a contract from a CSV file. It fits what the file holds; make it say what was agreed.

    Records of a mainframe say nothing of themselves: their contract names a copybook (docs/contracts.md).

    Example: python -m ops contract infer may.csv --output runtime/contracts/payments.json
    """
    if output is not None and output.exists():
        raise NotWritable(output, "it is there already")
    size = file.stat().st_size
    with read_bar(stderr(), "Drafting", size) as advance, text_file(file) as (text, decoding):
        text_size = text.stat().st_size
        draft = recognize_writing(text, lambda count: advance(count * size // text_size))
        with records(text, draft) as found:
            header = next(found)
            body, odd = [], 0
            for record in islice(found, rows):
                if len(record) == len(header):
                    body.append(record)
                else:
                    odd += 1
        if odd and not body:
            raise NoRowFits(file.name, len(header), draft.delimiter)
        document, doubtful = infer_contract(header, body, dataset or (output.stem if output else _dataset_name(file)))
    document["encoding"] = decoding.encoding if decoding and decoding.encoding else draft.encoding
    if decoding and decoding.compression:
        document["compression"] = decoding.compression
    document["dialect"] = {"delimiter": draft.delimiter, "quoteChar": '"'}
    parse_contract(document, f"drafted from {file.name}")
    if output is None:
        emit(document)
    else:
        _write_new(output, as_json(document))
    left_out = f"; {odd:,} with another number of fields {'was' if odd == 1 else 'were'} left out" if odd else ""
    stderr().print(f"Drafted from {counted(len(body), 'row')}{left_out}", markup=False, soft_wrap=True)
    if doubtful:
        columns = ", ".join(printable(name, 40) for name in doubtful)
        reason = "as in 1,234 its commas may be decimal marks or group marks; say which with decimalChar or groupChar (docs/contracts.md)"
        stderr().print(f"Left as string: {columns}: {reason}", markup=False, soft_wrap=True)


@app.command("check")
def check(
    file: InputFile,
    contract: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A contract file, as under runtime/contracts/.")
    ],
    limit: Annotated[int, typer.Option(min=0, max=10_000, help="Explain so many rejected rows.")] = 20,
    json: JsonOption = False,
) -> None:
    """Hold a file against a contract and explain the first problems; exit status 1 when there are any.

    Example: python -m ops contract check may.csv runtime/contracts/transactions.json
    """
    from ops.checking import check as check_file  # noqa: PLC0415 - loads the row path, which `submit` does not need
    from ops.checking import read_contract  # noqa: PLC0415

    agreed = read_contract(contract)
    with read_bar(stderr(), "Checking", file.stat().st_size) as advance:
        findings = check_file(file, agreed, limit, advance)
    found = reasons({"reasons": findings.reasons}, ())
    if json:
        emit(
            {
                "dataset": findings.contract.dataset,
                "rows_read": findings.rows_read,
                "rows_accepted": findings.rows_accepted,
                "rows_rejected": findings.rows_rejected,
                "blank_lines": findings.blank_lines,
                "duplicate_keys": findings.duplicate_keys,
                "duplicate_rows": findings.duplicate_rows,
                "reasons": [reason._asdict() for reason in found],
                "rows": [row.to_dict() for row in findings.sample],
            }
        )
    else:
        counts = f"{findings.rows_read:,} rows read = {findings.rows_accepted:,} accepted + {findings.rows_rejected:,} rejected"
        parts = [Text(counts, style="bold")]
        rows = row_table(findings.sample, findings.rows_rejected, findings.contract.encoding, more="--limit shows them")
        details = [reason_table(found), Text(), rows] if findings.rows_rejected else []
        repeated = [Text(_repeated(findings))] if findings.duplicate_keys else []
        stdout().print(Group(*parts, *repeated, *details))
    if findings.rows_rejected or findings.duplicate_keys:
        raise typer.Exit(1)


def _repeated(findings: Findings) -> str:
    verdict = "which rejects the file" if findings.contract.duplicate_keys == "reject" else "which is reported"
    which = repeats_text(findings.duplicate_rows, findings.duplicate_keys)
    return f"{counted(findings.duplicate_keys, *REPEATS)}, {verdict}: {which}"


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="ascii") as stream:
            stream.write(text)
    except FileExistsError:
        raise NotWritable(path, "it is there already") from None
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise NotWritable(path, error.strerror or str(error)) from error


def _dataset_name(file: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "_", Path(file.name.removesuffix(".gz")).stem.lower()).strip("_")[:63] or "dataset"
