from __future__ import annotations

from typing import Iterator

import pytest
from moto import mock_aws

from tests.hostile.execution import Execution
from tests.support.workflow import Workflow, make_store


@pytest.fixture(scope="module")
def stage_of_the_module() -> Iterator[Workflow]:
    """One stage for all cases of a module: each is a file of its own, and leaves the others alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            yield Workflow(*make_store(), chunk_bytes=50_000_000)


@pytest.fixture
def execution(stage_of_the_module: Workflow, monkeypatch: pytest.MonkeyPatch) -> Execution:
    return Execution(stage_of_the_module, monkeypatch)
