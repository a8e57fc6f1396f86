"""Makes cases of single values: each is one cell of the second row, between good neighbours."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from tests.hostile.case import Case, Rows, schema
from tests.support.records import make_contract

class Column:
    """One column called ``value`` beside a text; ``good`` is how a good value of it is written, and read."""

    def __init__(self, dataset: str, said: str, good: Tuple[str, Any], **field: Any) -> None:
        described: Dict[str, Any] = {"name": "value", **field}
        self.contract = make_contract(dataset, schema=schema({"name": "row"}, described))
        self._said, self._good = said, good
        self._start = f"row,value\nfirst,{good[0]}\n"

    def accepts(self, text: str, value: Any) -> Case:
        return self._case(text, Rows([("first", self._good[1]), ("second", value)]))

    def refuses(self, text: str, code: str = "type-error", shown: str = "") -> Case:
        return self._case(text, Rows([("first", self._good[1])], [(len(self._start), f"value:{code}")]), shown)

    def _case(self, text: str, becomes: Rows, shown: str = "") -> Case:
        said = shown or f"`{text}`"
        return Case(f"{said} as {self._said}", (self._start + f"second,{text}\n").encode(), becomes, self.contract)
