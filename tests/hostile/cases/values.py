"""Many values of one column, sent as one file; each value is a line of the table."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Tuple

from tests.hostile.case import ACCEPTED, ROWS_REJECTED, Case, Line, Rows, schema
from tests.support.records import make_contract


class Cell(NamedTuple):
    """``text`` is the cell in the file; ``becomes`` is its value, or the code its row is rejected with."""

    text: str
    shown: str
    becomes: Any
    good: bool


def accepts(text: str, value: Any) -> Cell:
    return Cell(text, f"`{text}`", value, good=True)


def refuses(text: str, code: str = "type-error", shown: str = "") -> Cell:
    return Cell(text, shown or f"`{text}`", code, good=False)


def column(dataset: str, said: str, cells: Tuple[Cell, ...], **field: Any) -> Case:
    """A file with a row number and a column ``value``; each cell is accepted or rejected on its own."""
    body, accepted, rejected = b"row,value\n", [], []
    for number, cell in enumerate(cells):
        if cell.good:
            accepted.append((str(number), cell.becomes))
        else:
            rejected.append((len(body), f"value:{cell.becomes}"))
        body += f"{number},{cell.text}\n".encode()
    described: Dict[str, Any] = {"name": "value", **field}
    return Case(
        f"cells of {said}",
        body,
        Rows(accepted, rejected),
        make_contract(dataset, schema=schema({"name": "row"}, described)),
        several=tuple(_line(cell, said) for cell in cells),
    )


def _line(cell: Cell, said: str) -> Line:
    sends = f"{cell.shown} as {said}"
    if cell.good:
        return Line(sends, f"accepted: `{cell.becomes}`", ACCEPTED)
    return Line(sends, f"1 row rejected: `value:{cell.becomes}`", ROWS_REJECTED)
