"""One block: which of its rows are accepted, which are rejected, and why. The verdict depends on the block alone."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from runtime.columns.check import CheckedColumns, ColumnChecks
from runtime.contracts.model import Contract, Field
from runtime.contracts.values import problem
from runtime.core.reason_codes import FIELD_COUNT
from runtime.formats.csv.blocks import Block
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.parsing import Parsed, Parser
from runtime.formats.csv.structure import structure
from runtime.formats.judged import Judged, Reason, Rejected, reason


class Judge:
    """A contract and a file's layout, compiled for its blocks. Threads may share it."""

    def __init__(self, contract: Contract, layout: CsvLayout) -> None:
        self._layout, self._missing_values = layout, contract.missing_values
        self._parser, self._checks = Parser(layout), ColumnChecks(contract)
        self._fields = {field.name: field for field in contract.fields}

    def judge(self, block: Block) -> Judged:
        """Accept or reject every record of *block* that is not blank."""
        records = structure(block, self._layout.encoding)
        ordinals = np.cumsum(~records.blank) - 1
        blank_lines = int(records.blank.sum())
        faults: dict[int, Sequence[Reason]] = {index: [reason(code, None, text)] for index, (code, text) in records.faults.items()}
        parsed = self._parser.parse(records.text, len(records.kept))
        for position, count in parsed.field_counts.items():
            message = f"{count} fields, not {len(self._layout.columns)}"
            faults[int(records.kept[position])] = [reason(FIELD_COUNT, None, message)]
        whole = records.kept[parsed.whole]
        accepted, accepted_ordinals = None, ordinals[:0]
        if len(whole):
            checked = self._checks.check(parsed.columns)
            accepted, accepted_ordinals = checked.accepted, ordinals[whole[checked.good]]
            faults.update((int(whole[row]), reasons) for row, reasons in self._reasons(parsed, checked).items())
        indexes = np.array(sorted(faults), np.int64)
        rejected = [
            Rejected(row, begin, block.data[begin:end], faults[index])
            for index, row, begin, end in zip(
                indexes.tolist(), ordinals[indexes].tolist(), records.starts[indexes].tolist(), records.ends[indexes].tolist()
            )
        ]
        return Judged(len(records.ends) - blank_lines, blank_lines, accepted, accepted_ordinals, rejected)

    def _reasons(self, parsed: Parsed, checked: CheckedColumns) -> dict[int, list[Reason]]:
        """Every fault of each row that has any, in file order, in the words of the contract."""
        reasons: dict[int, list[Reason]] = {row: [] for row in np.flatnonzero(~checked.good).tolist()}
        for name in self._layout.columns:
            column = checked.faulty.get(name)
            if column is not None:
                rows = np.flatnonzero(column.bad)
                known: dict[str, Reason] = {}
                for row, text in zip(rows.tolist(), parsed.columns[name].values(rows)):
                    why = known.get(text)
                    if why is None:
                        why = known[text] = self._explained(self._fields[name], text, column.fits(row))
                    reasons[row].append(why)
        return reasons

    def _explained(self, field: Field, text: str, fits: bool) -> Reason:
        """Why *text* was refused. Whether it *fits* the field's pattern was decided by RE2 and is not tested again.

        Raises RuntimeError when the column test and the definition of a value disagree.
        """
        broken = problem(field, text, self._missing_values, lambda _pattern, _text: fits)
        if broken is None:
            raise RuntimeError(f"column {field.name!r}: a value was refused without a reason; nothing of the chunk is used")
        return reason(broken.code, field.name, broken.message)
