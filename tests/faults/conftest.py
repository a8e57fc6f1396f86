from __future__ import annotations

import pytest

from tests.faults.files import WINDOW_BYTES


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's account, and windows as small as these files' chunks, or no boundary would be a guess."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr("runtime.formats.csv.boundaries.WINDOW_BYTES", WINDOW_BYTES)
    monkeypatch.setattr("runtime.formats.csv.boundaries.WIDEST_WINDOW_BYTES", WINDOW_BYTES)
