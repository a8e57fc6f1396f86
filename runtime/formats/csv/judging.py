"""One block: which of its rows are accepted, which are not, and why. It depends on nothing but the block."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from runtime.chunk.rejects import Reason, Rejected, reason
from runtime.columns.check import Checked, check
from runtime.contracts.model import Contract, Field
from runtime.contracts.values import problem
from runtime.core.models import CsvLayout
from runtime.formats.csv.blocks import Block
from runtime.formats.csv.parsing import Parsed, parse
from runtime.formats.csv.structure import FIELD_COUNT, structure
from runtime.formats.judged import Judged


def judge(block: Block, contract: Contract, layout: CsvLayout) -> Judged:
    """Accept or reject every record of *block* that is not blank."""
    found = structure(block, layout.encoding)
    ordinals = np.cumsum(~found.blank) - 1
    blank_lines = int(found.blank.sum())
    faults: dict[int, Sequence[Reason]] = {index: [reason(code, None, message)] for index, (code, message) in found.faults.items()}
    parsed = parse(found.text, len(found.kept), layout)
    for position, count in parsed.field_counts.items():
        message = f"{count} fields, not {len(layout.columns)}"
        faults[int(found.kept[position])] = [reason(FIELD_COUNT, None, message)]
    records = found.kept[parsed.whole]
    accepted, accepted_ordinals = None, ordinals[:0]
    if len(records):
        checked = check(parsed.columns, contract)
        accepted, accepted_ordinals = checked.accepted, ordinals[records[checked.good]]
        faults.update((int(records[row]), reasons) for row, reasons in _reasons(parsed, checked, contract, layout).items())
    indexes = np.array(sorted(faults), np.int64)
    rejected = [
        Rejected(row, begin, block.data[begin:end], faults[index])
        for index, row, begin, end in zip(
            indexes.tolist(), ordinals[indexes].tolist(), found.starts[indexes].tolist(), found.ends[indexes].tolist()
        )
    ]
    return Judged(len(found.ends) - blank_lines, blank_lines, accepted, accepted_ordinals, rejected)


def _reasons(parsed: Parsed, checked: Checked, contract: Contract, layout: CsvLayout) -> dict[int, list[Reason]]:
    """Every fault of each row that has any, in file order, in the words of the contract."""
    reasons: dict[int, list[Reason]] = {row: [] for row in np.flatnonzero(~checked.good).tolist()}
    fields = {field.name: field for field in contract.fields}
    for name in layout.columns:
        column = checked.faulty.get(name)
        if column is not None:
            rows = np.flatnonzero(column.bad)
            known: dict[str, Reason] = {}
            for row, text in zip(rows.tolist(), parsed.columns[name].values(rows)):
                why = known.get(text)
                if why is None:
                    why = known[text] = _explained(fields[name], text, contract, column.fits(row))
                reasons[row].append(why)
    return reasons


def _explained(field: Field, text: str, contract: Contract, fits: bool) -> Reason:
    """Why *text* was refused; whether it *fits* the field's pattern was found by RE2, and is not asked again.

    Raises RuntimeError when the column test and the definition of a value disagree.
    """
    found = problem(field, text, contract.missing_values, lambda _pattern, _text: fits)
    if found is None:
        raise RuntimeError(f"column {field.name!r}: a value was refused without a reason; nothing of the chunk is used")
    return reason(found.code, field.name, found.message)
