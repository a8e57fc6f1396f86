"""A file of an output as units in matrices, a piece at a time, once it is known to be such a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ops.comparison.outputs import Output
from ops.errors import NotTheOutput
from runtime.formats.copybook.blocks import Bytes
from runtime.formats.copybook.decoding import number
from runtime.formats.copybook.items import ZONED

#: Bytes that are compared at once.
PIECE_BYTES = 4 * 1024 * 1024
#: How a file that came as text instead of in binary is recognized.
_OTHER_PAGES = ("ascii", "cp037")


@dataclass(frozen=True)
class Recorded:
    """A file of records: ``name`` is for people, ``parts`` gives its ``size`` bytes in order."""

    name: str
    size: int
    parts: Callable[[], Iterable[bytes]]


def units(file: Recorded, output: Output) -> Iterator[Bytes]:
    """Matrices of whole units, shape (n, ``unit_bytes``); raise NotTheOutput where the file has none."""
    _check_size(file, output)
    waiting = bytearray()
    wanted = max(PIECE_BYTES // output.unit_bytes, 1) * output.unit_bytes
    done = 0
    for part in file.parts():
        waiting += part
        while len(waiting) >= wanted or (waiting and done + len(waiting) == file.size):
            piece = bytes(waiting[:wanted])
            del waiting[: len(piece)]
            yield _checked(piece, done, file, output)
            done += len(piece)
    if done != file.size:
        raise NotTheOutput(
            file.name, f"has {done + len(waiting):,} bytes, and had {file.size:,} a moment ago; compare files that stand still"
        )


def _check_size(file: Recorded, output: Output) -> None:
    if output.variable:
        return
    count, rest = divmod(file.size, output.unit_bytes)
    if rest:
        what = f"{output.unit_bytes:,} bytes, which {output.name!r} of {output.dataset} has"
        raise NotTheOutput(
            file.name,
            f"has {file.size:,} bytes: {count:,} records of {what}, and {rest:,} more; name the right --output, and transfer in binary",
        )


def _checked(piece: bytes, at: int, file: Recorded, output: Output) -> Bytes:
    whole = len(piece) // output.unit_bytes * output.unit_bytes
    matrix = np.frombuffer(piece[:whole], np.uint8).reshape(-1, output.unit_bytes)
    for start, word in output.descriptors:
        wrong = np.flatnonzero((matrix[:, start : start + len(word)] != np.frombuffer(word, np.uint8)).any(axis=1))
        if len(wrong):
            matrix, whole = matrix[: wrong[0]], int(wrong[0]) * output.unit_bytes
    if whole < len(piece):
        _refuse_chain(piece[whole : whole + output.unit_bytes], at + whole, file, output)
    if at == 0:
        _check_page(matrix, file, output)
    return matrix


def _refuse_chain(unit: bytes, at: int, file: Recorded, output: Output) -> None:
    """Say what is wrong with the first descriptor word of *unit* that is, or with its end."""
    for start, word in output.descriptors:
        found = unit[start : start + len(word)]
        if found != word:
            ends = "ends" if not found else f"has X'{found.hex().upper()}'"
            expected = f"the descriptor word X'{word.hex().upper()}' of a record of {int.from_bytes(word[:2], 'big'):,} bytes is due"
            raise NotTheOutput(
                file.name,
                f"{ends} at byte {at + start:,}, where {expected}; transfer variable records in binary and with their descriptor words",
            )
    raise NotTheOutput(file.name, f"ends at byte {at + len(unit):,}, within the records of the row that begins at byte {at:,}")


def _check_page(matrix: Bytes, file: Recorded, output: Output) -> None:
    """Refuse a file in none of whose first records the zoned numbers are what they are in the output's encoding."""
    zoned = [place for place in output.places if place.kind == ZONED]
    head = matrix[:1000]

    def fits(page: str) -> bool:
        return not all(np.logical_or.reduce([number(head, place, page).bad for place in zoned]))

    if zoned and len(head) and not fits(output.encoding):
        other = next((page for page in _OTHER_PAGES if page != output.encoding and fits(page)), None)
        reads = f"but in {other} they do; transfer in binary" if other else "in none of the first records; is it the right --output?"
        raise NotTheOutput(file.name, f"has numbers ({zoned[0].name} and others) that do not read in {output.encoding}, {reads}")
