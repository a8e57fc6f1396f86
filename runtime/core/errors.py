"""Every error the ETL raises, drawn as one tree.

::

    LedgerlineError
    ├── TransientError               retried after seconds: exponential backoff, three retries
    │   ├── StorageUnavailable       S3 timed out or answered 5xx
    │   ├── TrackingUnavailable      DynamoDB timed out, answered 5xx, or a transaction collided
    │   ├── ParametersUnavailable    SSM did not answer with a parameter
    │   └── Throttled                too many requests at once; delays a file and never fails it
    │       ├── StorageThrottled
    │       ├── TrackingThrottled
    │       └── ParametersThrottled
    ├── DeploymentFault              retried after minutes: a deployment or its rollback may be under way
    │   ├── AccessRefused
    │   ├── ContractInvalid
    │   │   └── CopybookInvalid
    │   ├── SettingsInvalid
    │   └── UnsupportedSchema
    └── PermanentError               never retried
        ├── FileRejected             the partner can correct it; the file ends REJECTED
        │   ├── InvalidKey
        │   ├── ObjectArchived
        │   ├── UnknownDataset
        │   ├── EmptyFile
        │   ├── NotCsv
        │   ├── JunkRows
        │   ├── EncodingMismatch
        │   ├── CompressionMismatch
        │   ├── CorruptGzip
        │   ├── DecodedTooLarge
        │   ├── DelimiterMismatch
        │   ├── HeaderMismatch
        │   ├── SampleMismatch
        │   ├── RecordTooLong
        │   ├── UnterminatedQuote
        │   ├── NotRecords
        │   ├── RecordLengthMismatch
        │   ├── RecordChainBroken
        │   ├── TruncatedRecord
        │   ├── TooManyRejectedRows
        │   └── DuplicateKeys
        └── ProcessingFailed         an operator must look; the file ends FAILED
            ├── ObjectMissing
            ├── ItemTooLarge
            ├── InvalidInput
            ├── OwnershipLost
            └── ReconciliationFailed

An error's class decides whether it is retried: the state machine's retriers are made from
:func:`error_names`. An error without a class here is treated as a DeploymentFault (docs/adr/0001).
The facts of an error are its attributes; ``str()`` is one line that says what, where and what to do.
"""

from __future__ import annotations

from typing import Sequence


class LedgerlineError(Exception):
    """Base of every error that this package raises on purpose."""


class TransientError(LedgerlineError):
    """Trying again may succeed."""


class DeploymentFault(LedgerlineError):
    """The deployed code, settings or permissions prevent the work, for any file. Another deployment may correct it."""


class PermanentError(LedgerlineError):
    """Trying again cannot succeed."""


class FileRejected(PermanentError):
    """The file breaks its contract; its sender can correct it and send it again."""


class ProcessingFailed(PermanentError):
    """The file may be good; the system could not process it."""


class StorageUnavailable(TransientError):
    def __init__(self, operation: str, key: str, code: str) -> None:
        self.operation, self.key, self.code = operation, key, code
        super().__init__(f"S3 {operation} of {key!r} did not succeed for now ({code})")


class TrackingUnavailable(TransientError):
    def __init__(self, operation: str, code: str) -> None:
        self.operation, self.code = operation, code
        super().__init__(f"DynamoDB {operation} did not succeed for now ({code})")


class ParametersUnavailable(TransientError):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"SSM did not answer with parameter {name!r} for now")


class Throttled(TransientError):
    """E23. Retried like other transient errors; after the last retry the workflow pauses and tries again, until the execution times out."""


class StorageThrottled(Throttled):
    def __init__(self, operation: str, key: str, code: str) -> None:
        self.operation, self.key, self.code = operation, key, code
        super().__init__(f"S3 {operation} of {key!r} was throttled ({code})")


class TrackingThrottled(Throttled):
    def __init__(self, operation: str, code: str) -> None:
        self.operation, self.code = operation, code
        super().__init__(f"DynamoDB {operation} was throttled ({code})")


class ParametersThrottled(Throttled):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"SSM was throttled when it was asked for parameter {name!r}")


class InvalidKey(FileRejected):
    def __init__(self, key: str, reason: str) -> None:
        self.key, self.reason = key, reason
        super().__init__(f"Key {key!r}: {reason}; upload to incoming/<dataset>/<partner>/<name>")


class ObjectArchived(FileRejected):
    """The object is in an archive storage class: S3 returns its bytes only after a restore."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"Object {key!r} was uploaded into an archive, where it cannot be read; send it in storage class STANDARD")


class UnknownDataset(FileRejected):
    """``fitting``: the datasets whose header fits, if several fit a file whose key names no dataset."""

    def __init__(self, key: str, dataset: str | None, known: Sequence[str], fitting: Sequence[str] = ()) -> None:
        self.key, self.dataset, self.known, self.fitting = key, dataset, tuple(known), tuple(fitting)
        fits = f"fits several ({', '.join(fitting)})" if fitting else "fits none"
        asked = f"names dataset {dataset!r}, which has no contract" if dataset is not None else f"names no dataset and its header {fits}"
        super().__init__(f"{key!r} {asked}; known datasets: {', '.join(known) or 'none'}")


class EmptyFile(FileRejected):
    def __init__(self, reason: str = "the file has no bytes", least: str = "the header line") -> None:
        super().__init__(f"{reason}; send at least {least}")


class NotCsv(FileRejected):
    def __init__(self, found: str, offset: int = 0) -> None:
        self.found, self.offset = found, offset
        super().__init__(f"This is not delimited text: {found} at byte {offset}; send plain CSV")


class JunkRows(FileRejected):
    """The rejected rows of one chunk would exceed the maximum size of their log; ``offset`` is that of the last rejected row counted."""

    def __init__(self, rows: int, offset: int) -> None:
        self.rows, self.offset = rows, offset
        super().__init__(f"{rows:,} rows of one chunk fit nothing, up to the row at byte {offset}; send a file of this dataset")


class EncodingMismatch(FileRejected):
    def __init__(self, declared: str, found: str, offset: int) -> None:
        self.declared, self.found, self.offset = declared, found, offset
        super().__init__(f"The contract says {declared}, but there is {found} at byte {offset}; send {declared}")


class CompressionMismatch(FileRejected):
    def __init__(self, declared: str) -> None:
        self.declared = declared
        super().__init__(f"The contract says compression {declared!r}, but the file is not compressed; send it compressed")


class CorruptGzip(FileRejected):
    """The compressed file is intact up to the byte ``offset``."""

    def __init__(self, found: str, offset: int) -> None:
        self.found, self.offset = found, offset
        super().__init__(
            f"The gzip data is broken: {found}, after byte {offset:,} of the compressed file; compress the file again and send it"
        )


class DecodedTooLarge(FileRejected):
    """Decoding stopped after ``read_bytes`` bytes of the file had become ``decoded_bytes`` bytes of text."""

    def __init__(self, read_bytes: int, decoded_bytes: int, limit: str) -> None:
        self.read_bytes, self.decoded_bytes, self.limit = read_bytes, decoded_bytes, limit
        super().__init__(
            f"{read_bytes:,} bytes of the file decode to {decoded_bytes:,} of text, more than {limit}; split the file, or send it plain"
        )


class DelimiterMismatch(FileRejected):
    def __init__(self, declared: str, found: str) -> None:
        self.declared, self.found = declared, found
        super().__init__(f"The contract's delimiter is {declared!r}, but the header is separated by {found!r}; send {declared!r}")


#: Characters of a column's name that a message quotes: a partner's header may contain names of any length.
_NAME_CHARACTERS = 60


class HeaderMismatch(FileRejected):
    """The header's names are not the contract's.

    ``missing`` and ``unexpected`` are in contract and file order; ``duplicated`` lists names that
    occur twice. All three are empty if only the order differs.
    """

    def __init__(self, missing: Sequence[str], unexpected: Sequence[str], duplicated: Sequence[str], expected: Sequence[str]) -> None:
        self.missing, self.unexpected = tuple(missing), tuple(unexpected)
        self.duplicated, self.expected = tuple(duplicated), tuple(expected)
        parts = [
            f"{word} {', '.join(repr(name[:_NAME_CHARACTERS]) for name in names[:20])}{' and more' if len(names) > 20 else ''}"
            for word, names in (("missing", self.missing), ("unexpected", self.unexpected), ("duplicated", self.duplicated))
            if names
        ]
        what = "; ".join(parts) or "the columns are in another order"
        if len(self.missing) == len(self.expected):
            # The first line may be a row of data, which a message must not quote.
            what = "the first line has none of the contract's columns; is the header missing?"
        super().__init__(f"Header: {what}; expected {', '.join(self.expected[:50])}{' ...' if len(self.expected) > 50 else ''}")


class SampleMismatch(FileRejected):
    """Every sampled record breaks the same rule. The values stay out of the message: it travels to logs and queues."""

    def __init__(self, records: int, column: str | None, code: str, expected: str) -> None:
        self.records, self.column, self.code, self.expected = records, column, code, expected
        where = f"column {column!r}" if column else "the record as a whole"
        super().__init__(f"All {records} records sampled from start, middle and end break one rule: {where}, {code}; expected {expected}")


class RecordTooLong(FileRejected):
    def __init__(self, offset: int, limit_bytes: int) -> None:
        self.offset, self.limit_bytes = offset, limit_bytes
        super().__init__(
            f"No record ends within {limit_bytes:,} bytes after byte {offset}; close a quote that was left open, or send shorter records"
        )


class UnterminatedQuote(FileRejected):
    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"The quote opened at byte {offset} is never closed; close or double it and send the file again")


class NotRecords(FileRejected):
    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"These are not the contract's records: the file begins as {found}; send the records themselves, in binary")


class RecordLengthMismatch(FileRejected):
    """Sizes in bytes; ``line_end`` are the bytes of the line end after each record, in hexadecimal, if there is one."""

    def __init__(self, size: int, record_bytes: int, line_end: str | None = None) -> None:
        self.size, self.record_bytes, self.line_end = size, record_bytes, line_end
        records, rest = divmod(size, record_bytes)
        more = f" and {rest:,} {'byte' if rest == 1 else 'bytes'} more" if rest else ""
        seen = f"a line end ({line_end}) follows each record, so the file went as text: " if line_end else ""
        super().__init__(f"{size:,} bytes are {records:,} records of {record_bytes:,} bytes{more}; {seen}send whole records, in binary")


class RecordChainBroken(FileRejected):
    """``found`` are the bytes at ``offset``, in hexadecimal, in place of the record descriptor."""

    def __init__(self, offset: int, found: str, expected: str) -> None:
        self.offset, self.found, self.expected = offset, found, expected
        super().__init__(f"At byte {offset} stands {found} where a record descriptor is due ({expected}); send the file again, in binary")


class TruncatedRecord(FileRejected):
    """``expected`` is the length of the record at ``offset``, ``found`` what the file contains of it: bytes, with the descriptor."""

    def __init__(self, offset: int, expected: int, found: int) -> None:
        self.offset, self.expected, self.found = offset, expected, found
        super().__init__(
            f"The file ends inside a record: {found:,} bytes of {expected:,} from byte {offset} on; send the whole file again, in binary"
        )


class TooManyRejectedRows(FileRejected):
    def __init__(self, rows_read: int, rows_rejected: int, threshold: float) -> None:
        self.rows_read, self.rows_rejected, self.threshold = rows_read, rows_rejected, threshold
        super().__init__(
            f"{rows_rejected:,} of {rows_read:,} rows were rejected, which reaches the contract's threshold of {threshold:.2%}"
        )


class DuplicateKeys(FileRejected):
    def __init__(self, duplicates: int, rows: Sequence[tuple[int, int]]) -> None:
        self.duplicates, self.rows = duplicates, tuple(rows)
        sample = ", ".join(f"row {second} repeats row {first}" for first, second in self.rows[:5])
        super().__init__(f"{duplicates:,} rows repeat a primary key ({sample}), which the contract does not allow")


class ContractInvalid(DeploymentFault):
    def __init__(self, origin: str, field: str | None, rule: str) -> None:
        self.origin, self.field, self.rule = origin, field, rule
        super().__init__(f"Contract {origin}{f', field {field!r}' if field else ''}: {rule}")


class CopybookInvalid(ContractInvalid):
    """``line`` counts from 1; ``text`` is that line."""

    def __init__(self, origin: str, line: int, text: str, rule: str) -> None:
        super().__init__(origin, None, f"copybook line {line}, {text.strip()[:_NAME_CHARACTERS]!r}: {rule}")
        self.line, self.text = line, text


class ObjectMissing(ProcessingFailed):
    def __init__(self, key: str, version_id: str | None) -> None:
        self.key, self.version_id = key, version_id
        super().__init__(f"Object {key!r} (version {version_id}) is not in the bucket; it was deleted while it was being processed")


class ItemTooLarge(ProcessingFailed):
    """The code bounds every attribute that grows with a file, so this error is a defect of the code."""

    def __init__(self, operation: str, table: str) -> None:
        self.operation, self.table = operation, table
        super().__init__(f"DynamoDB {operation} on {table!r} was refused: the item would have more than 400 KB; report this as a defect")


class AccessRefused(DeploymentFault):
    def __init__(self, operation: str, resource: str) -> None:
        self.operation, self.resource = operation, resource
        super().__init__(f"{operation} on {resource!r} was refused; compare the function's policy with docs/architecture.md")


class InvalidInput(ProcessingFailed):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The message is not one of this workflow's: {reason}")


class SettingsInvalid(DeploymentFault):
    def __init__(self, wrong: Sequence[str]) -> None:
        self.wrong = tuple(wrong)
        super().__init__(f"environment: {'; '.join(wrong)}")


class UnsupportedSchema(DeploymentFault):
    def __init__(self, found: object, accepted: Sequence[int]) -> None:
        self.found, self.accepted = found, tuple(accepted)
        super().__init__(
            f"Message schema {found!r} is not among {list(accepted)}; deploy versions one after the other, then send the file again"
        )


class OwnershipLost(ProcessingFailed):
    """Another execution took the file over, or it has already ended."""

    def __init__(self, file_id: str, attempt: int, found: str) -> None:
        self.file_id, self.attempt, self.found = file_id, attempt, found
        super().__init__(f"File {file_id} is no longer attempt {attempt}'s to change: it is {found}")


class ReconciliationFailed(ProcessingFailed):
    def __init__(self, file_id: str, what: str, expected: object, found: object) -> None:
        self.file_id, self.what, self.expected, self.found = file_id, what, expected, found
        super().__init__(f"File {file_id} does not add up: {what} should be {expected}, found {found}; nothing was committed")


def error_names(base: type[LedgerlineError]) -> list[str]:
    """Names of *base* and all its subclasses, sorted. Step Functions matches exact names only."""
    names = {base.__name__}
    for child in base.__subclasses__():
        names.update(error_names(child))
    return sorted(names)


#: Errors of Lambda itself that may succeed when retried (Step Functions developer guide, "Handling errors").
LAMBDA_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    # Lambda may report a time-out or a lack of memory under this name.
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
)
#: Lambda refused to start another copy of a function.
THROTTLED = "Lambda.TooManyRequestsException"
#: Codes with which S3, DynamoDB and SSM throttle a request.
THROTTLING_CODES = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TooManyUpdates",
    }
)


def is_deployment_fault(name: str) -> bool:
    """True for the name of a DeploymentFault, and for an unknown name."""
    known = error_class(name)
    return issubclass(known, DeploymentFault) if known else name not in (*LAMBDA_ERRORS, THROTTLED)


def error_class(name: str) -> type[LedgerlineError] | None:
    """The class of this tree called *name*, or None if there is none."""

    def walk(base: type[LedgerlineError]) -> type[LedgerlineError] | None:
        if base.__name__ == name:
            return base
        return next(filter(None, map(walk, base.__subclasses__())), None)

    return walk(LedgerlineError)
