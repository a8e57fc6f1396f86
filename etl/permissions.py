"""What each function may do, as data: one entry per function, least privilege by prefix.

Originals and their copies are read by version, which needs another action than reading the current
version. Listing is granted on the same prefixes: without it S3 answers 403 instead of 404 for a missing key.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from runtime.contracts.model import RESERVED_DATASETS
from runtime.core import keys

(DATASET,) = RESERVED_DATASETS

READ = "s3:GetObject"
READ_VERSION = "s3:GetObjectVersion"
READ_TAGS = "s3:GetObjectVersionTagging"
WRITE = "s3:PutObject"
WRITE_TAGS = "s3:PutObjectTagging"
DELETE_VERSION = "s3:DeleteObjectVersion"
ABORT = "s3:AbortMultipartUpload"

#: A transaction needs the actions of its members. A file's item is always written as a whole.
CHANGE_FILES = ("dynamodb:GetItem", "dynamodb:PutItem")
QUERY_ITEMS = (*CHANGE_FILES, "dynamodb:Query")

#: Prefixes of the probe's files.
PROBES = tuple(f"{area}{DATASET}/" for area in (keys.INCOMING, keys.PROCESSED, keys.FAILED, keys.CURATED, keys.REJECTED, keys.STAGING))

_DECODED = f"{keys.STAGING}*/{keys.DECODED_NAME}"
_COMMIT_MANIFESTS = f"{keys.CURATED}*/_files/"
_REJECT_REPORTS = f"{keys.REJECTED}*/_files/"
#: All reasons of a chunk whose item has no room for them.
_REASONS = f"{keys.REJECTED}*.reasons.json"
#: Extracts in parts, which are put together by a multipart upload; that may be aborted.
_EXTRACT_PARTS = f"{keys.STAGING}*.extract"
#: What the sweep deletes if nothing refers to it: outputs of chunks, decoded texts, and reports of rejects.
ORPHANED_OUTPUTS = (f"{keys.CURATED}*.parquet", f"{keys.REJECTED}*.json", f"{keys.STAGING}*.keys", _DECODED)


@dataclass(frozen=True)
class Access:
    """``objects`` pairs an action with the prefixes, which may hold wildcards, under which it is allowed."""

    objects: tuple[tuple[str, tuple[str, ...]], ...]
    table: tuple[str, ...]
    chunk_size: bool = False
    #: Prefixes under which the sweep lists versions. If any, the function may also query the index of files and start executions.
    sweeps: tuple[str, ...] = ()

    @property
    def listed(self) -> list[str]:
        """Prefixes that the function reads, where S3 must answer 404 for a missing key."""
        reads = (prefixes for action, prefixes in self.objects if action in (READ, READ_VERSION))
        return sorted(set(chain.from_iterable(reads)))


#: By handler module. finalize_file moves an original to ``processed/``; record_failure does so if it was committed, and else moves it to
#: ``failed/``.
ACCESS = {
    "register_file": Access(
        objects=((READ_VERSION, (keys.INCOMING,)),),
        table=CHANGE_FILES,
    ),
    "validate_file": Access(
        objects=((READ_VERSION, (keys.INCOMING, keys.FAILED)), (WRITE, (keys.MANIFESTS,))),
        table=CHANGE_FILES,
        chunk_size=True,
    ),
    "plan_chunks": Access(
        objects=(
            (READ_VERSION, (keys.INCOMING, keys.FAILED, _DECODED)),
            (READ, (keys.MANIFESTS,)),
            (WRITE, (keys.MANIFESTS, _DECODED)),
            (ABORT, (_DECODED,)),
        ),
        table=QUERY_ITEMS,
    ),
    "process_chunk": Access(
        objects=(
            (READ_VERSION, (keys.INCOMING, keys.FAILED, _DECODED)),
            (READ, (keys.MANIFESTS,)),
            (WRITE, (keys.CURATED, keys.REJECTED, keys.STAGING)),
        ),
        table=("dynamodb:GetItem", "dynamodb:UpdateItem"),
    ),
    "finalize_file": Access(
        objects=(
            (READ_VERSION, (keys.INCOMING, keys.FAILED, keys.PROCESSED)),
            (READ_TAGS, (keys.INCOMING, keys.FAILED)),
            (DELETE_VERSION, (keys.INCOMING, keys.FAILED)),
            (READ, (keys.MANIFESTS, keys.CURATED, keys.STAGING, _REASONS, keys.PROCESSED)),
            (WRITE, (_COMMIT_MANIFESTS, _REJECT_REPORTS, keys.EXTRACTS, keys.PROCESSED)),
            (WRITE_TAGS, (keys.PROCESSED,)),
            (ABORT, (keys.EXTRACTS, keys.PROCESSED)),
        ),
        table=QUERY_ITEMS,
    ),
    "record_failure": Access(
        objects=(
            (READ_VERSION, (keys.INCOMING, keys.FAILED, keys.PROCESSED)),
            (READ_TAGS, (keys.INCOMING, keys.FAILED)),
            (DELETE_VERSION, (keys.INCOMING, keys.FAILED)),
            (READ, (_EXTRACT_PARTS, _REASONS, keys.FAILED, keys.PROCESSED)),
            (WRITE, (_COMMIT_MANIFESTS, _REJECT_REPORTS, keys.EXTRACTS, keys.FAILED, keys.PROCESSED)),
            (WRITE_TAGS, (keys.FAILED, keys.PROCESSED)),
            (ABORT, (keys.EXTRACTS, keys.FAILED, keys.PROCESSED)),
        ),
        table=QUERY_ITEMS,
    ),
    # It finds files and starts the workflow for them, which acts with the other functions' rights. It deletes orphaned outputs itself.
    # Commit manifests are safe from it: their names match none of the patterns.
    "sweep_files": Access(
        objects=((READ, (_COMMIT_MANIFESTS,)), (DELETE_VERSION, ORPHANED_OUTPUTS)),
        table=("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"),
        sweeps=(keys.INCOMING, keys.CURATED, keys.REJECTED, keys.STAGING),
    ),
}

#: The function that checks a deployment sends a probe, reads its items, and removes both. The key of a plan does not hold the dataset.
CHECK_DEPLOYMENT = Access(
    objects=((WRITE, (f"{keys.INCOMING}{DATASET}/",)), (DELETE_VERSION, (*PROBES, keys.MANIFESTS))),
    table=("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem"),
)
