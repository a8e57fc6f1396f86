"""How a function keeps its memory. The C library and Arrow read it as the process starts, so it is the function's environment.

Arrow, numpy and Python take blocks of megabytes and give them back, block after block. Given back to the
system, they come again as new pages, each with a fault: up to a tenth of a chunk's processor time. So
all allocate from one heap, which keeps what it has (docs/adr/0005).
"""

from __future__ import annotations

ENVIRONMENT = {
    # Not a pool of Arrow's own beside the heap of everybody else.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # One heap for all threads: blocks are few and large, so threads hardly wait for each other.
    "MALLOC_ARENA_MAX": "1",
    # Bytes. Only what is larger is mapped by itself, and given back when freed; more than 32 MiB is refused.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    # Bytes that lie free at the end of the heap before it is made smaller.
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024),
    # numpy starts a thread for each processor, with its memory, to multiply matrices of floats, which is never done here.
    "OPENBLAS_NUM_THREADS": "1",
}
