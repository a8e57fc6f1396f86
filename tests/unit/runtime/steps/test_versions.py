"""E24: two versions of the code at work on one file, the newer one writing schema number 2."""

from __future__ import annotations

from typing import Any, Callable, Tuple

import pytest

from runtime.aws import tracking
from runtime.core import models
from runtime.core.errors import UnsupportedSchema
from runtime.core.models import Arrival, ChunkTask, FileTask
from runtime.steps import documents, outcome, snapshot
from runtime.steps.finalize import finalize_file
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from runtime.steps.register import register_file
from runtime.steps.validate import validate_file
from tests.support.transactions import csv, row
from tests.support.workflow import Workflow

Deploy = Callable[[int, Tuple[int, ...]], None]
ROWS = 60
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:etl-workflow-test:1"


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Put a version in place that *writes* one schema number and *accepts* some."""

    def deploy(writes: int, accepts: tuple[int, ...]) -> None:
        snapshot.load.cache_clear()
        monkeypatch.setattr(models, "ACCEPTED_SCHEMAS", accepts)
        for module in (models, documents, outcome, snapshot, tracking):
            monkeypatch.setattr(module, "SCHEMA", writes)

    return deploy


def plan(workflow: Workflow) -> dict[str, Any]:
    event = workflow.upload("incoming/transactions/acme/a.csv", csv(row(number) for number in range(ROWS)))
    state = register_file(Arrival.from_event(event), EXECUTION, workflow.stage)
    state = validate_file(FileTask.from_event(state), workflow.stage, lambda: workflow.chunk_bytes)
    return plan_chunks(FileTask.from_event(state), None, workflow.stage)


def chunks(workflow: Workflow, state: dict[str, Any], only: slice) -> None:
    for item in workflow.manifest(state)[only]:
        process(ChunkTask.from_dict(item), workflow.stage)


def finish(workflow: Workflow, state: dict[str, Any]) -> tuple[str, int, int]:
    ended = finalize_file(FileTask.from_event(state), workflow.stage)
    item = workflow.stage.tracking.file(ended["file_id"])
    assert item is not None
    return item["file_status"], item["rows_read"], item["rows_accepted"]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)], ids=["deployed", "rolled back"])
def test_what_one_version_planned_its_neighbour_finishes(workflow: Workflow, deploy: Deploy, before: int, after: int) -> None:
    deploy(before, (1, 2))
    state = plan(workflow)
    chunks(workflow, state, slice(3))
    assert {item["schema"] for item in workflow.manifest(state)} == {before}

    deploy(after, (1, 2))
    chunks(workflow, state, slice(None))
    assert finish(workflow, state) == ("SUCCEEDED", ROWS, ROWS)


def test_a_version_that_cannot_read_its_neighbours_plan_harms_nothing(workflow: Workflow, deploy: Deploy) -> None:
    """It forgot N-1; it is a fault of what is deployed, tried again when something else is."""
    deploy(1, (1, 2))
    state = plan(workflow)
    deploy(2, (2,))
    for step in (lambda: chunks(workflow, state, slice(None)), lambda: finish(workflow, state)):
        with pytest.raises(UnsupportedSchema):
            step()
    deploy(1, (1, 2))
    chunks(workflow, state, slice(None))
    assert finish(workflow, state) == ("SUCCEEDED", ROWS, ROWS)


def test_the_code_reads_what_it_and_its_neighbours_write() -> None:
    assert models.SCHEMA in models.ACCEPTED_SCHEMAS
    assert models.SCHEMA == 1 or models.SCHEMA - 1 in models.ACCEPTED_SCHEMAS
