"""Which tests run in one process where there are several (``pytest -n 2 --dist loadgroup``).

What a session makes once and dearly is made by one process alone: the tests that share it stay together. All other
tests stay with their file, whose fixtures they may share.
"""

from __future__ import annotations

import pytest

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


def pytest_itemcollected(item: pytest.Item) -> None:
    if not item.config.pluginmanager.has_plugin("xdist"):
        return
    used = [(item.path.parent.name, fixture) for fixture in item.fixturenames]
    shared = (_SHARED[use] for use in used if use in _SHARED)
    item.add_marker(pytest.mark.xdist_group(next(shared, item.location[0])))
