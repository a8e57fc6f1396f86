"""Guards of decoding mainframe records: which bytes are valid values, and which items a record contains."""

from __future__ import annotations

from tests.mutations.guard import Guard

_ZONED = "runtime/formats/copybook/zoned.py"
_PACKED = "runtime/formats/copybook/packed.py"
_SHAPES = "runtime/formats/copybook/shapes.py"
_DECODING = "runtime/formats/copybook/decoding.py"
_EVERY_BYTE = "tests/properties/test_mainframe_values.py::test_every_byte_at_every_position_is_looked_at"
_JUDGING = "tests/unit/runtime/formats/copybook/test_judging.py"

GUARDS = (
    Guard("zoned-digit", _ZONED, "every_byte(0x76)", "every_byte(0x70)", _EVERY_BYTE),
    Guard("zoned-sign", _ZONED, "flags |= entry & _NO_DIGIT", "flags |= entry & 0", _EVERY_BYTE),
    Guard("zoned-separate-sign", _ZONED, "(matrix[:, at] != plus) & ~negative", "False", _EVERY_BYTE),
    Guard("packed-low-half", _PACKED, "(low + np.uint64(0x0606060606060606))", "low", _EVERY_BYTE),
    Guard("packed-high-half", _PACKED, "(high + np.uint64(0x0606060606060606))", "high", _EVERY_BYTE),
    Guard("packed-pad", _PACKED, "flags |= halves >> np.uint64(4 * (digits - 1))", "flags |= np.uint64(0)", _EVERY_BYTE),
    Guard("packed-sign", _PACKED, "bad = sign != UNSIGNED", "bad = sign < 10", _EVERY_BYTE),
    Guard(
        "binary-digits",
        "runtime/formats/copybook/binary.py",
        "magnitude >= np.uint64(10**item.digits)",
        "magnitude > np.uint64(10**item.digits)",
        f"{_JUDGING}::test_what_the_copybook_does_not_allow",
    ),
    Guard(
        "text-control-characters",
        "runtime/formats/copybook/text.py",
        "bad |= (page.refused[raw] & inside).any(axis=1)",
        "bad |= False",
        f"{_JUDGING}::test_what_the_copybook_does_not_allow",
    ),
    Guard(
        "padding-is-an-error",
        _DECODING,
        "if means == NULL)",
        ")",
        f"{_JUDGING}::test_low_values_and_spaces_are_null_where_the_contract_says_so",
    ),
    Guard(
        "record-as-long-as-its-counts",
        _SHAPES,
        "(block.lengths[kept] < shortest) | ",
        "",
        f"{_JUDGING}::test_what_a_varying_record_says_of_itself_must_be_so",
    ),
    Guard(
        "count-within-its-table",
        _SHAPES,
        " | (decoded.small > table.most)",
        "",
        f"{_JUDGING}::test_what_a_varying_record_says_of_itself_must_be_so",
    ),
    Guard(
        "redefinition-no-longer",
        "runtime/formats/copybook/compiler.py",
        "if item.length * item.most > first.length * first.most:",
        "if False:",
        "tests/unit/runtime/formats/copybook/test_compiler.py::test_what_does_not_fit_together_is_refused",
    ),
)
