from __future__ import annotations

import pytest

from runtime.formats.copybook.chains import whole_records
from runtime.formats.copybook.record_form import LONGEST_CONTENT, LONGEST_RECORD, RecordForm
from tests.support.mainframe import described


@pytest.mark.parametrize(
    ("format_", "minimum", "maximum", "reason"),
    [
        ("U", 1, 1, "none of F, FB, V, VB"),
        ("F", 10, 20, "of one length"),
        ("F", 0, 0, "are none"),
        ("V", 20, 10, "are none"),
        ("V", 1, 32_757, "at most 32,756 bytes"),
    ],
)
def test_a_form_that_no_file_has_is_refused(format_: str, minimum: int, maximum: int, reason: str) -> None:  # F1
    with pytest.raises(ValueError, match=reason):
        RecordForm(format_, minimum, maximum)


def test_the_longest_record_has_32760_bytes_with_its_descriptor() -> None:  # F1
    form = RecordForm("V", 1, LONGEST_CONTENT)
    assert (form.maximum, form.longest) == (32_756, LONGEST_RECORD)
    record = b"x" * LONGEST_CONTENT
    assert described([record])[:2] == bytes.fromhex("7FF8")  # 32,760
    assert whole_records(described([record, record]), form).lengths.tolist() == [32_756, 32_756]
    assert whole_records(described([record + b"x"]), form).broken


def test_descriptors_count_in_the_file_and_not_in_the_record() -> None:
    assert (RecordForm("V", 12, 39).shortest, RecordForm("VB", 12, 39).longest) == (16, 43)
    assert (RecordForm("F", 300, 300).shortest, RecordForm("FB", 300, 300).longest) == (300, 300)
