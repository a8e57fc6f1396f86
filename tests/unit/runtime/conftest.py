from __future__ import annotations

from typing import Any, Iterator, Tuple

import pytest
from moto import mock_aws

from tests.support.memory import MemoryAws
from tests.support.workflow import Workflow, make_clients, make_store

ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

Clients = Tuple[Any, Any]


@pytest.fixture(scope="session")
def session_account() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ACCOUNT.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def clients(session_account: None) -> Clients:
    """Of S3 and DynamoDB, for all tests: they hold nothing, and take longer to make than a small file takes to process."""
    return make_clients()


@pytest.fixture(scope="session")
def memory(session_account: None) -> Tuple[MemoryAws, Clients]:
    store = MemoryAws()
    s3, dynamodb = make_clients()
    return store, (store.serve(s3), store.serve(dynamodb))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def workflow(memory: Tuple[MemoryAws, Clients], account: None) -> Workflow:
    """A stage on an S3 and DynamoDB in this process."""
    store, clients = memory
    store.reset()
    return Workflow(*clients)


@pytest.fixture
def workflow_on_moto(clients: Clients, account: None) -> Iterator[Workflow]:
    """The same on moto's, which tell more of AWS and take several times as long."""
    with mock_aws():
        yield Workflow(*make_store(clients))
