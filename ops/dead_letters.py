"""Events that EventBridge could not deliver: each starts an execution, and only then leaves the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

#: Seconds for which a message is hidden from others: longer than ten starts take.
_VISIBILITY_SECONDS = 120


class DeadLetter(NamedTuple):
    """``about`` is what the event tells of; ``execution`` was started with it, None where the message is no event."""

    about: str
    execution: str | None


def queue_name(suffix: str) -> str:
    return f"etl-events-dlq-{suffix}"


def redrive_dead_letters(sqs: SQSClient, states: SFNClient, queue_url: str, workflow: str) -> Iterator[DeadLetter]:
    """Yield each message once, when it has been dealt with.

    May be repeated, and broken off, at any point: an event whose message was not deleted starts an
    execution again, which finds its file registered and ends.
    """
    seen: set[str] = set()
    while True:
        taken = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=_VISIBILITY_SECONDS).get("Messages", [])
        # Those that are left in the queue come back at some time.
        fresh = [message for message in taken if message["MessageId"] not in seen]
        if not fresh:
            return
        for message in fresh:
            seen.add(message["MessageId"])
            event = _event(message["Body"])
            if event is None:
                yield DeadLetter(f"message {message['MessageId']}", None)
                continue
            started = states.start_execution(stateMachineArn=workflow, input=message["Body"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            yield DeadLetter(_about(event), started["executionArn"])


def _event(body: str) -> dict[str, Any] | None:
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("detail"), dict) and "detail-type" in event else None


def _about(event: dict[str, Any]) -> str:
    detail = event["detail"]
    key = detail["object"].get("key") if isinstance(detail.get("object"), dict) else None
    return str(key or detail.get("executionArn") or event["detail-type"])
