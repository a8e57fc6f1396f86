"""Telling the subscribers of a topic."""

from __future__ import annotations

from ops.aws import Aws

#: Bytes; SNS refuses a message over 256 KiB.
_LONGEST_MESSAGE = 200_000


def publish(topic: str, subject: str, body: str, advice: str) -> None:
    """Publish *body*, shortened to what a topic takes, and the whole *advice* after it."""
    shortened = body.encode()[:_LONGEST_MESSAGE].decode(errors="ignore")
    # A topic's ARN names its region, which need not be the one that is worked in.
    sns = Aws(topic.split(":")[3] if topic.count(":") == 5 else None).sns
    sns.publish(TopicArn=topic, Subject=subject, Message=f"{shortened}\n\n{advice}\n")
