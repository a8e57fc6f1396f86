from __future__ import annotations

import pytest

from runtime.formats.copybook.record_form import RecordForm


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


def test_descriptors_count_in_the_file_and_not_in_the_record() -> None:
    assert (RecordForm("V", 12, 39).shortest, RecordForm("VB", 12, 39).longest) == (16, 43)
    assert (RecordForm("F", 300, 300).shortest, RecordForm("FB", 300, 300).longest) == (300, 300)
