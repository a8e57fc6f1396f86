"""G3: a pattern means the same to Python and to RE2, or is refused."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contracts import patterns
from runtime.rows.texts import string_array

ALPHABET = "aAzZ09_- \t\n\x0b\r.é中"


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "(?P<n>a)", "(?i)a", r"\bword", r"a\Z", r"\p{L}", "a{2000}", "(?:a{40}){40}", "(a", "a)",
     "[z-a]", "*a", "a**", "a?+", "(a+)+", "(?:a*)*b", "a^b", "a$b", "[[:alpha:]]", "[a&&b]", r"\x41", "a{", r"[\w--a]", "((a{30})|b){40}"],
)  # fmt: skip
def test_what_only_one_engine_understands_is_refused_with_the_pattern_named(pattern):
    assert repr(pattern) in patterns.fault(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[0-9a-f]{32}",
        "[A-Z]{2}[0-9]{18}",
        "^a|b$",
        r"\d{1,3}(?:\.\d{3})*",
        r"[^\s,]+",
        r"a\+b\_",
        "(foo|bar)?",
        "[-a]",
        "[a-]",
        ".{0,1000}",
        r"[\]\\]",
        "é+",
    ],
)
def test_what_both_understand_is_allowed(pattern):
    assert patterns.fault(pattern) is None


pieces = st.sampled_from(
    ["a", "Z", ".", r"\d", r"\w", r"\s", r"\D", r"\W", "[a-z]", "[^a]", r"[\s_]", r"[^\s]", r"[^\d\n]", "(a|9)", "(?:é|-)", r"\.", "中"]
)
counts = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{0,2}", "*?", "{1,}"])


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(st.tuples(pieces, counts), max_size=4), texts=st.lists(st.text(ALPHABET, max_size=5), min_size=1, max_size=20))
def test_both_engines_and_the_tables_agree_on_every_text(parts, texts):
    pattern = "".join(piece + count for piece, count in parts)
    assert patterns.fault(pattern) is None
    python = [bool(patterns.compiled(pattern).fullmatch(text)) for text in texts]
    assert pc.match_substring_regex(string_array(texts), pattern=patterns.re2(pattern)).to_pylist() == python
    runs = patterns.fixed_width(pattern)
    if runs is not None:
        allowed = [characters for count, characters in runs for _ in range(count)]
        table = [len(text) == len(allowed) and all(one in of for one, of in zip(text, allowed)) for text in texts]
        assert table == python


def test_a_fixed_width_is_seen_where_there_is_one():
    assert patterns.fixed_width("[AB]{2}0") == [(2, "AB"), (1, "0")]
    assert patterns.fixed_width("[^a]") is None
    assert patterns.fixed_width("a+") is None
