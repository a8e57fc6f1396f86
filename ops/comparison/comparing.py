"""Both files from beginning to end, in one pass and in little memory: what is equal, what differs, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from ops.comparison.alignment import Span, aligned
from ops.comparison.fields import DEFECT, Difference, Fields
from ops.comparison.known import KNOWN
from ops.comparison.outputs import Output
from ops.comparison.units import Recorded, units

#: How one row's records compare, and how many each file has.
EQUAL, DIFFERS, KNOWN_DEFECT, ONLY_LEGACY, ONLY_OURS = "equal", "differs", "known", "only in legacy", "only in ours"
#: Instead of the last two, when the keys that are alone are the same in both files.
MOVED = "in another order"
LEGACY, OURS = "legacy", "ours"


class Position(NamedTuple):
    """The first record of a row in one of the files: its number, from 1, and its byte, from 0."""

    record: int
    offset: int


class Example(NamedTuple):
    """The records of one row, which are ``key``'s; a file that does not have them has no position."""

    what: str
    key: str
    legacy: Position | None
    ours: Position | None
    differences: list[Difference]

    def to_dict(self) -> dict[str, Any]:
        positions = {name: position._asdict() if position else None for name, position in (("legacy", self.legacy), ("ours", self.ours))}
        return {"what": self.what, "key": self.key, **positions, "differences": [difference.to_dict() for difference in self.differences]}


@dataclass
class Comparison:
    """Counts of rows; ``fields`` counts differences as (field, kind). ``examples`` are the first ones."""

    output: Output
    strict: bool
    rows: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        counted = (DIFFERS, ONLY_LEGACY, ONLY_OURS, MOVED, *((KNOWN_DEFECT,) if self.strict else ()))
        return not any(self.rows[what] for what in counted)


def compare(legacy: Recorded, ours: Recorded, output: Output, *, examples: int, strict: bool = False) -> Comparison:
    """Compare two files of *output*; raise NotTheOutput for one that is none. At most so many *examples* are kept."""
    result = Comparison(output, strict)
    known = KNOWN.get((output.dataset, output.name), ())
    fields = Fields(output, known)
    alone = _Alone(output)
    for span in aligned(units(legacy, output), units(ours, output), output.key, output.unit_bytes):
        result.rows.update({LEGACY: len(span.legacy), OURS: len(span.ours)})
        if len(span.legacy) == len(span.ours):
            _compare_span(span, fields, result, examples)
        else:
            _lonely(span, fields, result, examples)
            alone.add(span, fields)
    if alone.same:
        _tell_order(alone, result, examples)
    return result


class _Alone:
    """The keys that one file has where the other has others: each file's by a sum of digests, which no order changes."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._span = slice(output.key.offset, output.key.offset + output.key.length)
        self._sums = {LEGACY: 0, OURS: 0}
        #: Where the files part, which is no example when they do not.
        self.first: Example | None = None

    @property
    def same(self) -> bool:
        return self.first is not None and self._sums[LEGACY] == self._sums[OURS]

    def add(self, span: Span, fields: Fields) -> None:
        for side, found in ((LEGACY, span.legacy), (OURS, span.ours)):
            self._sums[side] += sum(int.from_bytes(blake2b(unit[self._span].tobytes(), digest_size=16).digest(), "big") for unit in found)
        if self.first is None:
            positions = _position(span.legacy_first, self._output), _position(span.ours_first, self._output)
            self.first = Example(MOVED, fields.key((span.legacy if len(span.legacy) else span.ours)[0]), *positions, [])


def _tell_order(alone: _Alone, result: Comparison, examples: int) -> None:
    """No record is alone: those that seemed so are in both files."""
    result.rows[MOVED] = result.rows.pop(ONLY_OURS)
    del result.rows[ONLY_LEGACY]
    assert alone.first is not None
    kept = [example for example in result.examples if example.what not in (ONLY_LEGACY, ONLY_OURS)]
    result.examples = [alone.first, *kept][:examples]


def _compare_span(span: Span, fields: Fields, result: Comparison, examples: int) -> None:
    differing = fields.kinds(span.legacy, span.ours)
    result.rows[EQUAL] += len(span.ours) - len(differing)
    for row, kinds in sorted(differing.items()):
        what = KNOWN_DEFECT if all(kind == DEFECT for _, kind in kinds) else DIFFERS
        result.rows[what] += 1
        result.fields.update(kinds)
        if (what == DIFFERS or result.strict) and len(result.examples) < examples:
            positions = _position(span.legacy_first + row, result.output), _position(span.ours_first + row, result.output)
            differences = fields.explained(span.legacy[row], span.ours[row])
            result.examples.append(Example(what, fields.key(span.ours[row]), *positions, differences))


def _lonely(span: Span, fields: Fields, result: Comparison, examples: int) -> None:
    by_ours = len(span.ours) > 0
    what, found, first = (ONLY_OURS, span.ours, span.ours_first) if by_ours else (ONLY_LEGACY, span.legacy, span.legacy_first)
    result.rows[what] += len(found)
    for row in range(min(len(found), examples - len(result.examples))):
        position = _position(first + row, result.output)
        result.examples.append(Example(what, fields.key(found[row]), None if by_ours else position, position if by_ours else None, []))


def _position(unit: int, output: Output) -> Position:
    return Position(unit * len(output.records) + 1, unit * output.unit_bytes)
