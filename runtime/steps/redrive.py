"""RegisterFile, for a redrive: starts one more attempt of a file, which keeps the finished chunks of the last one."""

from __future__ import annotations

from typing import Any

from runtime.aws.item_table import Item
from runtime.core import keys
from runtime.core.errors import InvalidInput, OwnershipLost, ReconciliationFailed
from runtime.core.models import FileStatus, FileTask, Redrive
from runtime.steps.register import NOTHING, PROCESS, named_by
from runtime.steps.stage import Stage

#: Attributes about the end of the last attempt, which do not apply to the next.
_ENDING = ("error_type", "error_message", "published_at", "not_moved")
_TOTALS = ("rows_read", "rows_accepted", "rows_rejected", "blank_lines", "reasons", "reject_report")
#: Results of validation and planning. ``plan`` stays: the next plan needs a higher number, which invalidates older chunks.
_VALIDATED = (
    "contract_version", "contract_sha256", "reading_key", "chunk_bytes", "encoding", "delimiter", "header_bytes", "columns",
    "compression", "offsets", "decoded", "chunks", "exact_from", "manifest_key",
)  # fmt: skip


def obstacle(item: Item, *, from_start: bool) -> str | None:
    """Why the file cannot be redriven, as the rest of a sentence that begins with the file; None if it can."""
    status = item["file_status"]
    if status == FileStatus.SUCCEEDED:
        return "has SUCCEEDED; there is nothing left to do"
    if status not in FileStatus.ENDED:
        return f"is {status}: execution {item['execution']} owns it until it ends"
    if status == FileStatus.REJECTED and not from_start:
        return "was REJECTED, and would be again; once its contract is mended, give --from-start"
    if item["location"]["key"].startswith(keys.INCOMING) and not item.get("not_moved"):
        return f"is {status} and its original is still being moved; try again in a moment"
    return None


def redrive_file(request: Redrive, execution: str, stage: Stage) -> dict[str, Any]:
    """Open the file's next attempt; answer PROCESS to its owner, NOTHING to later requests and to those that saw another attempt.

    A file with a plan continues with its unfinished chunks. A file without a plan starts with validation, which
    reads again the settings that may have prevented its planning.
    """
    item = stage.tracking.file(request.file_id)
    if item is None:
        raise InvalidInput(f"there is no file {request.file_id}")
    if item["execution"] != execution:
        opened = _open(item, request, execution, stage)
        if opened is None:
            return {"decision": NOTHING, "file_id": request.file_id}
        item = opened
    if item["file_status"] not in FileStatus.OPEN:
        return {"decision": NOTHING, "file_id": request.file_id}
    keys.parse_incoming(item["key"])
    return FileTask(item["file_id"], item["attempt"], execution).to_dict(decision=PROCESS)


def _open(item: Item, request: Redrive, execution: str, stage: Stage) -> Item | None:
    if item["attempt"] != request.attempt or obstacle(item, from_start=request.from_start):
        return None
    # After a failed reconciliation all chunks are processed again: finished chunks would fail it again.
    again = request.from_start or "manifest_key" not in item or item.get("error_type") == ReconciliationFailed.__name__
    try:
        return stage.tracking.reopen(
            FileTask(item["file_id"], item["attempt"], execution),
            FileStatus.REGISTERED if again else FileStatus.VALIDATED,
            (item["file_status"],),
            {"dataset": named_by(item["key"]).dataset} if again else {},
            {"redriven_by": request.requester, "from_start": again},
            execution=execution,
            lease_seconds=stage.settings.lease_seconds,
            without=(*_ENDING, *_TOTALS, *(_VALIDATED if again else ())),
        )
    except OwnershipLost:
        # A step may run twice concurrently, so this execution may have reopened the file already.
        reopened = stage.tracking.file(request.file_id)
        return reopened if reopened is not None and reopened["execution"] == execution else None
