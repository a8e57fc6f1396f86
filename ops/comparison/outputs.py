"""What an output's bytes are: the layout of the records that one row becomes, from the contract's own copybooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from ops.errors import OutputUnknown
from runtime.contracts.model import Contract, Extract
from runtime.formats.copybook.items import ElementaryItem
from runtime.formats.copybook.record import record_of
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, VARIABLE


class Where(NamedTuple):
    """Bytes ``first`` to ``last`` of the ``record``-th of a row's records, all from 1; its descriptor word is not counted."""

    record: int
    first: int
    last: int


@dataclass(frozen=True)
class Output:
    """One extract. A *unit* is all the records of one row, always ``unit_bytes`` long.

    ``records`` are (offset in the unit, bytes) of each, its descriptor word included; ``places`` are the fields, at their
    offsets in the unit. The first field identifies the unit, as in the copybooks of records that have keys.
    """

    dataset: str
    name: str
    encoding: str
    variable: bool
    records: tuple[tuple[int, int], ...]
    places: tuple[ElementaryItem, ...]

    @property
    def unit_bytes(self) -> int:
        return sum(length for _, length in self.records)

    @property
    def _descriptor_bytes(self) -> int:
        return DESCRIPTOR_BYTES if self.variable else 0

    @property
    def key(self) -> ElementaryItem:
        return self.places[0]

    @property
    def gaps(self) -> Iterator[tuple[int, int]]:
        """Bytes ``[begin, end)`` of the unit that no field has: FILLER. Descriptor words are none of them."""
        for start, length in self.records:
            at, end = start + self._descriptor_bytes, start + length
            for place in [place for place in self.places if start <= place.offset < end]:
                if place.offset > at:
                    yield at, place.offset
                at = max(at, place.offset + place.length)
            if at < end:
                yield at, end

    def where(self, begin: int, end: int) -> Where:
        """Bytes ``[begin, end)`` of the unit as a person counts."""
        number, start = max((number, start) for number, (start, _) in enumerate(self.records) if start <= begin)
        content = start + self._descriptor_bytes
        return Where(number + 1, begin - content + 1, end - content)

    @property
    def descriptors(self) -> Iterator[tuple[int, bytes]]:
        """Where the unit has descriptor words, and what they are."""
        if self.variable:
            for start, length in self.records:
                yield start, length.to_bytes(2, "big") + b"\0\0"


def output_of(contracts: Mapping[str, Contract], name: str, dataset: str | None) -> Output:
    """The output called *name* of *dataset*, or of the one contract that has such; raise OutputUnknown."""
    wanted = {key: contract for key, contract in contracts.items() if dataset in (None, key)}
    found = {key: contract for key, contract in wanted.items() if name in _extracts(contract)}
    if len(found) != 1:
        known = sorted(f"{extract} of {key}" for key, contract in wanted.items() for extract in _extracts(contract))
        raise OutputUnknown(name, dataset, sorted(found), known)
    ((dataset, contract),) = found.items()
    assert contract.extracts is not None
    return _output(dataset, _extracts(contract)[name], contract.extracts.encoding)


def _extracts(contract: Contract) -> dict[str, Extract]:
    return {extract.name: extract for extract in contract.extracts.files} if contract.extracts else {}


def _output(dataset: str, extract: Extract, encoding: str) -> Output:
    variable = extract.record_format in VARIABLE
    records: list[tuple[int, int]] = []
    places: list[ElementaryItem] = []
    at = 0
    for copybook in extract.copybooks:
        record, content = record_of(copybook), at + (DESCRIPTOR_BYTES if variable else 0)
        places += [replace(place, offset=content + place.offset) for place in record.items]
        records.append((at, content - at + record.maximum))
        at = content + record.maximum
    return Output(dataset, extract.name, encoding, variable, tuple(records), tuple(sorted(places, key=lambda place: place.offset)))
