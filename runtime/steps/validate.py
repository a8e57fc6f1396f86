"""ValidateFile: finds the file's contract and layout, and checks samples before the file is split."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from runtime.aws.object_store import StoredSource
from runtime.contracts.model import Contract
from runtime.core.models import FileStatus, FileTask
from runtime.formats.interface import Layout
from runtime.formats.recognition import recognize
from runtime.formats.registry import compiled
from runtime.formats.source import ByteSource
from runtime.steps import snapshot
from runtime.steps.snapshot import Snapshot
from runtime.steps.stage import Stage, original_of


def validate_file(task: FileTask, stage: Stage, chunk_bytes: Callable[[], int]) -> dict[str, Any]:
    """Fix the file's contract, layout and chunk size; raise a FileRejected that says what the partner must correct."""
    item = stage.owned(task)
    if item["file_status"] == FileStatus.REGISTERED:
        source = StoredSource(stage.store, original_of(item), item["size"])
        contract, layout, sampled = examine(source, item["key"], item.get("dataset"), stage.contracts)
        reading_key = snapshot.save(stage.store, task.file_id, Snapshot(contract, layout))
        stage.tracking.transition(
            task,
            FileStatus.VALIDATED,
            (FileStatus.REGISTERED,),
            {
                "dataset": contract.dataset,
                "contract_version": contract.version,
                "contract_sha256": contract.sha256,
                "reading_key": reading_key,
                "chunk_bytes": chunk_bytes(),
                **_writing(layout),
                **layout.described(),
                "header_bytes": layout.header_end,
                "columns": len(layout.columns),
            },
            {} if sampled is None else {"records_sampled": sampled},
        )
    return task.to_dict()


def examine(source: ByteSource, key: str, dataset: str | None, contracts: Mapping[str, Contract]) -> tuple[Contract, Layout, int | None]:
    """The contract and layout of a file, and the number of records sampled; raise a FileRejected that says what is wrong.

    Only the start of a file that must be decoded is readable here; its samples are checked after decoding.
    """
    contract, layout = recognize(source, key, dataset, contracts)
    sampled = compiled(contract, layout).check_samples(source) if layout.decoding is None else None
    return contract, layout, sampled


def _writing(layout: Layout) -> dict[str, Any]:
    """The original's encoding and compression, and whether offsets refer to the original or to its decoded text."""
    decoding = layout.decoding
    return {
        "encoding": (decoding and decoding.encoding) or layout.encoding,
        "compression": decoding and decoding.compression,
        "offsets": "decoded" if decoding else "original",
    }
