"""What a format of files must offer. The steps and the chunk path use a format only through these protocols.

A format is a folder of ``runtime.formats`` with all there is to know about its files, and one line of ``runtime.formats.registry``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Protocol, Sequence, TypeVar

from runtime.contracts.loader import FormatTerms
from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected
from runtime.formats.decoding import Decoding
from runtime.formats.source import ByteSource

if TYPE_CHECKING:
    import pyarrow as pa

    from runtime.formats.judged import Judged


class Layout(Protocol):
    """How the bytes of one file are written, as validation found it within what the contract allows.

    ``header_end`` is the offset of the first record; ``columns`` are the columns' names in file order. With a ``decoding`` all
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
        """Further attributes of the file's item in the tracking table."""

    def to_dict(self) -> dict[str, Any]: ...


class Block(Protocol):
    """Whole records; ``offset`` is the chunk's byte where they begin."""

    @property
    def offset(self) -> int: ...


L = TypeVar("L", bound=Layout)
B = TypeVar("B", bound=Block)
B_co = TypeVar("B_co", bound=Block, covariant=True)


class BlockReader(Protocol[B_co]):
    """Iterate once to get a chunk's blocks, the same however its bytes arrive. Afterwards the attributes say how the chunk ended.

    ``left_over`` counts the bytes of a last record that did not end; ``broken_at`` is the chunk's byte from which on the end of
    a record could not be found, if there is one.
    """

    bytes_read: int
    left_over: int
    broken_at: int | None

    def __iter__(self) -> Iterator[B_co]: ...


class RowReader(Protocol[B]):
    """Reads and judges rows of one file: contract and layout, compiled once for a chunk. Threads may share it."""

    @property
    def text_encoding(self) -> str | None:
        """The encoding of rejected records, or None where they are bytes."""

    def blocks(self, parts: Iterable[bytes], *, last: bool, block_bytes: int, block_records: int) -> BlockReader[B]:
        """Blocks of the records in consecutive *parts* of a chunk, with which the file ends if it is the *last*."""

    def judge(self, block: B) -> Judged:
        """Which records of *block* are accepted, which are rejected, and why. The verdict depends on the block alone."""


class Cuts(Protocol):
    """Cuts text into chunks, exactly, while it goes by."""

    def feed(self, piece: bytes) -> None: ...

    def finish(self) -> list[tuple[int, int]]: ...


class CompiledFile(Protocol):
    """A contract and the layout of one file, compiled. Everything here raises the FileRejected that says what is wrong with the file."""

    def check_samples(self, source: ByteSource) -> int:
        """Refuse a file whose records, in a few places, all break one rule; return how many were tested."""

    def plan(
        self, source: ByteSource, chunk_bytes: int, *, exact_from: int | None = None, keep: Sequence[tuple[int, int]] = ()
    ) -> list[tuple[int, int]]:
        """Contiguous ranges of at most *chunk_bytes* over everything after the header, none for no records.

        With *exact_from*, a proved boundary, nothing from there on is guessed, and *keep*, the ranges before it, stays.
        """

    def exact_cuts(self, chunk_bytes: int) -> Cuts:
        """The same without guesses, for text that goes by from the end of its header."""

    def never_ends(self, source: ByteSource, offset: int) -> FileRejected:
        """Why a file is refused in which no record ends after the file's byte *offset*."""

    def rows(self) -> RowReader[Any]:
        """The reader of the file's rows."""


class FileFormat(Protocol[L]):
    """Recognizes files of a format and compiles what is known of them."""

    def fitting(self, source: ByteSource, contracts: Mapping[str, Contract]) -> Mapping[str, L]:
        """Which of *contracts*, all of this format, a file could follow that names no dataset; its layout under each."""

    def recognize(self, source: ByteSource, contract: Contract) -> L:
        """The layout of a file of *contract*; raise the FileRejected that says what is wrong with it."""

    def layout(self, data: Mapping[str, Any]) -> L:
        """The layout that :meth:`Layout.to_dict` gave."""

    def compile(self, contract: Contract, layout: L) -> CompiledFile: ...


class ExtractWriter(Protocol):
    """Writes the extracts of one chunk beside its Parquet."""

    def add(self, accepted: pa.Table) -> None:
        """Take accepted rows, in order."""

    def finish(self) -> dict[str, bytes]:
        """The bytes of each extract, by name."""


class Format(FormatTerms, Protocol):
    """One format. Its part of a contract is read with the standard library alone; the rest is imported with the first file."""

    @property
    def modules(self) -> Sequence[str]:
        """Modules that are imported late; a deployment is not good while one of them cannot be imported."""

    def files(self) -> FileFormat[Any]: ...
