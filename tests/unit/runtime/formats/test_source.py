from __future__ import annotations

from pathlib import Path

import pytest

from runtime.formats.source import FileSource


def test_ranges_of_a_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with FileSource(tmp_path / "a") as source:
        assert (source.size, source.read(3, 7), source.read(4, 4)) == (10, b"3456", b"")


def test_file_cut_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    with FileSource(tmp_path / "a") as source:
        (tmp_path / "a").write_bytes(b"01234")
        with pytest.raises(EOFError, match="ends at byte 5, before byte 10"):
            source.read(0, 10)
