"""Two emulators for all tests here: one with its gaps fixed, one as it comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.local.clouds import Cloud, cloud


@pytest.fixture(scope="session")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from cloud(tmp_path_factory.mktemp("fixed"), fixed=True)


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from cloud(tmp_path_factory.mktemp("alone"), fixed=False)
