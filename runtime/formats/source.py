"""Random access to the bytes of one input, wherever it is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, final


class ByteSource(Protocol):
    """Bytes that do not change while they are read; several threads may read at once."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, start: int, end: int) -> bytes:
        """Exactly the bytes ``[start, end)``, for ``0 <= start <= end <= size``."""


@final
class FileSource:
    """A local file as a ByteSource. Close it, or use it in a ``with`` statement."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._descriptor = os.open(self._path, os.O_RDONLY)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, start: int, end: int) -> bytes:
        """Bytes ``[start, end)``; raise EOFError when the file has become shorter."""
        pieces, position = [], start
        while position < end:
            piece = os.pread(self._descriptor, end - position, position)
            if not piece:
                raise EOFError(f"{self._path} ends at byte {position}, before byte {end}; it was cut while it was read")
            pieces.append(piece)
            position += len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
