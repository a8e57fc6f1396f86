"""Sizes of chunks, records, blocks and samples, in any format."""

from __future__ import annotations

from runtime.core.errors import InvalidInput

#: The most that a chunk may have (E2).
MAX_CHUNK_BYTES = 50_000_000
#: Chunks of one file: five times what 100 GB make, and more is a mistaken size of chunks.
MAX_CHUNKS = 10_000
#: The most that a record may have, its line end included, however its file is cut: far beyond any real row, and small
#: enough that an unclosed quote is found out before gigabytes are read, and that what is held for a record fits memory.
MAX_RECORD_BYTES = 8 * 1024 * 1024
#: Bytes of a block. Small enough to stay near the processor's cache, large enough that the work per block vanishes.
BLOCK_BYTES = 2 * 1024 * 1024
#: Records. What is held for each of them bounds a block of tiny records, where bytes do not.
BLOCK_RECORDS = 65_536
#: Records sampled in each of a few places of a file, to see whether it is worth splitting, and in each reading of a window.
SAMPLE_RECORDS = 16


def check_chunks(size: int, chunk_bytes: int) -> None:
    """Raise InvalidInput where *size* bytes would be more than MAX_CHUNKS chunks."""
    if size > MAX_CHUNKS * chunk_bytes:
        raise InvalidInput(f"{size:,} bytes are more than {MAX_CHUNKS:,} chunks of {chunk_bytes:,} bytes; raise the chunk-bytes parameter")


def check_chunk_bytes(chunk_bytes: int) -> None:
    if not 0 < chunk_bytes <= MAX_CHUNK_BYTES:
        raise InvalidInput(f"chunk_bytes is {chunk_bytes}; it must be from 1 to {MAX_CHUNK_BYTES:,}")
