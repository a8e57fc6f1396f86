"""The seam between the workflow and the formats of files (docs/adr/0006).

Before it and after it nothing asks how a file is written: a contract names its format, the format's two modules know the
rest. One is about whole files, which are recognized and divided without being parsed; the other about their rows.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Protocol, Sequence, cast

from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected
from runtime.core.models import Decoding
from runtime.formats.source import ByteSource

if TYPE_CHECKING:
    from runtime.formats.judged import Judged


class Layout(Protocol):
    """How the bytes of one file are written: what validation found, within what its contract allows.

    ``header_end`` is the offset of the first record, ``columns`` are the columns' names in file order. With a ``decoding`` all
    offsets, and ``encoding``, are about the decoded text.
    """

    @property
    def encoding(self) -> str: ...
    @property
    def header_end(self) -> int: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def decoding(self) -> Decoding | None: ...

    def described(self) -> Mapping[str, Any]:
        """What the file's item tells of it besides."""

    def to_dict(self) -> dict[str, Any]: ...


class Block(Protocol):
    """Whole records; ``offset`` is the chunk's byte where they begin."""

    @property
    def offset(self) -> int: ...


class Reader(Protocol):
    """Iterate once to get a chunk's blocks, the same however its bytes arrive; afterwards the rest says how the chunk ended.

    ``left_over`` counts the bytes of a last record that did not end; ``broken_at`` is the chunk's byte from which on the end of
    a record could not be found, if there is one.
    """

    bytes_read: int
    left_over: int
    broken_at: int | None

    def __iter__(self) -> Iterator[Any]: ...


class Cuts(Protocol):
    """Cuts text into chunks, exactly, while it goes by."""

    def feed(self, piece: bytes) -> None: ...

    def finish(self) -> list[tuple[int, int]]: ...


class FileFormat(Protocol):
    """A module about the files of a format. Everything here raises the FileRejected that says what is wrong with a file."""

    def fitting(self, source: ByteSource, contracts: Mapping[str, Contract]) -> Mapping[str, Layout]:
        """Which of *contracts*, all of this format, a file could follow that names no dataset."""

    def recognize(self, source: ByteSource, contract: Contract) -> Layout:
        """The layout of a file of *contract*."""

    def layout(self, data: Mapping[str, Any]) -> Layout:
        """The layout that :meth:`Layout.to_dict` gave."""

    def check_samples(self, source: ByteSource, contract: Contract, layout: Any) -> int:
        """Refuse a file whose records, in a few places, all break one rule; return how many were tested."""

    def plan(
        self,
        source: ByteSource,
        contract: Contract,
        layout: Any,
        chunk_bytes: int,
        *,
        exact_from: int | None = None,
        keep: Sequence[tuple[int, int]] = (),
    ) -> list[tuple[int, int]]:
        """Contiguous ranges of at most *chunk_bytes* over everything after the header, none for no records.

        With *exact_from*, a proved boundary, nothing from there on is guessed, and *keep*, the ranges before it, stays.
        """

    def exact_cuts(self, contract: Contract, layout: Any, chunk_bytes: int) -> Cuts:
        """The same without guesses, for text that goes by from the end of its header."""

    def never_ends(self, source: ByteSource, contract: Contract, offset: int) -> FileRejected:
        """Why a file is refused in which no record ends after the file's byte *offset*."""


class RowFormat(Protocol):
    """A module about the rows of a format."""

    def reader(
        self, parts: Iterable[bytes], contract: Contract, layout: Any, *, last: bool, block_bytes: int, block_records: int
    ) -> Reader:
        """Blocks of the records in consecutive *parts* of a chunk, with which the file ends if it is the *last*."""

    def text_encoding(self, layout: Any) -> str | None:
        """What rejected records are told in; None where they are bytes."""

    def judge(self, block: Any, contract: Contract, layout: Any) -> Judged:
        """Which records of *block* are accepted, which are not, and why; it depends on nothing but the block."""


_FILES = {"csv": "runtime.formats.csv.files", "fixed-length": "runtime.formats.copybook.files"}
_ROWS = {"csv": "runtime.formats.csv.rows", "fixed-length": "runtime.formats.copybook.rows"}


#: All there are: a deployment is not good while one of them cannot be imported.
MODULES = (*_FILES.values(), *_ROWS.values())


def file_format(contract: Contract) -> FileFormat:
    return cast("FileFormat", importlib.import_module(_FILES[contract.format]))


def row_format(contract: Contract) -> RowFormat:
    return cast("RowFormat", importlib.import_module(_ROWS[contract.format]))
