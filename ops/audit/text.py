"""The text that chunks are ranges of, made from the original anew while it goes by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from runtime.formats.decoding import Limits, decode
from runtime.formats.interface import Layout

Item = Mapping[str, Any]


class Text:
    """Taken in ranges, one after the other, from *parts*: the bytes of the original, which are decoded where the layout says so.

    What was decoded when the file was planned has expired, or could have been changed: it is not asked.
    """

    def __init__(self, file: Item, layout: Layout, parts: Iterator[bytes]) -> None:
        self._recorded: Item = file.get("decoded") or {}
        self._parts = parts
        if layout.decoding:
            size = int(self._recorded["size"])
            self._parts = decode(parts, layout.decoding, Limits(size, size))
        self._held = b""
        self._digest = hashlib.sha256()
        self.position = 0

    def until(self, end: int) -> Iterator[bytes]:
        """What is left of the bytes before *end*; fewer where the text ends."""
        while self.position < end:
            part = self._held or next(self._parts, b"")
            if not part:
                return
            room = end - self.position
            taken, self._held = part[:room], part[room:]
            self.position += len(taken)
            self._digest.update(taken)
            yield taken

    def difference(self) -> str | None:
        """How the whole text differs from the one that was recorded, once all of it was taken."""
        if self._held or next(self._parts, b""):
            return f"it goes on after the {self._recorded['size']:,} bytes that were recorded"
        if (self.position, self._digest.hexdigest()) == (self._recorded["size"], self._recorded["sha256"]):
            return None
        return f"SHA-256 {self._recorded['sha256']} was recorded, the original gives {self._digest.hexdigest()}"
