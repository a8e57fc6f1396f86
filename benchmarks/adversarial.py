"""Files of the ``transactions`` dataset that mislead a planner which guesses record boundaries from a window.

All are correct CSV, so quote parity gives the true boundaries: :func:`true_boundaries` uses none of the product's code.
"""

from __future__ import annotations

import random
from typing import Callable, Dict, List

import numpy as np
import numpy.typing as npt

from benchmarks import generate

Rows = Callable[[random.Random, List[bytes]], bytes]

_WORDS = [b"alpha", b"beta, gamma", b"delta\n", b"2024-01-01", b"omega\r\n", b"12.50"]


def make(kind: str, size: int, seed: int) -> bytes:
    """A file of *size* bytes, up to a row longer; *kind* is one of :data:`KINDS`."""
    rng = random.Random(f"{kind} {seed}")
    plain = _plain_rows(seed)
    rows, total = [generate.HEADER], len(generate.HEADER)
    while total < size:
        rows.append(KINDS[kind](rng, plain))
        total += len(rows[-1])
    return b"".join(rows)


def true_boundaries(data: bytes) -> npt.NDArray[np.int64]:
    """Offsets after each newline that has an even number of quotes before it."""
    values = np.frombuffer(data, np.uint8)
    newlines = np.flatnonzero(values == ord("\n"))
    quotes = np.flatnonzero(values == ord('"'))
    outside: npt.NDArray[np.bool_] = np.searchsorted(quotes, newlines) % 2 == 0
    return newlines[outside] + 1


def _plain_rows(seed: int) -> List[bytes]:
    blocks = generate.blocks(1_000_000, 0, 0, seed, generate.Truth())
    return [row for row in b"".join(blocks).split(b"\n")[1:-1] if b'"' not in row]


def _quoting(rng: random.Random, plain: List[bytes], text: bytes) -> bytes:
    """A row whose merchant is *text*, quoted."""
    fields = rng.choice(plain).split(b",")
    fields[generate.MERCHANT] = b'"' + text.replace(b'"', b'""') + b'"'
    return b",".join(fields) + b"\n"


def _rarely(rate: float, make_text: Callable[[random.Random, List[bytes]], bytes]) -> Rows:
    """Rows of which *rate* quote a text, and the others nothing: so no ordinary quote gives the reading away."""

    def row(rng: random.Random, plain: List[bytes]) -> bytes:
        return _quoting(rng, plain, make_text(rng, plain)) if rng.random() < rate else rng.choice(plain) + b"\n"

    return row


def _prose(least: int, most: int) -> Callable[[random.Random, List[bytes]], bytes]:
    def text(rng: random.Random, _plain: List[bytes]) -> bytes:
        return b" ".join(rng.choices(_WORDS, k=rng.randint(least, most) // 8))

    return text


def _table(size: int, *, quoted: bool) -> Callable[[random.Random, List[bytes]], bytes]:
    """Rows of the same dataset inside a quoted field: read from within the field, they fit the contract."""

    def text(rng: random.Random, plain: List[bytes]) -> bytes:
        rows = rng.choices(plain, k=size // len(plain[0]))
        if quoted:
            rows = [b'"' + row.replace(b",", b'","') + b'"' if index % 5 == 0 else row for index, row in enumerate(rows)]
        return b"\n".join(rows) + b"\n"

    return text


def _soup(rng: random.Random, _plain: List[bytes]) -> bytes:
    return bytes(rng.choices(b'"",\n"ax,\n', k=3_000))


def _partly_bad(rng: random.Random, plain: List[bytes]) -> bytes:
    fields = rng.choice(plain).split(b",")
    if rng.random() < 0.3:
        fields[generate.BOOKED] = b"31/12/2023"
        del fields[-1 if rng.random() < 0.5 else len(fields) :]
    return b",".join(fields) + b"\n"


#: Descriptions of the files, and the function that makes a row.
KINDS: Dict[str, Rows] = {
    "30% bad rows, no quotes": _partly_bad,
    "quoted prose of 1-20 kB": _rarely(0.2, _prose(1_000, 20_000)),
    "quoted prose of 100-400 kB": _rarely(0.002, _prose(100_000, 400_000)),
    "quote soup of 3 kB": _rarely(0.3, _soup),
    "quoted tables of 3 kB": _rarely(0.05, _table(3_000, quoted=False)),
    "quoted tables of 200 kB": _rarely(0.002, _table(200_000, quoted=False)),
    "quoted tables of 3 MB": _rarely(0.0001, _table(3_000_000, quoted=False)),
    "quoted tables with quotes of 20 kB": _rarely(0.02, _table(20_000, quoted=True)),
}
