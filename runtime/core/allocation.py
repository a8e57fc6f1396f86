"""Environment variables that configure memory allocation. The C library and Arrow read them when the process starts.

Arrow, numpy and Python allocate and free blocks of megabytes for every block of a chunk. If the freed memory went back
to the system, each new block would fault its pages in again, which took up to a tenth of a chunk's processor time.
So all of them allocate from one heap, which keeps freed memory (docs/adr/0005).
"""

from __future__ import annotations

ENVIRONMENT = {
    # Arrow allocates from the C library's heap, as numpy and Python do.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # One heap for all threads: blocks are few and large, so threads hardly wait for each other.
    "MALLOC_ARENA_MAX": "1",
    # Bytes. Larger allocations are mapped separately and returned to the system when freed. 32 MiB is the maximum that glibc accepts.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    # Bytes that may be free at the end of the heap before the C library returns them to the system.
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024),
    # numpy starts a thread with its own memory for each processor, to multiply matrices of floats. The runtime multiplies none.
    "OPENBLAS_NUM_THREADS": "1",
}
