"""Superseded mode: one execution in a stage, the newest of those that wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from local.delivery.errors import Stopped, Superseded
from local.delivery.files import read_json
from local.delivery.stage_locks import StageLocks
from tests.unit.local.clouds import eventually


class Street:
    """Executions as threads, each of which stays in the stage until it is let go."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.alive: set[int] = set()
        self.locks = StageLocks(directory, lambda number: number in self.alive)
        self.inside: list[int] = []
        self.leave: dict[int, threading.Event] = {}
        self.stop: dict[int, threading.Event] = {}
        self.pool = ThreadPoolExecutor(8)

    def arrive(self, number: int) -> Future[None]:
        self.alive.add(number)
        self.leave[number], self.stop[number] = threading.Event(), threading.Event()
        return self.pool.submit(self._pass, number)

    def _pass(self, number: int) -> None:
        with self.locks.occupy("Deploy", number, self.stop[number], lambda _: None):
            self.inside.append(number)
            assert self.leave[number].wait(30)
        self.alive.discard(number)

    def waits(self, number: int) -> bool:
        return bool(eventually(lambda: read_json(self.directory / "Deploy.json")["waiting"] == number, 10))


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    made = Street(tmp_path / "locks")
    yield made
    for event in (*made.leave.values(), *made.stop.values()):
        event.set()
    made.pool.shutdown()


def enter(street: Street, number: int) -> Future[None]:
    passing = street.arrive(number)
    assert eventually(lambda: number in street.inside, 10)
    return passing


def test_a_newer_execution_waits_for_the_one_inside(street: Street) -> None:
    first = enter(street, 1)
    second = street.arrive(2)
    assert street.waits(2)
    assert street.inside == [1]
    street.leave[1].set()
    assert eventually(lambda: street.inside == [1, 2], 10)
    street.leave[2].set()
    first.result(10)
    second.result(10)


def test_the_newest_of_those_that_wait_replaces_the_others(street: Street) -> None:
    enter(street, 1)
    second = street.arrive(2)
    assert street.waits(2)
    street.arrive(3)
    with pytest.raises(Superseded, match="superseded by execution 3"):
        second.result(10)
    street.leave[1].set()
    assert eventually(lambda: street.inside == [1, 3], 10)
    street.leave[3].set()


def test_an_older_execution_does_not_follow_a_newer_one_into_a_stage(street: Street) -> None:
    passing = enter(street, 5)
    street.leave[5].set()
    passing.result(10)
    with pytest.raises(Superseded, match="superseded by execution 5"):
        street.arrive(4).result(10)


def test_one_that_died_while_it_waited_is_no_reason_to_give_way(street: Street) -> None:
    enter(street, 1)
    dying = street.arrive(9)
    assert street.waits(9)
    street.stop[9].set()
    with pytest.raises(Stopped):
        dying.result(10)
    street.alive.discard(9)
    second = street.arrive(2)
    assert street.waits(2)
    street.leave[1].set()
    street.leave[2].set()
    second.result(10)
