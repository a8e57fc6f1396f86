"""REQUIREMENTS D4: any difference fails the validation with a message that says what differed."""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.reject_lines import Reason, RejectedRow
from ops.validation.comparison import differences, total
from ops.validation.deployment import Since, alarm_findings, function_problems
from ops.validation.observation import Observation
from runtime.aws import probe_removal
from runtime.core.models import file_id
from runtime.core.reason_codes import VALUE_CODES
from runtime.formats.registry import load_contracts
from runtime.steps.probe import COLUMNS, DATASET, build_probe
from tests.unit.ops.deployed_stage import BUCKET, TABLE

PROBE = build_probe()
LONG_AGO = Since(datetime(2020, 1, 1, tzinfo=timezone.utc), "the deployment")


def perfect() -> Observation:
    """What a stage without fault makes of the probe."""
    file = {
        "rows_read": PROBE.rows_read,
        "rows_accepted": len(PROBE.accepted),
        "rows_rejected": len(PROBE.rejected),
        "blank_lines": PROBE.blank_lines,
        "duplicate_keys": PROBE.duplicate_keys,
        "reasons": {f"{column or '*'}:{code}": count for (column, code), count in PROBE.reasons.items()},
        "location": {"key": f"processed/{DATASET}/run/x-probe.csv"},
    }
    rejected = [
        RejectedRow(reject.row, "00000", reject.offset, 1, "", tuple(Reason(column, code, "") for column, code in reject.reasons))
        for reject in PROBE.rejected
    ]
    return Observation(file, copy.deepcopy(list(PROBE.accepted)), rejected, PROBE.content, [])


def test_a_stage_without_fault_passes() -> None:
    assert differences(PROBE, perfect()) == []


def _swap_two_rows(found: Observation) -> None:
    found.accepted[10], found.accepted[11] = found.accepted[11], found.accepted[10]


def _set(row: int, column: str, value: Any) -> Callable[[Observation], None]:
    return lambda found: found.accepted[row].__setitem__(column, value)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda found: found.file.update(rows_read=1), f"rows_read: expected {PROBE.rows_read}, found 1"),
        (lambda found: found.file.update(blank_lines=0), "blank_lines: expected 2, found 0"),
        (lambda found: found.file.update(duplicate_keys=0), "duplicate_keys: expected 1, found 0"),
        (lambda found: found.file["reasons"].pop("kind:enum"), "rows rejected for enum in kind: expected 2, found 0"),
        (lambda found: found.file["reasons"].update({"x:y": 3}), "rows rejected for y in x: expected 0, found 3"),
        (lambda found: found.accepted.pop(), "accepted rows in the Parquet: expected 241, found 240"),
        (_set(4, "amount", Decimal("0.01")), "column amount: expected total"),
        (_set(4, "amount", 207.95), "column amount: expected total"),
        (_set(2, "active", 1), "column active: expected total"),
        (_set(0, "note", ""), "column note: expected total"),
        (_swap_two_rows, "first in accepted row 11"),
        (lambda found: found.rejected.pop(), "reject expected and not found: row"),
        (lambda found: found.rejected.append(found.rejected[0]), "lines in the rejects: expected 23, found 24"),
        (lambda found: found.file.update(location={"key": f"failed/{DATASET}/x"}), "expected it under processed/"),
        (lambda found: found.file.update(published_at="2026-11-20"), "results queue: expected nothing"),
        (lambda found: found.problems.append("x.parquet: its SHA-256 is wrong"), "its SHA-256 is wrong"),
    ],
)
def test_every_difference_is_named(break_it: Callable[[Observation], Any], message: str) -> None:
    found = perfect()
    break_it(found)
    problems = differences(PROBE, found)
    assert any(message in problem for problem in problems), problems


def test_a_damaged_original_is_named() -> None:
    found = perfect()
    damaged = Observation(found.file, found.accepted, found.rejected, PROBE.content[:-1], [])
    assert any(problem.startswith("original: expected the") for problem in differences(PROBE, damaged))


def test_totals_of_every_type_are_exact() -> None:
    moments = [datetime(1970, 1, 1, 0, 0, 1, 250_000, tzinfo=timezone.utc), None]
    assert total(moments) == Decimal("1.25")
    assert total([Decimal("0.10"), Decimal("0.20")]) == Decimal("0.30")
    assert total(["abc", None, ""]) == 3
    assert total([True, False, True]) == 2


def test_the_probe_has_every_column_of_its_contract_and_every_kind_of_fault() -> None:
    contract = load_contracts()[DATASET]
    assert contract.names == COLUMNS
    assert {field.type for field in contract.fields} == {"string", "integer", "number", "boolean", "date", "datetime"}
    whole_row = {"field-count", "quote-error", "encoding-error", "control-character"}
    assert {code for _, code in PROBE.reasons} == {*VALUE_CODES, *whole_row}


def test_the_offsets_of_the_probe_are_those_of_its_bytes() -> None:
    for reject in PROBE.rejected:
        assert PROBE.content[reject.offset - 1 : reject.offset] == b"\n"
    text = PROBE.content.decode("latin-1").replace("\x00", "")
    records = [record for record in csv.reader(io.StringIO(text, newline="")) if record]
    assert len(records) == PROBE.rows_read + 1


class _Functions:
    """Answers get_function_configuration with one state after the other."""

    def __init__(self, *states: tuple[str, str]) -> None:
        self._states = list(states)

    def get_function_configuration(self, FunctionName: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        state, update = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return {"State": state, "LastUpdateStatus": update, "StateReason": "because"}


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([("Active", "Successful")], None),
        ([("Pending", "InProgress"), ("Active", "InProgress"), ("Active", "Successful")], None),
        ([("Failed", "Successful")], "function f: expected state Active and last update Successful, found Failed and Successful (because)"),
        ([("Active", "Failed")], "found Active and Failed"),
        ([("Pending", "InProgress")], "found Pending and InProgress"),
    ],
)
def test_a_function_must_be_active_and_updated(states: list[tuple[str, str]], message: str | None) -> None:
    client: Any = _Functions(*states)
    found = function_problems(client, ["f"], lambda seconds: None)
    assert found == [] if message is None else message in found[0]


def test_a_function_that_does_not_exist_is_named(environment: None) -> None:
    with mock_aws():
        assert function_problems(boto3.client("lambda"), ["etl-gone"], lambda seconds: None) == ["function etl-gone: does not exist"]
        assert function_problems(boto3.client("lambda"), [], lambda seconds: None) == ["functions: the stage names none"]


def _alarm(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_an_alarm_that_went_on_after_the_deployment_fails_the_validation_by_name(environment: None) -> None:  # D4
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch")
        none = alarm_findings(cloudwatch, "etl-test-", [], LONG_AGO)
        assert none.problems == ["alarms: expected some whose names begin with 'etl-test-', found none"]
        _alarm(cloudwatch, "etl-test-a", "ALARM")
        _alarm(cloudwatch, "etl-prod-a", "ALARM")
        found = alarm_findings(cloudwatch, "etl-test-", [], LONG_AGO)
        assert [problem.split(" at ")[0] for problem in found.problems] == ["alarm etl-test-a: went into ALARM"]
        assert found.remarks == []


def test_an_alarm_of_the_stage_that_is_not_there_is_named(environment: None) -> None:  # D4
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch")
        _alarm(cloudwatch, "etl-test/queue-age-test", "OK")
        since = Since(datetime.now(timezone.utc) + timedelta(hours=1), "the deployment")
        found = alarm_findings(cloudwatch, "etl-test/", ["queue-age-test", "queue-depth-test"], since)
        assert found.problems == ["alarm etl-test/queue-depth-test: does not exist"]


def test_an_alarm_that_was_on_before_the_deployment_is_remarked_and_does_not_fail_it(environment: None) -> None:  # D4 D7
    """After a rollback it is the rolled back version's."""
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch")
        _alarm(cloudwatch, "etl-test-a", "ALARM")
        _alarm(cloudwatch, "etl-test-b", "OK")
        found = alarm_findings(cloudwatch, "etl-test-", [], Since(datetime.now(timezone.utc) + timedelta(hours=1), "the deployment"))
        assert found.problems == []
        assert [remark.split(" since ")[0] for remark in found.remarks] == ["alarm etl-test-a: in ALARM"]


class _CloudWatch:
    """One alarm that is quiet now, and its history."""

    def __init__(self, updated: datetime, history: list[tuple[str, datetime]]) -> None:
        self._answers = {
            "describe_alarms": {"MetricAlarms": [{"AlarmName": "a", "StateValue": "OK", "StateUpdatedTimestamp": updated}]},
            "describe_alarm_history": {"AlarmHistoryItems": [{"HistorySummary": summary, "Timestamp": at} for summary, at in history]},
        }

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self._answers[operation]])


@pytest.mark.parametrize(
    ("minutes", "history", "fails"),
    [
        (5, [("Alarm updated from OK to ALARM", 3), ("Alarm updated from ALARM to OK", 5)], True),
        (5, [("Alarm updated from INSUFFICIENT_DATA to OK", 5)], False),
        (5, [("Alarm updated from OK to ALARM", -3), ("Alarm updated from ALARM to OK", 5)], False),
        (-5, [], False),
    ],
)
def test_an_alarm_that_came_and_went_since_the_deployment_fails_too(minutes: int, history: list[tuple[str, int]], fails: bool) -> None:
    deployed = datetime(2026, 11, 20, 13, 0, tzinfo=timezone.utc)
    cloudwatch: Any = _CloudWatch(deployed + timedelta(minutes=minutes), [(text, deployed + timedelta(minutes=at)) for text, at in history])
    assert bool(alarm_findings(cloudwatch, "", [], Since(deployed, "the deployment")).problems) is fails


def test_clean_up_removes_every_version_of_the_probe_and_nothing_of_others(deployed: Any) -> None:
    mine, other = "a" * 32, "b" * 32
    for identity in (mine, other):
        for prefix in probe_removal.prefixes(DATASET, f"run-{identity[0]}", identity):
            key = prefix + "x" if prefix.endswith(("/", ".")) else prefix
            deployed.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
            deployed.s3.put_object(Bucket=BUCKET, Key=key, Body=b"2")
            deployed.s3.delete_object(Bucket=BUCKET, Key=key)
        for chunk in ("#file", "00000", "#event#1"):
            deployed.dynamodb.put_item(TableName=TABLE, Item={"file_id": {"S": identity}, "chunk_id": {"S": chunk}})
    before = _versions(deployed)
    assert probe_removal.remove(deployed.s3, deployed.dynamodb, BUCKET, TABLE, probe_removal.prefixes(DATASET, "run-a", mine), mine) == []
    assert len(before) == 2 * len(_versions(deployed))
    assert not any(mine in key or "/run-a/" in key for key in _versions(deployed))
    assert {item["file_id"]["S"] for item in deployed.dynamodb.scan(TableName=TABLE)["Items"]} == {other}


def test_probes_that_were_left_behind_are_found_wherever_they_got_to(deployed: Any) -> None:
    arrived = f"incoming/{DATASET}/run-1/probe.csv"
    version = deployed.s3.put_object(Bucket=BUCKET, Key=arrived, Body=b"1")["VersionId"]
    deployed.s3.put_object(Bucket=BUCKET, Key=f"failed/{DATASET}/run-2/{'b' * 32}-probe.csv", Body=b"1")
    deployed.s3.put_object(Bucket=BUCKET, Key=f"processed/{DATASET}/run-3/{'c' * 32}-probe.csv", Body=b"1")
    deployed.s3.put_object(Bucket=BUCKET, Key="incoming/sales/acme/a.csv", Body=b"1")
    later = datetime.now(timezone.utc) + timedelta(minutes=1)
    found = probe_removal.leftovers(deployed.s3, BUCKET, DATASET, "test", later)
    assert found == [("run-1", file_id("test", arrived, version)), ("run-2", "b" * 32), ("run-3", "c" * 32)]
    assert probe_removal.leftovers(deployed.s3, BUCKET, DATASET, "test", later - timedelta(hours=1)) == []


def _versions(deployed: Any) -> list[str]:
    listed = deployed.s3.list_object_versions(Bucket=BUCKET)
    return [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in listed.get(kind, [])]
