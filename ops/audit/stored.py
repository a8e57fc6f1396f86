"""Outputs as they are stored now, held against what the table says was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ops.errors import OutputDiffers
from runtime.aws.object_store import ObjectStore
from runtime.core.models import ObjectRef

Written = Mapping[str, Any]


def parts(store: ObjectStore, written: Written) -> Iterator[bytes]:
    """The bytes of one output, in parts. OutputDiffers, at the latest after the last part, when they are not those that were written."""
    ref = ObjectRef(store.bucket, str(written["key"]))
    size = store.head(ref).size
    if size != written["size"]:
        raise OutputDiffers(ref.key, f"{written['size']:,} bytes", f"{size:,}")
    digest = hashlib.sha256()
    for part in store.stream(ref, 0, size):
        digest.update(part)
        yield part
    if digest.hexdigest() != written["sha256"]:
        raise OutputDiffers(ref.key, f"SHA-256 {written['sha256']}", digest.hexdigest())


def anything(store: ObjectStore, written: Written) -> Iterator[bytes]:
    """The bytes under the output's key, whatever they are by now."""
    ref = ObjectRef(store.bucket, str(written["key"]))
    return store.stream(ref, 0, store.head(ref).size)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def whole(store: ObjectStore, written: Written) -> bytes:
    return b"".join(parts(store, written))


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their newline, from pieces that are cut anywhere."""
    unfinished: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        unfinished.append(first)
        if others:
            yield b"".join(unfinished)
            yield from others[:-1]
            unfinished = [others[-1]]
    last = b"".join(unfinished)
    if last:
        yield last
