"""E2: work on threads stays in order and within bounds."""

from __future__ import annotations

import threading

import pytest

from runtime.chunk.threads import in_order


def test_results_come_in_the_order_of_the_items_whichever_is_done_first():
    second_done = threading.Event()

    def work(item):
        if item == 0:
            assert second_done.wait(30)
        elif item == 1:
            second_done.set()
        return item

    assert list(in_order(work, range(20), 2)) == list(range(20))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_no_more_items_are_taken_than_the_threads_and_one_more(threads):
    taken = []
    results = in_order(str, (taken.append(item) or item for item in range(100)), threads)
    for index, _ in enumerate(results):
        assert len(taken) <= index + threads + 1


def test_what_work_raises_is_raised_in_its_place():
    results = in_order(lambda item: 6 // item, (3, 2, 0, 1), 2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
