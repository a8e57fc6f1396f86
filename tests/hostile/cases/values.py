"""Single values: many cells of one column, each its own row of the table, sent as one file."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Tuple

from tests.hostile.case import Case, Rows, schema
from tests.support.records import make_contract


class Cell(NamedTuple):
    """``text`` as it is written in the file; ``becomes`` its value, or the code for which its row is rejected."""

    text: str
    shown: str
    becomes: Any
    good: bool


def accepts(text: str, value: Any) -> Cell:
    return Cell(text, f"`{text}`", value, good=True)


def refuses(text: str, code: str = "type-error", shown: str = "") -> Cell:
    return Cell(text, shown or f"`{text}`", code, good=False)


def column(dataset: str, said: str, cells: Tuple[Cell, ...], **field: Any) -> Case:
    """A file of a row number and a column ``value``, in which the fate of no cell depends on its neighbours."""
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
        told=tuple((f"{cell.shown} as {said}", _told(cell)) for cell in cells),
    )


def _told(cell: Cell) -> str:
    return f"accepted: `{cell.becomes}`" if cell.good else f"1 row rejected: `value:{cell.becomes}`"
