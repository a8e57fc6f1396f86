"""A local file that is compressed or in UTF-16, as the text that a stage would make of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.core.settings import DEFAULT_DECODED_BYTES, DEFAULT_DECODED_RATIO
from runtime.formats.csv.file_start import read_head, read_start
from runtime.formats.decoding import Decoding, Limits, decode
from runtime.formats.source import ByteSource, FileSource

PART_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 64 * 1024
_LIMITS = Limits(DEFAULT_DECODED_BYTES, DEFAULT_DECODED_RATIO)


@contextmanager
def decoded_file(original: ByteSource, decoding: Decoding) -> Iterator[Path]:
    """The decoded text as a temporary file; raise the FileRejected that a stage would."""
    parts = (original.read(at, min(at + PART_BYTES, original.size)) for at in range(0, original.size, PART_BYTES))
    with tempfile.TemporaryDirectory(prefix="ledgerline-") as folder:
        path = Path(folder) / "decoded.csv"
        with path.open("wb") as file:
            file.writelines(decode(parts, decoding, _LIMITS))
        yield path


@contextmanager
def text_file(path: Path) -> Iterator[tuple[Path, Decoding | None]]:
    """The text of a file that has no contract yet, and what had to be done for it; raise EmptyFile, NotCsv or CorruptGzip."""
    with FileSource(path) as original:
        decoding = read_head(read_start(original, HEAD_BYTES), None).decoding
        if decoding is None:
            yield path, None
            return
        with decoded_file(original, decoding) as text:
            yield text, decoding
