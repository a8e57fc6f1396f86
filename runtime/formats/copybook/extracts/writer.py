"""Accepted rows to the records of extracts, as their copybooks lay them out."""

from __future__ import annotations

import io
from typing import Any, Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.contracts.model import Extract, Extracts
from runtime.formats.copybook.encoding import encode
from runtime.formats.copybook.extracts import accounts
from runtime.formats.copybook.record import record_of
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, VARIABLE

Columns = Mapping[str, "pa.Array[Any]"]
Rule = Callable[[Columns], Sequence[Columns]]

#: By the contract's ``extracts.rules``, then by the extract's name.
_RULES: Mapping[str, Mapping[str, Rule]] = {"accounts": accounts.FILES}


class RecordWriter:
    """The extracts of one chunk's accepted rows, in their order."""

    def __init__(self, extracts: Extracts) -> None:
        rules = _RULES[extracts.rules]
        self._encoding = extracts.encoding
        self._files = [(file, rules[file.name], io.BytesIO()) for file in extracts.files]

    def add(self, accepted: pa.Table) -> None:
        columns = {name: accepted.column(name).chunks[0] for name in accepted.column_names}
        for file, rule, stream in self._files:
            stream.write(records(file, rule(columns), self._encoding))

    def finish(self) -> dict[str, bytes]:
        return {file.name: stream.getvalue() for file, _, stream in self._files}


def records(file: Extract, parts: Sequence[Columns], encoding: str) -> bytes:
    """The rows of *parts*, which are equally many, as *file* has them: the first row of each part, then the second, ..."""
    encoded = [_described(_encoded(columns, copybook, encoding), file) for columns, copybook in zip(parts, file.copybooks)]
    return np.concatenate(encoded, axis=1).tobytes()


def _encoded(columns: Columns, copybook: tuple[str, ...], encoding: str) -> npt.NDArray[np.uint8]:
    record = record_of(copybook)
    table = pa.Table.from_arrays([columns[item.name] for item in record.items], names=[item.name for item in record.items])
    return np.frombuffer(encode(table, record, encoding), np.uint8).reshape(-1, record.maximum)


def _described(matrix: npt.NDArray[np.uint8], file: Extract) -> npt.NDArray[np.uint8]:
    """The records with their descriptor words, if the file's have any."""
    if file.record_format not in VARIABLE:
        return matrix
    length = matrix.shape[1] + DESCRIPTOR_BYTES
    word = np.array([length >> 8, length & 0xFF, 0, 0], np.uint8)
    return np.concatenate([np.broadcast_to(word, (len(matrix), DESCRIPTOR_BYTES)), matrix], axis=1)
