"""The environment of a function does to its memory what it says."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from runtime.core import allocation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the settings are those of the GNU C library")

#: Takes and gives back blocks, as the row path does, and tells the faults of the second half.
_BLOCKS = """
import resource
import numpy as np
import pyarrow as pa
def blocks(count):
    for _ in range(count):
        held = [np.ones(4 << 20, np.uint8) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = blocks(50)
print(blocks(50) - before, pa.default_memory_pool().backend_name)
"""


def _faults(environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", _BLOCKS], env={**os.environ, **environment}, capture_output=True, check=True)
    faults, pool = done.stdout.decode().split()
    return int(faults), pool


def test_blocks_that_come_and_go_are_no_new_pages() -> None:
    faults, pool = _faults(allocation.ENVIRONMENT)
    assert pool == "system"
    one_block = (4 << 20) // resource.getpagesize()
    assert faults < one_block, "a hundred blocks took fewer new pages than one of them has"


@pytest.mark.parametrize("name", ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"])
def test_without_either_threshold_pages_go_back_to_the_system(name: str) -> None:
    faults, _ = _faults({**allocation.ENVIRONMENT, name: str(64 * 1024)})
    assert faults > 20 * (4 << 20) // resource.getpagesize()
