"""Line ends of every kind, and characters that look like line ends."""

from __future__ import annotations

from runtime.core.errors import EmptyFile, NotCsv
from tests.hostile.case import GOOD, GOOD_LINE, SECOND, Case, Rows, after_a_good_row, noted, refused
from tests.support.records import HEADER

TITLE = "Line ends"
PROMISE = (
    "LF, CR LF and both in one file are read. "
    "A CR alone ends no line: it rejects its row, or the file if all lines end so. "
    "Empty lines are counted and skipped."
)

_CR_LF = (HEADER + GOOD_LINE).replace(b"\n", b"\r\n")
_LONE = [(SECOND, "*:control-character")]


CASES = (
    Case("CR LF", _CR_LF, Rows([GOOD])),
    Case("LF and CR LF in turns", _CR_LF + GOOD_LINE + GOOD_LINE.replace(b"\n", b"\r\n") + GOOD_LINE, Rows([GOOD] * 4)),
    Case("no line end after the last row", (HEADER + GOOD_LINE).rstrip(b"\n"), Rows([GOOD])),
    Case("CR alone throughout", (HEADER + GOOD_LINE).replace(b"\n", b"\r"), refused(NotCsv, "lines that end in a carriage return alone")),
    Case("CR alone after the header", HEADER.replace(b"\n", b"\r") + GOOD_LINE, refused(NotCsv, "a lone carriage return in the header")),
    Case("CR alone in an unquoted field", after_a_good_row(b"2,2026-11-20,1.50,a\rb\n"), Rows([GOOD], _LONE)),
    Case("CR alone in a quoted field", after_a_good_row(b'2,2026-11-20,1.50,"a\rb"\n'), Rows([GOOD], _LONE)),
    Case("CR alone as the file's last byte", after_a_good_row(b"2,2026-11-20,1.50,x\r"), Rows([GOOD], _LONE)),
    Case("CR CR LF, as text modes make it", after_a_good_row(b"2,2026-11-20,1.50,x\r\r\n"), Rows([GOOD], _LONE)),
    Case(
        "LF CR: every CR begins the next line",
        HEADER + GOOD_LINE + b"\r2,2026-11-20,1.50,x\n",
        Rows([GOOD], [(SECOND, "*:control-character")]),
    ),
    Case("line ends of both kinds between quotes", HEADER + b'1,2026-11-20,1.50,"a\r\nb\nc"\r\n', Rows([noted("a\r\nb\nc")])),
    Case("lines without a character", HEADER + b"\n\r\n" + GOOD_LINE + b"\n\n", Rows([GOOD], blank_lines=4)),
    Case("a thousand empty lines and nothing else", HEADER + b"\n" * 1000, Rows([], blank_lines=1000)),
    Case("a line of blanks", after_a_good_row(b"   \n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case("nothing but line ends", b"\r\n\n\n", refused(EmptyFile, "nothing but line ends")),
    Case("the end-of-file character of DOS", after_a_good_row(b"\x1a"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case(
        "what other programs take for line ends",
        HEADER + "1,2026-11-20,1.50,a\x0bb\x0cc\x85d\u2028e\u2029f\x1cg\n".encode(),
        Rows([noted("a\x0bb\x0cc\x85d\u2028e\u2029f\x1cg")]),
    ),
)
