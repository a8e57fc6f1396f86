from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ops.terminal import bytes_text, counted, emit, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x9b2J", "\\x9b2J"),
        ("txt\u202efdp", "txt\\u202efdp"),
        ("M\u00fcller [bold]", "M\u00fcller [bold]"),
    ],
)
def test_text_from_a_file_cannot_drive_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert printable("abcdef", 4) == "abc\u2026"
    assert printable("abcd", 4) == "abcd"


def test_json_is_ascii_and_keeps_numbers_exact(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"rows": Decimal(12), "rate": Decimal("0.5"), "raw": "\x9b\u202e"})
    written = capsys.readouterr().out
    assert written.isascii()
    assert json.loads(written) == {"rows": 12, "rate": 0.5, "raw": "\x9b\u202e"}


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")])
def test_one_is_no_several(count: int, text: str) -> None:
    assert counted(count, "row") == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (50_000_000, "50.0 MB"), (2.5e9, "2.50 GB")])
def test_sizes_are_in_the_units_of_the_chunk_size(count: float, text: str) -> None:
    assert bytes_text(count) == text
