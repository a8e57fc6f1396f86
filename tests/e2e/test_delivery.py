"""The whole delivery by ``git push``, as synthesized, in every region (D1, D2, D4, D7).

One emulator serves all, in this order: each push is what a person does next.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from local.delivery.execution import CANCELLED, FAILED, NOT_STARTED, SUCCEEDED
from local.emulator import ROOT
from tests.e2e.broken import FAILS, WRONG, Change
from tests.e2e.developer import SETTINGS, Developer, statuses

pytestmark = [pytest.mark.e2e, pytest.mark.long]

PRIMARY, DR = SETTINGS["targets"]
THIRD = {**DR, "name": "Third", "region": "eu-central-1", "suffix": "prod-third"}

WRONG_IN_DR = WRONG._replace(instead=f'"offset":{{offset + begin + (__import__("os").environ["AWS_REGION"] == "{DR["region"]}")}},')


def is_as_it_was(developer: Developer, target: dict[str, Any], before: tuple[str, dict[str, str]]) -> None:
    """On the template and the code that it had, and at work."""
    assert developer.fingerprint(target) == before
    outcome = developer.submit(target)
    assert outcome["status"] == "SUCCEEDED"
    assert outcome["rows_read"] == outcome["rows_accepted"] + outcome["rows_rejected"] > 0


def test_a_commit_is_delivered_to_every_target_and_validated(delivered: Developer) -> None:
    (record,) = delivered.records()
    assert record.status == SUCCEEDED, record.reason
    for target in (PRIMARY, DR):
        assert delivered.stack(target)["StackStatus"] == "CREATE_COMPLETE"
        assert statuses(record)[f"{target['name']}.Validate"] == SUCCEEDED


def test_a_push_that_changes_nothing_deploys_nothing(delivered: Developer) -> None:
    before = [delivered.fingerprint(target)[1] for target in (PRIMARY, DR)]
    delivered.push("main")
    assert delivered.records()[-1].status == SUCCEEDED
    assert [delivered.fingerprint(target)[1] for target in (PRIMARY, DR)] == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            Change("cdk.json", '"chunk_bytes": 50000000', '"chunk_bytes": "many"'),
            "error: cdk.json, ledgerline.chunk_bytes: is 'many', not a whole number",
        ),
        (Change("etl/functions.py", "tracing=lambda_.Tracing.ACTIVE", "tracing=lambda_.Tracing.DISABLED"), "function is not traced (E18)"),
    ],
    ids=["does not synthesize", "fails a gate"],
)
def test_a_commit_that_is_no_good_ends_before_anything_is_deployed(delivered: Developer, change: Change, said: str) -> None:  # D8
    before = [delivered.fingerprint(target) for target in (PRIMARY, DR)]
    printed = delivered.push("main", change)
    record = delivered.records()[-1]
    assert (record.status, statuses(record)["Build.Synth"]) == (FAILED, FAILED)
    assert said in printed
    assert "Traceback" not in printed
    assert statuses(record)["UpdatePipeline.SelfMutate"] == NOT_STARTED
    assert [delivered.fingerprint(target) for target in (PRIMARY, DR)] == before


def test_a_deployment_that_cannot_process_a_file_rolls_itself_back_and_stops_the_pipeline(delivered: Developer) -> None:  # D7
    before, dr = delivered.fingerprint(PRIMARY), delivered.fingerprint(DR)
    said = delivered.push("main", FAILS)
    record = delivered.records()[-1]
    assert record.status == FAILED
    assert f"etl-{PRIMARY['suffix']} ({PRIMARY['region']}) ended as UPDATE_ROLLBACK_COMPLETE: DeploymentCheck" in record.reason
    assert "(RuntimeError: the new code is broken)" in record.reason
    assert "Traceback" not in said
    assert {statuses(record)[f"{DR['name']}.{name}"] for name in ("Review", "Approve", "Validate")} == {NOT_STARTED}
    assert delivered.fingerprint(DR) == dr
    is_as_it_was(delivered, PRIMARY, before)


def test_a_deployment_that_fails_its_validation_goes_back_and_stops_the_pipeline(delivered: Developer) -> None:  # D4, D7
    before, dr = delivered.fingerprint(PRIMARY), delivered.fingerprint(DR)
    said = delivered.push("main", WRONG)
    record = delivered.records()[-1]
    assert (record.status, statuses(record)[f"{PRIMARY['name']}.Validate"]) == (FAILED, FAILED)
    assert "reject expected and not found: row" in said
    assert "The stage is back on what was last validated; this commit goes no further." in said
    assert {statuses(record)[f"{DR['name']}.{name}"] for name in ("Review", "Approve", "Validate")} == {NOT_STARTED}
    assert delivered.fingerprint(DR) == dr
    is_as_it_was(delivered, PRIMARY, before)


def test_what_fails_only_in_dr_goes_back_there_and_the_primary_keeps_what_it_validated(delivered: Developer) -> None:  # D4, D7
    primary, before = delivered.fingerprint(PRIMARY), delivered.fingerprint(DR)
    said = delivered.push("main", WRONG_IN_DR)
    record = delivered.records()[-1]
    assert record.status == FAILED
    assert {target["name"]: statuses(record)[f"{target['name']}.Validate"] for target in (PRIMARY, DR)} == {
        PRIMARY["name"]: SUCCEEDED,
        DR["name"]: FAILED,
    }
    assert "The stage is back on what was last validated; this commit goes no further." in said
    is_as_it_was(delivered, DR, before)
    is_as_it_was(delivered, PRIMARY, delivered.fingerprint(PRIMARY))
    assert delivered.fingerprint(PRIMARY) != primary


def test_a_new_target_is_refused_without_its_bootstrap_and_deployed_by_the_very_push_with_it(delivered: Developer) -> None:  # D2, D3
    """The good commit after the broken ones as well: it takes both stages to new code again."""
    said = delivered.push("main", with_target(THIRD))
    command = re.search(r"node_modules/\.bin/cdk (bootstrap aws://\d+/eu-central-1 .*)", said)
    assert command, said
    assert delivered.records()[-1].status in (FAILED, CANCELLED)
    bootstrap = [str(ROOT / "node_modules" / ".bin" / "cdk"), *command[1].replace("''", "").split()]
    subprocess.run([*bootstrap, ""], cwd=ROOT, env=delivered.emulator.environment(), check=True)
    known = len(delivered.records())
    delivered.push("main", with_target({**THIRD, "suffix": "prod-new"}))
    assert [record.status for record in delivered.records()[known:]] == [CANCELLED, SUCCEEDED]
    assert statuses(delivered.records()[-1])["Third.Validate"] == SUCCEEDED
    assert delivered.submit({**THIRD, "suffix": "prod-new"})["status"] == "SUCCEEDED"


def with_target(target: dict[str, Any]) -> Change:
    text = (ROOT / "cdk.json").read_text(encoding="utf-8")
    content = json.loads(text)
    content["context"]["ledgerline"]["targets"].append(target)
    return Change("cdk.json", text, json.dumps(content, indent=2) + "\n")
