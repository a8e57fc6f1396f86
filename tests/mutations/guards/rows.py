"""What a value, a record, a header, a contract must be."""

from __future__ import annotations

from tests.mutations.guard import Guard

_VALUES = "runtime/contracts/values.py"
_STRUCTURE = "runtime/rows/structure.py"
_LOADER = "runtime/contracts/loader.py"
_RECOGNITION = "runtime/records/recognition.py"
_TEST_VALUES = "tests/unit/runtime/contracts/test_values.py"
_TEST_PROCESS = "tests/unit/runtime/rows/test_process.py"
_TEST_LOADER = "tests/unit/runtime/contracts/test_loader.py"
_TEST_RECOGNITION = "tests/unit/runtime/records/test_recognition.py"

GUARDS = (
    Guard(
        "value-required",
        _VALUES,
        'return Problem(REQUIRED, "a value is required here") if field.required else None',
        "return None",
        f"{_TEST_VALUES}::test_missing_values_are_null_and_break_only_required",
    ),
    Guard(
        "value-enum",
        _VALUES,
        "if field.enum is not None and value not in",
        "if field.enum is None and value not in",
        f"{_TEST_VALUES}::test_constraints_on_text",
    ),
    Guard(
        "value-pattern-whole",
        "runtime/contracts/patterns.py",
        "compiled(pattern).fullmatch(text)",
        "compiled(pattern).search(text)",
        f"{_TEST_VALUES}::test_constraints_on_text",
    ),
    Guard(
        "value-minimum",
        _VALUES,
        "if low is not None and value < low:",
        "if low is None and value < low:",
        f"{_TEST_VALUES}::test_bounds_are_inclusive_and_written_as_the_column_is",
    ),
    Guard(
        "value-maximum",
        _VALUES,
        "value > high:",
        "value >= high:",
        f"{_TEST_VALUES}::test_bounds_are_inclusive_and_written_as_the_column_is",
    ),
    Guard("value-min-length", _VALUES, "len(text) < field.min_length:", "len(text) < 0:", f"{_TEST_VALUES}::test_constraints_on_text"),
    Guard(
        "value-max-length",
        _VALUES,
        "len(text) > field.max_length:",
        "len(text.encode()) > field.max_length:",
        f"{_TEST_VALUES}::test_constraints_on_text",
    ),
    Guard(
        "value-scale",
        _VALUES,
        "([0-9]{{1,{scale}}})",
        "([0-9]+)",
        f"{_TEST_VALUES}::test_what_only_looks_like_a_decimal_is_a_type_error",
    ),
    Guard(
        "value-64-bits",
        _VALUES,
        "len(digits) <= INTEGER_DIGITS and INT64_MIN <= int(match[1] + digits) <= INT64_MAX",
        "len(digits) <= INTEGER_DIGITS",
        f"{_TEST_VALUES}::test_an_integer_has_64_bits",
    ),
    Guard(
        "value-ascii-digits",
        _VALUES,
        "all(part.isascii() and part.isdigit() for part in parts.values())",
        "all(part.isdigit() for part in parts.values())",
        f"{_TEST_VALUES}::test_what_only_looks_like_a_datetime_is_a_type_error",
    ),
    Guard(
        "column-required",
        "runtime/rows/checking.py",
        "return replace(column, bad=column.bad | missing) if field.required else column",
        "return column",
        f"{_TEST_PROCESS}::test_a_row_without_a_required_value_is_rejected",
    ),
    Guard(
        "column-integer-maximum",
        "runtime/rows/checks/bounds.py",
        "out |= values > field.maximum\n",
        "out |= values > 2**63 - 1\n",
        "tests/properties/test_rows.py::test_every_row_is_accepted_or_rejected_as_the_reference_says",
    ),
    Guard(
        "column-decimal-bound-exact",
        "runtime/rows/checks/bounds.py",
        "math.floor(Fraction(field.maximum) * 10**field.scale) + 1",
        "math.ceil(Fraction(field.maximum) * 10**field.scale) + 1",
        f"{_TEST_PROCESS}::test_a_bound_between_two_decimals_is_not_rounded",
    ),
    Guard(
        "column-calendar",
        "runtime/rows/checks/moments.py",
        'good &= parts["d"] <= lengths[month]',
        'good &= parts["d"] <= 31',
        f"{_TEST_PROCESS}::test_a_day_that_the_calendar_lacks_is_refused",
    ),
    Guard(
        "column-clock",
        "runtime/rows/checks/moments.py",
        '_LIMITS = {"H": 23, "M": 59, "S": 59}',
        '_LIMITS = {"H": 24, "M": 60, "S": 60}',
        f"{_TEST_PROCESS}::test_a_time_that_the_clock_lacks_is_refused",
    ),
    Guard(
        "record-field-count",
        "runtime/rows/parsing.py",
        "    whole[list(field_counts)] = False\n",
        "",
        f"{_TEST_PROCESS}::test_a_record_that_is_no_row_is_rejected_alone_and_its_neighbours_are_not",
    ),
    Guard(
        "record-nul",
        _STRUCTURE,
        'if b"\\0" in raw:',
        'if b"\\0\\0\\0" in raw:',
        f"{_TEST_PROCESS}::test_a_record_that_is_no_row_is_rejected_alone_and_its_neighbours_are_not",
    ),
    Guard(
        "record-quotes",
        _STRUCTURE,
        "for index in block.scan.malformed}",
        "for index in block.scan.malformed[:0]}",
        f"{_TEST_PROCESS}::test_a_record_that_is_no_row_is_rejected_alone_and_its_neighbours_are_not",
    ),
    Guard(
        "header-names",
        _RECOGNITION,
        "if names is None or not _fits(names, contract):",
        "if names is None:",
        f"{_TEST_RECOGNITION}::test_what_is_wrong_with_the_head_is_named",
    ),
    Guard(
        "header-control-characters",
        _RECOGNITION,
        "    if control:\n",
        "    if control and control.start() < 0:\n",
        f"{_TEST_RECOGNITION}::test_what_is_wrong_with_the_head_is_named",
    ),
    Guard(
        "file-is-no-archive",
        "runtime/records/heads.py",
        "    if found:\n        raise NotCsv(found + how)\n",
        "",
        f"{_TEST_RECOGNITION}::test_what_is_wrong_with_the_head_is_named",
    ),
    Guard(
        "file-is-not-utf-8-in-disguise",
        _RECOGNITION,
        'if head.encoding not in ("utf-8", "ascii") and not head.text.isascii():',
        "if not head.encoding:",
        f"{_TEST_RECOGNITION}::test_utf8_sent_under_a_latin_contract_is_refused",
    ),
    Guard(
        "reserved-dataset-hidden",
        "runtime/formats/recognition.py",
        "for name, contract in sorted(contracts.items()) if not contract.reserved}",
        "for name, contract in sorted(contracts.items())}",
        f"{_TEST_RECOGNITION}::test_contract_is_found_by_its_header_where_the_key_names_none",
    ),
    Guard(
        "contract-reserved-names",
        _LOADER,
        "if name.startswith(RESERVED_PREFIX) and name not in RESERVED_DATASETS:",
        "if name.startswith(RESERVED_PREFIX * 2):",
        f"{_TEST_LOADER}::test_a_wrong_contract_is_refused_with_file_field_and_rule",
    ),
    Guard(
        "contract-unknown-keys",
        _LOADER,
        "    node.only((*_DOCUMENT, *_OWN[form]))\n",
        "",
        f"{_TEST_LOADER}::test_a_wrong_contract_is_refused_with_file_field_and_rule",
    ),
    Guard(
        "contract-repeated-keys",
        _LOADER,
        "if len(document) != len(pairs):",
        "if len(document) > len(pairs):",
        f"{_TEST_LOADER}::test_a_file_that_is_no_json_object_is_refused",
    ),
    Guard(
        "row-groups-are-bounded",
        "runtime/rows/parquet.py",
        "ROW_GROUP_ROWS = 65_536",
        "ROW_GROUP_ROWS = 10**9",
        "tests/unit/runtime/rows/test_parquet.py::test_a_row_group_ends_with_the_block_that_brings_it_to_its_rows",
    ),
    Guard(
        "stream-reads-ahead",
        "runtime/object_store.py",
        "with ThreadPoolExecutor(READ_AHEAD) as pool:",
        "with ThreadPoolExecutor(1) as pool:",
        "tests/unit/runtime/test_object_store.py::test_a_stream_reads_ahead_of_who_takes_it",
    ),
    Guard(
        "key-is-all-its-columns",
        "runtime/rows/digests.py",
        "            sums[where] += found\n",
        "            sums[where] = found\n",
        "tests/unit/runtime/rows/test_key_digests.py::test_a_key_of_several_columns_is_all_of_them",
    ),
    Guard(
        "record-length-in-a-chunk",
        "runtime/rows/blocks.py",
        "_MOST_BYTES = MAX_RECORD_BYTES + 1",
        "_MOST_BYTES = MAX_RECORD_BYTES = 50_000_000",
        f"{_TEST_PROCESS}::test_a_record_may_have_so_many_bytes_and_not_one_more",
    ),
    Guard(
        "record-length-in-a-plan",
        "runtime/records/planning.py",
        "- self._record > MAX_RECORD_BYTES:",
        "- self._record > MAX_RECORD_BYTES + SCAN_BYTES:",
        "tests/unit/runtime/records/test_planning.py::test_a_record_may_have_so_many_bytes_and_not_one_more",
    ),
    Guard(
        "record-too-long-is-the-files",
        "runtime/workflow/planning.py",
        "if error.limit_bytes >= MAX_RECORD_BYTES:",
        'if item["chunk_bytes"] >= MAX_RECORD_BYTES:',
        "tests/unit/runtime/workflow/test_workflow.py::test_a_record_that_is_too_long_rejects_the_file_however_it_is_cut",
    ),
    Guard(
        "record-too-long-is-named",
        "runtime/formats/delimited_files.py",
        "if source.size - offset > MAX_RECORD_BYTES else UnterminatedQuote(offset)",
        "if source.size < offset else UnterminatedQuote(offset)",
        "tests/unit/runtime/workflow/test_workflow.py::test_a_record_that_is_too_long_rejects_the_file_however_it_is_cut",
    ),
    Guard(
        "pattern-steps-bounded",
        "runtime/records/fields.py",
        "if patterns.most_steps(pattern, len(text)) <= _MOST_STEPS:",
        "if pattern:",
        "tests/unit/runtime/records/test_fields.py::test_a_value_that_python_could_try_for_ever_is_tested_by_re2",
    ),
    Guard(
        "pattern-not-asked-again",
        "runtime/rows/judging.py",
        "contract.missing_values, lambda _pattern, _text: fits)",
        "contract.missing_values)",
        f"{_TEST_PROCESS}::test_what_re2_has_refused_is_not_asked_of_python",
    ),
    Guard(
        "contract-endless-pattern",
        "runtime/contracts/patterns.py",
        "if inner.unbounded and not optional:",
        "if inner.unbounded and optional:",
        "tests/unit/runtime/contracts/test_patterns.py::test_what_only_one_engine_understands_is_refused_with_the_pattern_named",
    ),
)
