"""Each guard's text is in its file exactly once. `make test-mutations`, which is slow, breaks the guards."""

from __future__ import annotations

import ast

import pytest

from tests.mutations.guard import ROOT, Guard, GuardMoved
from tests.mutations.guards import GUARDS


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
def test_a_guard_is_where_it_is_said_to_be_and_so_is_its_test(guard: Guard):
    text = (ROOT / guard.file).read_text(encoding="utf-8")
    changed = guard.broken(text)
    assert changed != text
    if guard.file.endswith(".py"):
        compile(changed, guard.file, "exec")  # a break that is no Python would fail any test
    file, _, name = guard.test.partition("::")
    assert name.partition("[")[0] in names_in(file)


def test_no_two_guards_have_one_name():
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize("text", ["", "value > 1 and value > 1"])
def test_a_guard_that_moved_is_said_so(text):
    guard = Guard("bound", "x.py", "value > 1", "True", "tests/x.py::test_x")
    with pytest.raises(GuardMoved, match=r"the guard moved, update tests/mutations/guards/"):
        guard.broken(text)
