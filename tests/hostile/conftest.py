from __future__ import annotations

from typing import Any, Iterator, Tuple

import pytest

from tests.hostile.execution import Execution
from tests.support.memory import MemoryAws
from tests.support.workflow import Workflow, make_clients


@pytest.fixture(scope="module")
def store() -> Iterator[Tuple[MemoryAws, Any, Any]]:
    """One store for all files of a module: clients take longer to make than a file takes to process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        memory = MemoryAws()
        s3, dynamodb = make_clients()
        yield memory, memory.serve(s3), memory.serve(dynamodb)


@pytest.fixture
def execution(store: Tuple[MemoryAws, Any, Any], monkeypatch: pytest.MonkeyPatch) -> Execution:
    """An empty store for each file."""
    memory, s3, dynamodb = store
    memory.reset()
    return Execution(Workflow(s3, dynamodb, chunk_bytes=50_000_000), monkeypatch)
