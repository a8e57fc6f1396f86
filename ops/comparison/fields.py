"""Which fields of units that belong together differ, and how: in value, in bytes alone, or as a known defect makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ops.comparison.known import Defect
from ops.comparison.outputs import Output, Where
from runtime.contracts.model import Field
from runtime.formats.copybook.blocks import Bytes
from runtime.formats.copybook.decoding import DecodingRules, ItemDecoder
from runtime.formats.copybook.faults import explain
from runtime.formats.copybook.items import ElementaryItem, field_of

VALUE, SPELLING, DEFECT = "value", "bytes", "known"
FILLER = "(filler)"


class Spelled(NamedTuple):
    """A field in one of the files: ``value`` is None where the ``hex`` bytes are none that the field can have."""

    value: str | None
    hex: str


class Difference(NamedTuple):
    """``kind`` is ``value``, ``bytes`` (other bytes of the same value) or ``known``; ``remark`` says what else there is to say."""

    field: str
    kind: str
    description: str
    where: Where
    legacy: Spelled
    ours: Spelled
    remark: str | None

    def to_dict(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            **{name: part._asdict() for name, part in (("legacy", self.legacy), ("ours", self.ours))},
            "where": self.where._asdict(),
        }


class Fields:
    """The fields of an output, and what is known about them."""

    def __init__(self, output: Output, known: tuple[Defect, ...]) -> None:
        self._output = output
        self._known: Mapping[str, Defect] = {defect.field: defect for defect in known}
        # Low-values and blanks are no numbers here: what is there is what is asked.
        self._reading = DecodingRules(output.encoding, (), ())

    @cached_property
    def _fields(self) -> dict[str, Field]:
        """What each field is by its picture: a value that no condition names is a value all the same."""
        return {place.name: replace(field_of(place), enum=None) for place in self._output.places}

    def kinds(self, legacy: Bytes, ours: Bytes) -> dict[int, list[tuple[str, str]]]:
        """(field, kind) of what differs in each pair of units that is not the same, by the pair's number, in the order of the fields."""
        found: dict[int, list[tuple[str, str]]] = {}
        unequal = legacy != ours
        if not unequal.any():
            return found
        for place in self._output.places:
            rows = np.flatnonzero(unequal[:, place.offset : place.offset + place.length].any(axis=1))
            if len(rows):
                pairs = zip(self._decoded(place, legacy[rows]), self._decoded(place, ours[rows]), strict=True)
                for row, (theirs, own) in zip(rows.tolist(), pairs, strict=True):
                    found.setdefault(row, []).append((place.name, self._kind(place, theirs, own)))
        for begin, end in self._output.gaps:
            for row in np.flatnonzero(unequal[:, begin:end].any(axis=1)).tolist():
                found.setdefault(row, []).append((FILLER, VALUE))
        return found

    def explained(self, legacy: Bytes, ours: Bytes) -> list[Difference]:
        """Every difference of one pair of units."""
        fields = [
            self._explained(place, legacy, ours) for place in self._output.places if _differ(legacy, ours, place.offset, place.length)
        ]
        gaps = [(begin, end) for begin, end in self._output.gaps if _differ(legacy, ours, begin, end - begin)]
        return fields + [
            Difference(
                FILLER,
                VALUE,
                "no field",
                self._output.where(begin, end),
                Spelled(None, _hex(legacy[begin:end].tobytes())),
                Spelled(None, _hex(ours[begin:end].tobytes())),
                None,
            )
            for begin, end in gaps
        ]

    def _explained(self, place: ElementaryItem, legacy: Bytes, ours: Bytes) -> Difference:
        spelled, values, remarks = [], [], []
        for side, unit in (("legacy", legacy), ("ours", ours)):
            raw, value = unit[place.offset : place.offset + place.length].tobytes(), self._decoded(place, unit.reshape(1, -1))[0]
            fault = explain(place, None, raw, place.offset, self._reading)
            remarks += [f"{side}: {fault.code}"] if fault else []
            values.append(value)
            spelled.append(Spelled(None if value is None else _text(value, place), _hex(raw)))
        kind = self._kind(place, *values)
        remarks += [self._known[place.name].story] if kind == DEFECT else []
        where = self._output.where(place.offset, place.offset + place.length)
        return Difference(place.name, kind, place.description, where, spelled[0], spelled[1], "; ".join(remarks) or None)

    def key(self, unit: Bytes) -> str:
        """The key of one unit as a person knows it, or its bytes."""
        place = self._output.key
        value = self._decoded(place, unit.reshape(1, -1))[0]
        return _hex(unit[place.offset : place.offset + place.length].tobytes()) if value is None else _text(value, place)

    def _kind(self, place: ElementaryItem, legacy: object, ours: object) -> str:
        if legacy is not None and legacy == ours:
            return SPELLING
        defect = self._known.get(place.name)
        return DEFECT if defect and ours is not None and defect.applies(ours) else VALUE

    def _decoded(self, place: ElementaryItem, units: Bytes) -> list[Any]:
        """Values of the field; None for bytes that are none."""
        found = ItemDecoder(place, self._fields[place.name], self._reading).column(units, np.zeros(len(units), np.bool_))
        return [None if bad else value for value, bad in zip(found.array.to_pylist(), found.bad.tolist(), strict=True)]


def _text(value: object, place: ElementaryItem) -> str:
    """Whole numbers without a sign with all their digits, as account numbers are written."""
    return f"{value:0{place.digits}}" if isinstance(value, int) and not place.signed else str(value)


def _differ(legacy: Bytes, ours: Bytes, offset: int, length: int) -> bool:
    return bool((legacy[offset : offset + length] != ours[offset : offset + length]).any())


def _hex(raw: bytes) -> str:
    return raw.hex().upper()
