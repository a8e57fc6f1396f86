"""Files in another encoding than agreed, and bytes that are not text."""

from __future__ import annotations

import codecs

from runtime.core.errors import EncodingMismatch, HeaderMismatch, NotCsv
from tests.hostile.case import GOOD, GOOD_LINE, SECOND, Case, Rows, after_a_good_row, noted, refused
from tests.support.records import HEADER, make_contract

TITLE = "Bytes and encodings"
PROMISE = (
    "The agreed encoding is read, and UTF-8 and UTF-16 with a byte-order mark. "
    "A file in another encoding is rejected. "
    "A few rows with bytes that are not text are rejected alone."
)

_GERMAN = "1,2026-11-20,1.50,für Ülzen\n"
_LATIN = make_contract("latin", encoding="iso-8859-1")
_WINDOWS = make_contract("windows", encoding="cp1252")
_ASCII = make_contract("ascii-only", encoding="ascii")
_PLAIN = (HEADER + GOOD_LINE).decode()


def _second_row(note: bytes) -> bytes:
    return after_a_good_row(b"2,2026-11-20,1.50," + note)


def _one_row_rejected(code: str) -> Rows:
    return Rows([GOOD], [(SECOND, f"*:{code}")])


CASES = (
    Case("UTF-8 with characters of one to four bytes", HEADER + "1,2026-11-20,1.50,aé€😀\n".encode(), Rows([noted("aé€😀")])),
    Case(
        "UTF-8 with a byte-order mark: offsets count it",
        codecs.BOM_UTF8 + _second_row(b"a,b\n"),
        Rows([GOOD], [(SECOND + 3, "*:field-count")]),
    ),
    Case("two byte-order marks", codecs.BOM_UTF8 * 2 + HEADER + GOOD_LINE, refused(HeaderMismatch, "missing 'id'", "'\\ufeffid'")),
    Case(
        "a byte-order mark before the second row, as when files are joined",
        after_a_good_row(codecs.BOM_UTF8 + GOOD_LINE),
        Rows([GOOD], [(SECOND, "id:type-error")]),
    ),
    Case("a byte-order mark inside a text", HEADER + b"1,2026-11-20,1.50,a\xef\xbb\xbfb\n", Rows([noted("a\ufeffb")])),
    Case("UTF-16, little-endian, with its mark", codecs.BOM_UTF16_LE + _PLAIN.encode("utf-16-le"), Rows([GOOD])),
    Case("UTF-16, big-endian, with its mark", codecs.BOM_UTF16_BE + _PLAIN.encode("utf-16-be"), Rows([GOOD])),
    Case("UTF-16 without its mark", _PLAIN.encode("utf-16-le"), refused(EncodingMismatch, "UTF-16-LE text without a byte-order mark")),
    Case("UTF-16 cut in the middle of a character", (_PLAIN.encode("utf-16") + b"x"), refused(NotCsv, "half a character of UTF-16")),
    Case(
        "UTF-16 with half of a surrogate pair in one row",
        (_PLAIN + "2,2026-11-20,1.50,\ud800\n").encode("utf-16", "surrogatepass"),
        _one_row_rejected("encoding-error"),
    ),
    Case("a UTF-16 mark, then UTF-8", codecs.BOM_UTF16_LE + HEADER + GOOD_LINE + b"\n", refused(HeaderMismatch, "is the header missing?")),
    Case("UTF-32 with its mark", _PLAIN.encode("utf-32"), refused(EncodingMismatch, "a byte-order mark of UTF-32-LE")),
    Case("UTF-32 without its mark", _PLAIN.encode("utf-32-be"), refused(EncodingMismatch, "UTF-32-BE text without a byte-order mark")),
    Case("latin-1 in every row where UTF-8 was agreed", HEADER + _GERMAN.encode("latin-1"), refused(EncodingMismatch, "byte 0xFC")),
    Case("latin-1 in one row where UTF-8 was agreed", _second_row(b"f\xfcr\n"), _one_row_rejected("encoding-error")),
    Case("latin-1 as agreed", HEADER + _GERMAN.encode("latin-1"), Rows([noted("für Ülzen")]), _LATIN),
    Case("UTF-8 where latin-1 was agreed", HEADER + _GERMAN.encode(), refused(EncodingMismatch, "UTF-8 text"), _LATIN),
    Case(
        "a UTF-8 byte-order mark where latin-1 was agreed",
        codecs.BOM_UTF8 + HEADER + GOOD_LINE,
        refused(EncodingMismatch, "a byte-order mark of UTF-8"),
        _LATIN,
    ),
    Case("curly quotes of Windows: text, not quotes", HEADER + b"1,2026-11-20,1.50,\x93a\x94\n", Rows([noted("“a”")]), _WINDOWS),
    Case("a byte that Windows-1252 does not have", _second_row(b"\x81\n"), _one_row_rejected("encoding-error"), _WINDOWS),
    Case("an umlaut where ASCII was agreed", _second_row("ü\n".encode()), _one_row_rejected("encoding-error"), _ASCII),
    Case("a quote and a line feed written too long in UTF-8", _second_row(b"\xc0\xa2\xc0\x8a\n"), _one_row_rejected("encoding-error")),
    Case("a surrogate in UTF-8", _second_row(b"\xed\xa0\x80\n"), _one_row_rejected("encoding-error")),
    Case("a character beyond Unicode", _second_row(b"\xf4\x90\x80\x80\n"), _one_row_rejected("encoding-error")),
    Case("a file that ends inside a character", _second_row(b"\xe2\x82"), _one_row_rejected("encoding-error")),
    Case("a character that a line feed cuts in two", _second_row(b"\xc3\n"), _one_row_rejected("encoding-error")),
    Case("UTF-7 in disguise stays the text it is", HEADER + b"1,2026-11-20,1.50,+ADw-b+AD4-\n", Rows([noted("+ADw-b+AD4-")])),
    Case("a NUL in one row", _second_row(b"a\0b\n"), _one_row_rejected("control-character")),
    Case("a NUL in every row", HEADER + b"1,2026-11-20,1.50,a\0b\n", refused(NotCsv, "a NUL byte at byte 38")),
    Case("a NUL in the header", HEADER.replace(b"day", b"d\0y") + GOOD_LINE, refused(NotCsv, "a NUL byte in the header at byte 4")),
    Case("nothing but NULs", bytes(5000), refused(NotCsv, "a NUL byte")),
    Case("EBCDIC", _PLAIN.encode("cp037"), refused(EncodingMismatch, "byte 0x89 at byte 0")),
    Case(
        "a column's name with its accent as a character of its own",
        HEADER.replace(b"note", "né".encode().replace("é".encode(), b"e\xcc\x81")) + GOOD_LINE,
        refused(HeaderMismatch, "missing 'note'"),
    ),
)
