"""The message about a file's end, for the partner's queue and the operators' topic."""

from __future__ import annotations

import json
from typing import Any

from runtime.aws.item_table import Item
from runtime.contracts.model import RESERVED_DATASETS
from runtime.core.models import SCHEMA, FileStatus

#: Maximum length of a subject in SNS.
_SUBJECT_CHARACTERS = 100
_PUBLISHED = ("file_id", "attempt", "dataset", "partner", "bucket", "key", "version_id", "size", "created_at")
_COUNTED = ("rows_read", "rows_accepted", "rows_rejected", "duplicate_keys")


def is_reserved(item: Item) -> bool:
    """True for the system's own probes, which are excluded from the queue, the topic and the metrics."""
    return item.get("dataset") in RESERVED_DATASETS


def outcome(item: Item) -> dict[str, Any]:
    """The input of PublishResult, NotifyFailure and HowEnded; a committed file counts as SUCCEEDED.

    ``group`` and ``deduplication`` are for the FIFO queue: messages of a partner stay in order, repeated ones are dropped. The
    body is ASCII, since a partner's key may contain characters that SQS refuses.
    """
    status = FileStatus.SUCCEEDED if item["file_status"] == FileStatus.COMMITTED else item["file_status"]
    message: dict[str, Any] = {"schema": SCHEMA, "status": status, "finished_at": item["updated_at"]}
    message.update({name: item.get(name) for name in _PUBLISHED})
    message.update({name: item.get(name, 0) for name in _COUNTED})
    message["curated"] = _uri(item, "commit_manifest")
    message["rejected"] = _uri(item, "reject_report")
    if item.get("extracts"):
        message["extracts"] = {name: f"s3://{item['bucket']}/{extract['key']}" for name, extract in item["extracts"].items()}
    message["error"] = {"type": item["error_type"], "message": item["error_message"]} if item.get("error_type") else None
    what = f" ({item['error_type']})" if item.get("error_type") else ""
    return {
        "status": status,
        "publish": not is_reserved(item),
        "alert": status != FileStatus.SUCCEEDED and not is_reserved(item),
        "group": item["partner"],
        # Two attempts may fail within the five minutes of the queue's deduplication.
        "deduplication": f"{item['file_id']}-{status}" + (f"-{item['attempt']}" if item["attempt"] > 1 else ""),
        "subject": _subject(f"{status}: {item.get('dataset') or 'unknown dataset'} file of {item['partner']}{what}"),
        "body": json.dumps(message),
    }


def _uri(item: Item, attribute: str) -> str | None:
    return f"s3://{item['bucket']}/{item[attribute]}" if item.get(attribute) else None


def _subject(text: str) -> str:
    return "".join(character if 32 <= ord(character) < 127 else "?" for character in text)[:_SUBJECT_CHARACTERS]
