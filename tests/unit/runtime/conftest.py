from __future__ import annotations

from typing import Any, Iterator, Tuple

import pytest
from moto import mock_aws

from tests.support.workflow import Workflow, make_clients, make_store

ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="session")
def clients() -> Tuple[Any, Any]:
    """Of S3 and DynamoDB, for all tests: they hold nothing, and take longer to make than a small file takes to process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ACCOUNT.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        return make_clients()


@pytest.fixture
def workflow(clients: Tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    """A stage on an in-process S3 and DynamoDB."""
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Workflow(*make_store(clients))
