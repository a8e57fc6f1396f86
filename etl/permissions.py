"""What each function may do, as data: one row a function, least privilege by prefix.

Originals and their copies are read by version, which is another right than reading the current
one. Listing is granted on the same prefixes, since S3 answers 403 instead of 404 for a missing key
to whoever may not list.
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

#: Transactions are authorized by the actions of their members; a change of a file puts its whole item.
CHANGE_FILES = ("dynamodb:GetItem", "dynamodb:PutItem")
QUERY_ITEMS = (*CHANGE_FILES, "dynamodb:Query")

#: Where the system's own probes are.
PROBES = tuple(f"{area}{DATASET}/" for area in (keys.INCOMING, keys.PROCESSED, keys.FAILED, keys.CURATED, keys.REJECTED, keys.STAGING))

_DECODED = f"{keys.STAGING}*/{keys.DECODED_NAME}"
_COMMIT_MANIFESTS = f"{keys.CURATED}*/_files/"
_REJECT_REPORTS = f"{keys.REJECTED}*/_files/"
#: All reasons of a chunk whose item has no room for them.
_REASONS = f"{keys.REJECTED}*.reasons.json"
#: What stands beside the Parquet; it is put together of parts, which may be given up.
_EXTRACT_PARTS = f"{keys.STAGING}*.extract"
#: Outputs of chunks, texts that were decoded, and reports of rejects.
LEFTOVERS = (f"{keys.CURATED}*.parquet", f"{keys.REJECTED}*.json", f"{keys.STAGING}*.keys", _DECODED)


@dataclass(frozen=True)
class Access:
    """``objects`` are pairs of an action and the prefixes (patterns) under which it is allowed."""

    objects: tuple[tuple[str, tuple[str, ...]], ...]
    table: tuple[str, ...]
    chunk_size: bool = False
    #: Prefixes under which versions are listed; with it come the index of files and the workflow's executions.
    sweeps: tuple[str, ...] = ()

    @property
    def listed(self) -> list[str]:
        """Prefixes under which a missing key must be told from a forbidden one."""
        reads = (prefixes for action, prefixes in self.objects if action in (READ, READ_VERSION))
        return sorted(set(chain.from_iterable(reads)))


#: By handler module. A file is moved by finalize_file, or by record_failure: forward if it was committed, aside if not.
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
    # It finds files, and starts the workflow: what is done about them is done with the rights of the others. Outputs that nothing
    # names it deletes itself, and no commit manifest: their names end otherwise.
    "sweep_files": Access(
        objects=((READ, (_COMMIT_MANIFESTS,)), (DELETE_VERSION, LEFTOVERS)),
        table=("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"),
        sweeps=(keys.INCOMING, keys.CURATED, keys.REJECTED, keys.STAGING),
    ),
}

#: The function that checks a deployment: it sends a probe, looks at its items, and removes both. A plan's name is a file id alone.
CHECK_DEPLOYMENT = Access(
    objects=((WRITE, (f"{keys.INCOMING}{DATASET}/",)), (DELETE_VERSION, (*PROBES, keys.MANIFESTS))),
    table=("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem"),
)
