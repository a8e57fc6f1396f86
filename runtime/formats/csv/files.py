"""Files of delimited text: the header tells the columns, quotes tell where records end."""

from __future__ import annotations

from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected, RecordTooLong, UnterminatedQuote
from runtime.core.limits import MAX_RECORD_BYTES
from runtime.core.models import CsvLayout
from runtime.formats.csv.planning import ExactCuts, plan
from runtime.formats.csv.recognition import fitting, recognize
from runtime.formats.csv.sampling import check_samples
from runtime.formats.source import ByteSource

__all__ = ["check_samples", "exact_cuts", "fitting", "layout", "never_ends", "plan", "recognize"]

layout = CsvLayout.from_dict


def never_ends(source: ByteSource, _contract: Contract, offset: int) -> FileRejected:
    """A record that is too long is told by where it begins, and a quote that is never closed by where that stands: in a shorter one."""
    return RecordTooLong(offset, MAX_RECORD_BYTES) if source.size - offset > MAX_RECORD_BYTES else UnterminatedQuote(offset)


def exact_cuts(_contract: Contract, layout: CsvLayout, chunk_bytes: int) -> ExactCuts:
    return ExactCuts(layout, chunk_bytes, layout.header_end)
