"""Guards of mainframe files: record boundaries, and files that are refused."""

from __future__ import annotations

from tests.mutations.guard import Guard

_CHAINS = "runtime/formats/copybook/chains.py"
_BOUNDARIES = "runtime/formats/copybook/boundaries.py"
_PLANNING = "runtime/formats/copybook/planning.py"
_READER = "runtime/formats/copybook/reader.py"
_RECOGNITION = "runtime/formats/copybook/recognition.py"
_TESTS = "tests/unit/runtime/formats/copybook"

GUARDS = (
    Guard(
        "descriptor-zero-bytes",
        _CHAINS,
        "((words & 0xFFFF) == 0) & ",
        "",
        f"{_TESTS}/test_chains.py::test_what_cannot_be_a_descriptor_breaks_the_chain",
    ),
    Guard(
        "descriptor-longest",
        _CHAINS,
        " & (lengths <= form.longest)",
        "",
        f"{_TESTS}/test_chains.py::test_what_cannot_be_a_descriptor_breaks_the_chain",
    ),
    Guard(
        "record-ends-in-data",
        _CHAINS,
        "possible & (begins + lengths <= len(data))",
        "possible",
        f"{_TESTS}/test_chains.py::test_a_record_that_does_not_end_here_is_left",
    ),
    Guard(
        "boundary-of-all-chains",
        _BOUNDARIES,
        "if len(lasts) == 1 else None",
        "if len(lasts) else None",
        f"{_TESTS}/test_planning.py::test_what_two_chains_fit_is_found_exactly",
    ),
    Guard(
        "boundary-of-any-beginning",
        _BOUNDARIES,
        "following[: form.longest]",
        "following[:1]",
        f"{_TESTS}/test_planning.py::test_described_records_are_split_by_one_window_for_each_boundary",
    ),
    Guard(
        "break-first-of-the-file",
        _PLANNING,
        "    except FileRejected:\n",
        "    except RecordTooLong:\n",
        f"{_TESTS}/test_planning.py::test_a_break_after_another_is_not_the_one_that_is_told",
    ),
    Guard(
        "fixed-rest",
        _PLANNING,
        "    if rest:\n        raise RecordLengthMismatch",
        "    if False:\n        raise RecordLengthMismatch",
        f"{_TESTS}/test_planning.py::test_a_rest_is_refused_with_its_arithmetic",
    ),
    Guard(
        "chunk-left-over",
        _READER,
        "self.left_over = len(waiting)",
        "self.left_over = 0",
        f"{_TESTS}/test_reader.py::test_a_record_that_does_not_end_with_the_chunk_is_left_over",
    ),
    Guard(
        "text-of-the-other-kind",
        _RECOGNITION,
        "    if other:\n",
        "    if False:\n",
        f"{_TESTS}/test_recognition.py::test_text_of_the_other_kind_is_refused_with_how_it_was_seen",
    ),
    Guard(
        "text-alone-is-evidence",
        "runtime/formats/copybook/encoding_guess.py",
        "if item.kind == kind]",
        "if kind]",
        f"{_TESTS}/test_recognition.py::test_numbers_and_marks_are_not_taken_for_text_of_the_other_kind",
    ),
    Guard(
        "values-of-a-block",
        "runtime/formats/copybook/rows.py",
        "min(block_records, most)",
        "block_records",
        f"{_TESTS}/test_judging.py::test_a_block_has_no_more_values_than_bytes",
    ),
    Guard(
        "extract-holds-its-columns",
        "runtime/formats/copybook/extracts/terms.py",
        "            if why:\n",
        "            if False:\n",
        "tests/unit/runtime/formats/copybook/test_extracts.py::test_what_the_rules_cannot_write_is_refused_when_the_contract_is_read",
    ),
    Guard(
        "extract-has-the-character",
        "runtime/columns/strings.py",
        "    if field.written is not None:\n",
        "    if False:\n",
        "tests/unit/runtime/steps/test_accounts.py::test_a_character_that_an_extract_lacks_costs_its_row_and_not_the_file",
    ),
    Guard(
        "line-ends-by-chance",
        _RECOGNITION,
        "1 if rest else _CERTAIN_LINE_ENDS",
        "1",
        f"{_TESTS}/test_recognition.py::test_a_byte_where_a_line_end_could_be_is_none",
    ),
    Guard(
        "last-record-ends",
        _RECOGNITION,
        "if offset is not None and offset < source.size:",
        "if False:",
        f"{_TESTS}/test_recognition.py::test_a_last_record_that_does_not_end_is_told_before_anything_is_split",
    ),
)
