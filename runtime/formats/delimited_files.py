"""Files of delimited text: the header tells the columns, quotes tell where records end."""

from __future__ import annotations

from runtime.contracts.model import Contract
from runtime.errors import UnterminatedQuote
from runtime.models import CsvLayout
from runtime.records.planning import ExactCuts, plan
from runtime.records.recognition import fitting, recognize
from runtime.records.sampling import check_samples
from runtime.records.source import ByteSource

__all__ = ["check_samples", "exact_cuts", "fitting", "layout", "never_ends", "plan", "recognize"]

layout = CsvLayout.from_dict


def never_ends(_source: ByteSource, _contract: Contract, offset: int) -> UnterminatedQuote:
    return UnterminatedQuote(offset)


def exact_cuts(_contract: Contract, layout: CsvLayout, chunk_bytes: int) -> ExactCuts:
    return ExactCuts(layout, chunk_bytes, layout.header_end)
