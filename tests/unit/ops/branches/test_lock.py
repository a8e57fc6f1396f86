"""Deploying and destroying one stage exclude each other (D6)."""

from __future__ import annotations

import threading

import pytest

from ops.branches import lock as lock_module
from ops.branches.errors import StageBusy
from ops.branches.lock import LEASE, Locks
from tests.unit.ops.branches.conftest import LOCKS


class Time:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def locks(aws, time, tell):
    return lambda holder: Locks(aws.dynamodb, LOCKS, holder, now=time, sleep=time.sleep, tell=tell)


def items(aws):
    return aws.dynamodb.scan(TableName=LOCKS)["Items"]


def test_a_second_build_is_kept_out_and_told_whose_stage_it_is(aws, locks):
    with locks("first").hold("br-1", 0), pytest.raises(StageBusy, match="br-1 is in the hands of first"), locks("second").hold("br-1", 0):
        pytest.fail("two builds on one stage")
    assert items(aws) == []


def test_another_stage_is_free(locks):
    with locks("first").hold("br-1", 0), locks("second").hold("br-2", 0):
        pass


def test_a_build_waits_for_the_other_one(locks, time, told, aws):
    first = locks("first").hold("br-1", 0)
    first.__enter__()
    sleep, ends_at = time.sleep, time.now + 35

    def sleeping(seconds):
        sleep(seconds)
        if time.now >= ends_at and items(aws)[0]["holder"]["S"] == "first":
            first.__exit__(None, None, None)

    time.sleep = sleeping
    waiting = Locks(aws.dynamodb, LOCKS, "second", now=time, sleep=sleeping, tell=told.append)
    with waiting.hold("br-1", 100):
        assert items(aws)[0]["holder"] == {"S": "second"}
    assert told == ["Waiting for stage br-1, which is in the hands of first"]


def test_a_build_that_was_killed_blocks_no_longer_than_its_lease(locks, time, aws):
    killed = locks("killed")
    assert killed._take("br-1")
    time.now += LEASE - 1
    with pytest.raises(StageBusy), locks("next").hold("br-1", 0):
        pytest.fail("its lease had not ended")
    time.now += 2
    with locks("next").hold("br-1", 0):
        pass


def test_a_lock_is_renewed_for_as_long_as_its_holder_works(locks, time, aws, monkeypatch):
    monkeypatch.setattr(lock_module, "RENEWAL", 0.01)
    with locks("long").hold("br-1", 0):
        time.now += LEASE + 1000
        renewed = threading.Event()
        for _ in range(500):
            if int(items(aws)[0]["expires_at"]["N"]) > time.now:
                renewed.set()
                break
            renewed.wait(0.01)
        assert renewed.is_set()
        with pytest.raises(StageBusy), locks("second").hold("br-1", 0):
            pytest.fail("the holder is alive")


def test_a_lost_lock_is_not_renewed_and_not_released_over_its_new_holder(locks, time, aws, told):
    first = locks("first")
    with first.hold("br-1", 0):
        time.now += LEASE + 1
        assert locks("second")._take("br-1")
        first._renew_once("br-1")
    assert told == ["The lock of stage br-1 was lost to another build"]
    assert items(aws)[0]["holder"] == {"S": "second"}
