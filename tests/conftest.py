"""Which tests run in one process where there are several (``pytest -n 2 --dist loadgroup``), and which come first.

What a session makes once and dearly is made by one process alone: the tests that share it stay together. All other
tests stay with their file, whose fixtures they may share. The groups that took longest last time come first, so that
no process is left with a long one at the end.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, Dict, List

import pytest
from hypothesis import settings

# A deadline is in seconds of the clock, and more processes run here than there are cores.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

#: By a folder's name and a fixture's: what the tests that use it share.
_SHARED = {
    ("e2e", "stage"): "the deployed stage",
    ("e2e", "delivered"): "the rehearsal's first delivery",
    ("infrastructure", "synthesis"): "the synthesized app",
    ("infrastructure", "accounts"): "the synthesized app",
    ("infrastructure", "walked"): "the synthesized app",
    ("local", "fixed"): "the emulator with its gaps fixed",
    ("local", "alone"): "the emulator as it comes",
}
#: Seconds of a group by a part of its name, where it has not run on this machine yet.
_EXPECTED = {
    "the deployed stage": 300.0,
    "e2e": 100.0,
    "the synthesized app": 60.0,
    "faults": 60.0,
    "properties": 40.0,
    "the emulator": 30.0,
}
#: Seconds by group, in pytest's cache.
_CACHED = "ledgerline/seconds-{}.{}".format(*sys.version_info[:2])

_took: Counter[str] = Counter()


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.config.pluginmanager.has_plugin("xdist"):
        item.add_marker(pytest.mark.xdist_group(_group(item)))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Every process has the same durations, and with them the same order."""
    node.workerinput["seconds"] = _known(node.config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        known = worker["seconds"]
        items.sort(key=lambda item: -known.get(_group(item), _expected(_group(item))))  # a stable sort


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    group = dict(report.user_properties).get("group")
    if group:
        _took[group] += report.duration


def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput"):
        item.user_properties.append(("group", _group(item)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    cache = getattr(session.config, "cache", None)  # None under -p no:cacheprovider
    if _took and cache is not None and not hasattr(session.config, "workerinput"):
        cache.set(_CACHED, {**_known(session.config), **_took})


def _known(config: pytest.Config) -> Dict[str, float]:
    cache = getattr(config, "cache", None)
    return dict(cache.get(_CACHED, {})) if cache is not None else {}


def _group(item: pytest.Item) -> str:
    used = [(item.path.parent.name, fixture) for fixture in getattr(item, "fixturenames", ())]
    return next((_SHARED[use] for use in used if use in _SHARED), item.location[0])


def _expected(group: str) -> float:
    return next((seconds for part, seconds in _EXPECTED.items() if part in group), 0.0)
