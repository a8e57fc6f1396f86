"""Branches by ``git push``, through the projects that the pipeline deployed (D6)."""

from __future__ import annotations

import pytest
from rich.console import Console

from local.delivery.actions import Policy
from local.delivery.deliver import Delivery
from local.delivery.source import read_revision
from pipeline import slugs
from tests.e2e.developer import Developer
from tests.e2e.inventory import Everything, everything, without
from tests.unit.local.clouds import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.long]


def reap(developer: Developer) -> bool:
    """Run the deployed reaper as its schedule would: of main, and told nothing."""
    main = read_revision(developer.remote, "main", "main")
    projects = Delivery(developer.state, Console(stderr=True), Policy()).projects(main)
    (reaper,) = projects.named("etl-reap-branches-")
    return projects.run(reaper, {}, main)


def test_branches_come_up_beside_each_other_and_each_goes_alone(delivered: Developer) -> None:
    before = everything(delivered.client)
    assert "succeeded" in delivered.push("feature/A")
    assert "succeeded" in delivered.push("feature-a")
    both = everything(delivered.client)
    one, other = slugs.suffix("feature/A"), slugs.suffix("feature-a")
    assert f"etl-{one}" in both["stacks"]
    assert f"etl-{other}" in both["stacks"]
    assert without(both, one, other) == before, "nothing of main's was touched"

    assert "succeeded" in delivered.delete("feature/A")
    assert everything(delivered.client) == without(both, one), "exactly that branch's resources are gone"

    # Nobody says that the other one is gone: the reaper finds out.
    delivered.delete_unnoticed("feature-a")
    assert reap(delivered)
    assert everything(delivered.client) == before


def test_a_branch_that_is_deleted_while_it_deploys_is_gone_when_both_builds_have_ended(delivered: Developer) -> None:
    before = everything(delivered.client)
    stack = f"etl-{slugs.suffix('feature/short')}"
    with delivered.pushing("feature/short"):
        assert eventually(lambda: stack in stacks(delivered), 600)
        said = delivered.delete("feature/short")
    assert "succeeded" in said
    assert everything(delivered.client) == before


def stacks(developer: Developer) -> set[str]:
    found: Everything = everything(developer.client)
    return found["stacks"]
