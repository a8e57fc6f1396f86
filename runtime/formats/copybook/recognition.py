"""Is a file what its contract says: records of this form, in this encoding? Told by its size, its head and its end."""

from __future__ import annotations

from runtime.core.errors import EmptyFile, EncodingMismatch, FileRejected, NotRecords, RecordLengthMismatch
from runtime.formats.copybook.boundaries import last_boundary
from runtime.formats.copybook.chains import failure, whole_records
from runtime.formats.copybook.encoding_guess import other_text
from runtime.formats.copybook.record import Record
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.signatures import known_format
from runtime.formats.source import ByteSource

HEAD_BYTES = 64 * 1024

#: Line feed and carriage return of ASCII, then new line and line feed of EBCDIC.
_LINE_ENDS = (b"\r\n", b"\n", b"\x15", b"\x25")
#: A size that fits the records may have line ends by chance: so many in a row are none.
_CERTAIN_LINE_ENDS = 3


def recognize(source: ByteSource, record: Record, form: RecordForm, encoding: str) -> None:
    """Raise the FileRejected that says what is wrong with the file as a whole; its records are judged elsewhere."""
    if not source.size:
        raise EmptyFile(least="one record")
    head = source.read(0, min(HEAD_BYTES, source.size))
    check_head(head, record, form, encoding)
    check_length(source.size, form, head)
    if form.variable:
        check_end(source, form)


def check_head(head: bytes, record: Record, form: RecordForm, encoding: str) -> None:
    """Raise NotRecords, EncodingMismatch, or RecordChainBroken where that is in *head*."""
    chain = whole_records(head, form)
    found = other_text(head, chain, record, encoding, variable=form.variable)
    if found:
        share = f"{found.family} text ({found.percent}% of the text in the first {len(head):,} bytes)"
        raise _explained(EncodingMismatch(encoding, share, found.offset), head)
    if chain.broken:
        raise _explained(failure(head[chain.end :], chain.end, form), head)


def check_length(size: int, form: RecordForm, head: bytes) -> None:
    """Raise NotRecords or RecordLengthMismatch: *size* bytes are no whole number of fixed records, or line ends follow them in *head*."""
    if not form.variable:
        rest = size % form.maximum
        line_end = _line_end(head, form.maximum, 1 if rest else _CERTAIN_LINE_ENDS)
        if rest or line_end:
            raise _explained(RecordLengthMismatch(size, form.maximum, line_end.hex(" ").upper() if line_end else None), head)


def check_end(source: ByteSource, form: RecordForm) -> None:
    """Raise TruncatedRecord (or RecordChainBroken) when a last window shows that the chain does not end with the file.

    Where the window does not tell, the proof of the last chunk does.
    """
    offset = last_boundary(source, form, 0, source.size)
    if offset is not None and offset < source.size:
        raise failure(source.read(offset, source.size), offset, form)


def _explained(error: FileRejected, head: bytes) -> FileRejected:
    """Another format says more than *error*. By itself its mark says nothing: a record may begin with any bytes."""
    found = known_format(head)
    return NotRecords(found) if found else error


def _line_end(head: bytes, record_bytes: int, certain: int) -> bytes | None:
    """The line end after each of the records in *head*, of which there are at least *certain*."""
    for line_end in _LINE_ENDS:
        step = record_bytes + len(line_end)
        ends = [head[start : start + len(line_end)] for start in range(record_bytes, len(head) - len(line_end) + 1, step)]
        if len(ends) >= certain and set(ends) == {line_end}:
            return line_end
    return None
