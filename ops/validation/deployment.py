"""What can be seen of a deployment without sending it a file: its functions and its alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_lambda.client import LambdaClient

#: Seconds between two looks at a function that is still being created or updated, and how many looks.
_PAUSE_SECONDS, _LOOKS = 2.0, 30


def function_problems(functions: LambdaClient, names: Sequence[str], sleep: Callable[[float], None]) -> list[str]:
    """One message for each function that is not Active with its last update successful."""
    if not names:
        return ["functions: the stage names none"]
    return [problem for name in names if (problem := _function_problem(functions, name, sleep))]


def _function_problem(functions: LambdaClient, name: str, sleep: Callable[[float], None]) -> str | None:
    state = update = reason = ""
    for look in range(_LOOKS):
        if look:
            sleep(_PAUSE_SECONDS)
        try:
            configuration = functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return f"function {name}: does not exist"
            raise
        state, update = configuration.get("State", ""), configuration.get("LastUpdateStatus", "")
        reason = configuration.get("StateReason") or configuration.get("LastUpdateStatusReason") or "no reason given"
        if state != "Pending" and update != "InProgress":
            break
    if (state, update) == ("Active", "Successful"):
        return None
    return f"function {name}: expected state Active and last update Successful, found {state or 'none'} and {update or 'none'} ({reason})"


class AlarmFindings(NamedTuple):
    """``problems`` are of what was deployed; ``remarks`` are alarms that were on before, which no deployment answers for."""

    problems: list[str]
    remarks: list[str]


class Since(NamedTuple):
    """From ``moment`` on what is deployed answers for alarms; ``event`` is what happened then."""

    moment: datetime
    event: str


def alarm_findings(cloudwatch: CloudWatchClient, prefix: str, names: Sequence[str], since: Since) -> AlarmFindings:
    """What is to be said of the alarms under *prefix*: what went into ALARM after *since*, and what of *names* is not there."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    states = {
        alarm["AlarmName"]: (alarm["StateValue"], alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"])
        for page in pages
        for alarm in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", []))
    }
    if not states:
        return AlarmFindings([f"alarms: expected some whose names begin with {prefix!r}, found none"], [])
    findings = AlarmFindings([f"alarm {prefix}{name}: does not exist" for name in names if f"{prefix}{name}" not in states], [])
    for name, (state, changed) in sorted(states.items()):
        if changed < since.moment:
            findings.remarks.extend([f"alarm {name}: in ALARM since {_text(changed)}, before {since.event}"] if state == "ALARM" else [])
        elif moment := changed if state == "ALARM" else next(_alarms_since(cloudwatch, name, since.moment), None):
            findings.problems.append(f"alarm {name}: went into ALARM at {_text(moment)}, after {since.event}, and is {state} now")
    return findings


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _alarms_since(cloudwatch: CloudWatchClient, name: str, since: datetime) -> Iterator[datetime]:
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(AlarmName=name, HistoryItemType="StateUpdate", StartDate=since)
    for page in pages:
        for item in page.get("AlarmHistoryItems", []):
            if "to ALARM" in item.get("HistorySummary", "") and item["Timestamp"] >= since:
                yield item["Timestamp"]
