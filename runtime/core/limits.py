"""Sizes of chunks, records, blocks and samples, in any format."""

from __future__ import annotations

from runtime.core.errors import InvalidInput

#: Maximum size of a chunk (E2).
MAX_CHUNK_BYTES = 50_000_000
#: Maximum number of chunks of one file: five times those of 100 GB. More indicates a wrong chunk size.
MAX_CHUNKS = 10_000
#: Maximum size of a record with its line end, independent of the chunk size. It is far above real rows, and low enough to
#: detect an unclosed quote before gigabytes are read and to hold a record in memory.
MAX_RECORD_BYTES = 8 * 1024 * 1024
#: Bytes of a block. Small enough for the processor's cache, large enough to make the cost per block negligible.
BLOCK_BYTES = 2 * 1024 * 1024
#: Maximum number of records of a block. It limits the memory for a block of tiny records, which the bytes do not.
BLOCK_RECORDS = 65_536
#: Records sampled at each of a few positions of a file before it is split, and in each candidate reading of a window.
SAMPLE_RECORDS = 16


def check_chunks(size: int, chunk_bytes: int) -> None:
    """Raise InvalidInput if *size* bytes make more than MAX_CHUNKS chunks."""
    if size > MAX_CHUNKS * chunk_bytes:
        raise InvalidInput(f"{size:,} bytes are more than {MAX_CHUNKS:,} chunks of {chunk_bytes:,} bytes; raise the chunk-bytes parameter")


def check_chunk_bytes(chunk_bytes: int) -> None:
    if not 0 < chunk_bytes <= MAX_CHUNK_BYTES:
        raise InvalidInput(f"chunk_bytes is {chunk_bytes}; it must be from 1 to {MAX_CHUNK_BYTES:,}")
