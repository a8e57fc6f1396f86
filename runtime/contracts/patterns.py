r"""Regular expressions that mean the same to Python and to RE2.

A pattern is tested by Python's ``re`` (one value) and by RE2 (a whole column).
The two agree on a subset, and a contract may use only that: literals, ``.``, ``[...]``, ``(...)``,
``(?:...)``, ``|``, ``* + ? {m} {m,} {m,n}`` with their lazy forms, ``\d \w \s \D \W`` (ASCII), and
escaped punctuation. A pattern always matches the whole value.

RE2 takes time in proportion to the length of a value, whatever the pattern. Python tries one way
after another, and a hostile value may make it try exponentially many: it is asked only where
:func:`most_steps` bounds that. Unbounded repetition of an unbounded repetition is refused all the
same: it is hardly ever meant, and other readers of the contract may have an engine like Python's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

#: RE2 refuses a counted repetition above this, nested ones multiplied.
MAX_REPEAT = 1000

_TOKEN = re.compile(
    r"""
    (?P<class>\[\^?(?:\\[dwsDWtnr!-/:-@\[-`{-~]|[^\]\[\\^])(?:\\[dwsDWtnr!-/:-@\[-`{-~]|[^\]\[\\^&~|-]|-(?!-))*\])
  | (?P<escape>\\[dwsDWtnr!-/:-@\[-`{-~])
  | (?P<open>\((?:\?:)?(?!\?))
  | (?P<close>\))
  | (?P<branch>\|)
  | (?P<repeat>[*+?]\??|\{(?P<low>[0-9]+)(?:,(?P<high>[0-9]*))?\}\??)
  | (?P<any>\.)
  | (?P<literal>[^\\()\[\]{}*+?|^$.])
    """,
    re.VERBOSE | re.ASCII,
)
#: An ASCII class that takes one of these takes characters of several bytes.
_NOT_ASCII = "\x80\xe9\u0101\u4e2d\U0001f600"
_SPACE = r"\t-\r "
#: Binary digits of a number of steps that would take for ever.
_ASTRONOMICAL = 1000


@dataclass
class _Span:
    """What a piece of the pattern repeats: the product of its counts, and whether it is unbounded."""

    count: int = 1
    unbounded: bool = False

    def include(self, other: _Span) -> None:
        self.count = max(self.count, other.count)
        self.unbounded = self.unbounded or other.unbounded


def fault(pattern: str) -> str | None:
    """Why *pattern* may not be used in a contract, or None when it may."""
    try:
        tokens = list(_tokens(_body(pattern)))
        re.compile(_body(pattern), re.ASCII)
        _weigh(tokens)
    except (re.error, ValueError) as error:
        return f"pattern {pattern!r}: {error}"
    return None


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python; use ``fullmatch``."""
    return re.compile(_body(pattern), re.ASCII)


def matches(pattern: str, text: str) -> bool:
    """Whether *pattern* matches *text*, by Python: for texts of which :func:`most_steps` says that it takes few."""
    return compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def most_steps(pattern: str, length: int) -> float:
    """A bound for the steps that Python takes with a text of *length* characters; infinite where it is astronomical.

    At worst it goes every way through the pattern: a repetition may stand any number of times, with any of its body's ways each
    time, and of alternatives each may be tried. No way is longer than the text.
    """
    ways = _logarithm_of_ways(pattern, length)
    return (length + 1) * 2**ways if ways < _ASTRONOMICAL else math.inf


def _logarithm_of_ways(pattern: str, length: int) -> float:
    """To base 2. Ways of what stands in sequence are multiplied, those of alternatives added."""
    groups = [(-math.inf, 0.0)]
    previous = 0.0
    for token in _tokens(_body(pattern)):
        others, current = groups.pop()
        if token["open"]:
            groups += [(others, current), (-math.inf, 0.0)]
        elif token["close"]:
            previous = _either(others, current)
            others, current = groups.pop()
            groups.append((others, current + previous))
        elif token["branch"]:
            groups.append((_either(others, current), 0.0))
        elif token["repeat"]:
            low, high = _bounds(token)
            # Without a text left, a body that takes nothing is not tried again.
            most = max(low, min(high, length + 1))
            groups.append((others, current - previous + most * previous + math.log2(most - low + 1)))
        else:
            previous = 0.0
            groups.append((others, current))
    return _either(*groups[0])


def _either(one: float, other: float) -> float:
    least, most = sorted((one, other))
    return most + math.log2(1 + 2 ** (least - most))


def _bounds(token: re.Match[str]) -> tuple[int, float]:
    """How often what stands before a repetition may stand: at least, at most."""
    low, high = token["low"], token["high"]
    if low is None:
        return int(token["repeat"].startswith("+")), 1 if token["repeat"].startswith("?") else math.inf
    high = low if high is None else high
    return int(low), int(high) if high else math.inf


def re2(pattern: str) -> str:
    r"""The pattern for RE2, anchored at both ends; RE2's own ``\s`` lacks the vertical tab."""
    return f"^(?:{''.join(_for_re2(token) for token in _tokens(_body(pattern)))})$"


def _body(pattern: str) -> str:
    start = 1 if pattern.startswith("^") else 0
    ends = pattern.endswith("$") and not (len(pattern) - len(pattern[:-1].rstrip("\\")) - 1) % 2
    return pattern[start : -1 if ends else None]


def _tokens(body: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(body):
        token = _TOKEN.match(body, at)
        if token is None:
            raise ValueError(f"{body[at : at + 4]!r} at character {at} is not in the subset that Python and RE2 share")
        yield token
        at = token.end()


def _weigh(tokens: list[re.Match[str]]) -> None:
    """Raise ValueError for repetitions that RE2 refuses or that Python could not bear."""
    groups = [_Span()]
    previous, repeated = _Span(), False
    for token in tokens:
        if token["repeat"] and repeated:
            raise ValueError(f"{token[0]!r} repeats a repetition")
        repeated = bool(token["repeat"])
        if token["open"]:
            groups.append(_Span())
        elif token["close"]:
            previous = groups.pop()
            groups[-1].include(previous)
        elif repeated:
            previous = _repeated(previous, token)
            groups[-1].include(previous)
        else:
            previous = _Span()


def _repeated(inner: _Span, token: re.Match[str]) -> _Span:
    bounded = token["low"] is not None and token["high"] != ""
    low = int(token["low"] or 1)
    count = inner.count * max(low, int(token["high"] or low), 1)
    if count > MAX_REPEAT:
        raise ValueError(f"repeats {count} times; RE2 allows {MAX_REPEAT}, so use minLength and maxLength for the length")
    optional = token["repeat"].startswith("?")
    if inner.unbounded and not optional:
        raise ValueError("nests unbounded repetitions, which a hostile value could make endless")
    return _Span(count, inner.unbounded or not (bounded or optional))


def _for_re2(token: re.Match[str]) -> str:
    text = token[0]
    if token["class"]:
        return text.replace(r"\s", _SPACE)
    return f"[{_SPACE}]" if text == r"\s" else text


def fixed_width(pattern: str) -> list[tuple[int, str]] | None:
    """(count, allowed ASCII characters) one after another, where that is all the pattern says; None for any other.

    ``[A-Z]{2}[0-9]{18}`` is [(2, "A...Z"), (18, "0...9")].
    """
    runs: list[tuple[int, str]] = []
    for token in _tokens(_body(pattern)):
        if token["repeat"]:
            if token["low"] is None or token["high"] is not None:
                return None
            runs[-1] = (int(token["low"]), runs[-1][1])
        elif token["open"] or token["close"] or token["branch"]:
            return None
        else:
            one = re.compile(token[0], re.ASCII)
            if not token[0].isascii() or any(one.fullmatch(character) for character in _NOT_ASCII):
                return None
            runs.append((1, "".join(character for character in map(chr, range(128)) if one.fullmatch(character))))
    return runs
