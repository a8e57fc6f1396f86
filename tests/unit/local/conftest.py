"""Two emulators for all tests here: one with its gaps fixed, one as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import emulator
from tests.unit.local.clouds import Cloud


def _cloud(state: Path, *, fixed: bool) -> Iterator[Cloud]:
    running = emulator.start(state, fixed=fixed)
    try:
        running.configure({"stepfunctions._SFN_WAIT_SCALE": "0"})
        yield Cloud(running)
    finally:
        emulator.stop(state)


@pytest.fixture(scope="session")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from _cloud(tmp_path_factory.mktemp("fixed"), fixed=True)


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from _cloud(tmp_path_factory.mktemp("alone"), fixed=False)
