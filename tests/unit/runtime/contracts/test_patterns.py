"""G3: a pattern means the same to Python and to RE2, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Callable

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.columns.string_column import string_array
from runtime.contracts import patterns

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


#: (pattern, ways through it where every character matches, by how many characters are left): of these it is put together.
Ways = Callable[[int], Iterator[int]]


def one(left: int) -> Iterator[int]:
    yield from (left - 1,) if left else ()


def then(first: Ways, second: Ways) -> Ways:
    return lambda left: (end for middle in first(left) for end in second(middle))


def either(first: Ways, second: Ways) -> Ways:
    return lambda left: chain(first(left), second(left))


def repeated(body: Ways, low: int, high: int) -> Ways:
    def ways(left: int, done: int = 0) -> Iterator[int]:
        if done >= low:
            yield left
        if done < high:
            # What takes nothing is not tried again, once it stands often enough.
            yield from (end for rest in body(left) if rest < left or done < low for end in ways(rest, done + 1))

    return ways


ways_through = st.recursive(
    st.just(("a", one)),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: (f"{two[0][0]}(?:{two[1][0]})", then(two[0][1], two[1][1]))),
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}|{two[1][0]})", either(two[0][1], two[1][1]))),
        st.tuples(inner, st.sampled_from([("?", 0, 1), ("{0,2}", 0, 2), ("{2}", 2, 2), ("{1,}", 1, 99), ("*", 0, 99)])).map(
            lambda of: (f"(?:{of[0][0]}){of[1][0]}", repeated(of[0][1], *of[1][1:]))
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(made=ways_through, length=st.integers(0, 5))
def test_no_text_has_more_ways_through_a_pattern_than_are_reckoned_with(made, length):
    pattern, ways = made
    most = 2000
    assert patterns.most_steps(pattern, length) * 1.001 >= len(list(islice(ways(length), most)))


@pytest.mark.parametrize("pattern", ["([A-Za-z]{1,20} ?)+", "(a{0,30}){0,30}b", "(?:ab|ab)*c", "[A-Z]*[A-Z0-9]*[A-Z ]*x", "(a|b|ab)*c"])
def test_what_a_hostile_value_could_make_endless_counts_as_that(pattern):
    assert patterns.fault(pattern) is None
    assert patterns.most_steps(pattern, 2000) > 10**12


@pytest.mark.parametrize(
    ("pattern", "length"),
    [("[0-9a-f]{32}", 32), ("[A-Za-z ]+", 900), (r"\d{1,3}(?:\.\d{3})*", 15), (r"[a-z.]+@[a-z]+\.[a-z]{2,}", 26), ("(foo|bar|baz)?", 3)],
)
def test_an_ordinary_value_costs_few_steps(pattern, length):
    assert patterns.most_steps(pattern, length) < 10**6
