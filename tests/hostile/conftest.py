from __future__ import annotations

from typing import Any, Iterator, Tuple

import pytest
from moto import mock_aws

from tests.hostile.execution import Execution
from tests.support.workflow import TABLE, Workflow, make_store, make_table


@pytest.fixture(scope="module")
def store() -> Iterator[Tuple[Any, Any]]:
    """One bucket for all files of a module, since making clients and buckets takes longer than processing a file."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with mock_aws():
            yield make_store()


@pytest.fixture
def execution(store: Tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Execution:
    """Each file gets a new table, since moto's transactions take time in proportion to the table's size."""
    s3, dynamodb = store
    dynamodb.delete_table(TableName=TABLE)
    make_table(dynamodb)
    return Execution(Workflow(s3, dynamodb, chunk_bytes=50_000_000), monkeypatch)
