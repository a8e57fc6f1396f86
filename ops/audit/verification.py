"""Table, outputs and original held against each other: every check that can be made, whatever the others find."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.audit.checks import AGREES, UNKNOWN, Check, Unverifiable, check
from ops.audit.original import Fingerprint, as_arrived, fingerprint_of, refuse_archived
from ops.audit.outputs import output_checks
from ops.audit.reprocessing import KeyCheck, difference, process_again
from ops.audit.snapshot import reading_of
from ops.audit.table import COMMITTED, malformed, table_checks, uncovered
from ops.audit.text import Text
from runtime.aws.object_store import ObjectStore, StoredObject, StoredSource
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core.errors import FileRejected
from runtime.core.models import FileStatus, ObjectRef
from runtime.steps.snapshot import Snapshot
from runtime.steps.validate import examine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

Item = Mapping[str, Any]

_NOT_AGAIN = "{}, so neither rows nor the reason of the end are found again; `python -m ops contract check` with the original tells them"


@dataclass(frozen=True)
class Verifier:
    """One ended file and where it is kept. ``contracts`` are this checkout's; ``advance`` is told of the original's bytes as they go by."""

    file: Item
    chunks: Sequence[Item]
    events: Sequence[Item]
    store: ObjectStore
    s3: S3Client
    contracts: Mapping[str, Contract]
    advance: Callable[[int], None]

    def checks(self) -> Iterator[Check]:
        form = check("table", "every item has the form that it must have", lambda: malformed(self.file, self.chunks, self.events))
        yield form
        if form.result != AGREES:
            return
        yield from table_checks(self.file, self.chunks, self.events)
        yield from output_checks(self.file, self.chunks, self.store)
        found: list[StoredObject] = []
        yield check("original", "it is where the table says", lambda: found.append(self.store.head(self._original)))
        if not found:
            return
        yield check("original", "it has the size and the checksum that arrived", lambda: as_arrived(self.file, found[0]))
        readable = check("original", "it can be read", lambda: refuse_archived(self.file, self.s3))
        yield readable
        if readable.result == AGREES:
            yield from self._read_again(found[0])

    def _read_again(self, original: StoredObject) -> Iterator[Check]:
        """The original once, from its first byte to its last; its chunks are processed as they go by."""
        fingerprint = fingerprint_of(original, self.s3)
        parts = fingerprint.pass_on(self._stream(original.size))
        covering = check("table", "the chunks cover the original", lambda: uncovered(self.file, self.chunks))
        readings: list[Snapshot] = []
        if covering.result == AGREES or "reading_key" in self.file:
            yield check("contract", "it is the one that the table names", lambda: readings.append(self._reading()))
        if covering.result == AGREES:
            for reading in readings:
                yield from self._process_again(reading, parts)
        elif self.file["file_status"] == FileStatus.REJECTED and "reading_key" not in self.file:
            yield check("original", "it is rejected again for the reason that the table gives", self._rejected_again)
        else:
            yield Check("original", "processed again, it gives what the table says", UNKNOWN, _NOT_AGAIN.format(covering.detail))
        _exhaust(parts)
        yield check("original", "its bytes have the ETag that S3 gave them", lambda: _etag(original, fingerprint))

    def _process_again(self, reading: Snapshot, parts: Iterator[bytes]) -> Iterator[Check]:
        text = Text(self.file, reading.layout, parts)
        if self.file["header_bytes"]:
            yield check("original", "it has a header", lambda: _exhaust(text.until(self.file["header_bytes"])))
        with KeyCheck(reading.contract) as repeats:
            yield from self._chunk_checks(reading, repeats, text)
            if self.file["file_status"] in COMMITTED:
                yield check("primary key", "as many rows repeat one as the table says", lambda: repeats.difference(self.file))
        if reading.layout.decoding:
            yield check("original", "it decodes to the text that was recorded", text.difference)

    def _chunk_checks(self, reading: Snapshot, repeats: KeyCheck, text: Text) -> Iterator[Check]:
        first_row = 1
        for chunk in self.chunks:

            def compare(chunk: Item = chunk, first_row: int = first_row) -> str | None:
                again = process_again(chunk, text, reading, self.file)
                repeats.add(again, first_row)
                return difference(again, chunk, first_row, self.store)

            yield check(f"chunk {chunk['chunk_id']}", "the original, processed again, gives its counts, rows and rejects", compare)
            # What was left of it when it failed.
            check("", "", lambda chunk=chunk: _exhaust(text.until(chunk["end"])))  # type: ignore[misc]
            first_row += chunk["rows_read"]

    def _rejected_again(self) -> None:
        """As ValidateFile did. Which contracts there were is not on record: those of this checkout may have changed since."""
        source = StoredSource(self.store, self._original, self.file["size"])
        try:
            examine(source, self.file["key"], keys.parse_incoming(self.file["key"]).dataset, self.contracts)
            found = "nothing to reject it for"
        except FileRejected as error:
            found = type(error).__name__
        if found != self.file.get("error_type"):
            raise Unverifiable(f"the contracts of this checkout find {found}; verify from the commit that was deployed then")

    def _reading(self) -> Snapshot:
        return reading_of(self.file, self.contracts, self.store)

    def _stream(self, size: int) -> Iterator[bytes]:
        for part in self.store.stream(self._original, 0, size):
            self.advance(len(part))
            yield part

    @property
    def _original(self) -> ObjectRef:
        return ObjectRef.from_dict(self.file["location"])


def _etag(original: StoredObject, fingerprint: Fingerprint) -> str | None:
    computed = fingerprint.etag()
    return None if computed == original.etag else f"S3 says {original.etag}, the bytes give {computed}"


def _exhaust(parts: Iterable[bytes]) -> None:
    deque(parts, maxlen=0)
