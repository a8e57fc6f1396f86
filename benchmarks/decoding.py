"""How fast gzip and UTF-16 originals are decoded: the figures behind `docs/adr/0008` and the limit on decoded text.

    python benchmarks/generate.py /tmp/tx.csv 200MB && python -m benchmarks.decoding /tmp/tx.csv

packs the file as gzip and as UTF-16, and sends each through what PlanChunks does without the upload:
decoding, the exact scan, the digest of the text and the digests of its parts.
Prints MB of text per processor second (median, minimum, maximum), which a busy machine hardly changes,
and the process's peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runtime.aws.object_store import PART_BYTES
from runtime.core.limits import MAX_CHUNK_BYTES
from runtime.core.settings import MAX_DECODED_BYTES, MAX_DECODED_RATIO
from runtime.formats.decoding import Decoding, Limits, decode, in_pieces
from runtime.formats.recognition import recognize
from runtime.formats.registry import compiled, load_contracts
from runtime.formats.source import FileSource
from runtime.steps.materialize import Passing

FUNCTION_SECONDS = 900


def packed(file: Path, folder: Path) -> Iterator[tuple[str, Path, Decoding]]:
    """The file as gzip, as UTF-16 and as gzip of UTF-16, one after another."""
    utf16 = folder / "utf16"
    with file.open(encoding="utf-8", errors="replace", newline="") as text, utf16.open("w", encoding="utf-16-le", newline="") as out:
        out.write("\ufeff")
        shutil.copyfileobj(text, out, 1 << 20)
    for name, source, decoding in (
        ("gzip", file, Decoding("gz", None)),
        ("UTF-16 in gzip", utf16, Decoding("gz", "utf-16-le")),
    ):
        target = folder / "packed.gz"
        with source.open("rb") as plain, gzip.open(target, "wb", compresslevel=6) as out_gz:
            shutil.copyfileobj(plain, out_gz, 1 << 20)
        yield name, target, decoding
    yield "UTF-16", utf16, Decoding(None, "utf-16-le")


def passed(path: Path, decoding: Decoding) -> tuple[int, float]:
    """Bytes of text, and the processor seconds they took."""
    with FileSource(path) as source:
        contract = load_contracts()["transactions"]
        _, layout = recognize(source, path.name, contract.dataset, {contract.dataset: contract})
        started = time.process_time()
        passing = Passing(compiled(contract, layout).exact_cuts(MAX_CHUNK_BYTES), layout.header_end)
        parts = (source.read(at, min(at + PART_BYTES, source.size)) for at in range(0, source.size, PART_BYTES))
        for piece in passing.watch(in_pieces(decode(parts, decoding, Limits(MAX_DECODED_BYTES, MAX_DECODED_RATIO)), PART_BYTES)):
            hashlib.sha256(piece).digest()
        return passing.size, time.process_time() - started


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the pass that decodes gzip and UTF-16.", epilog="example: %(prog)s /tmp/tx.csv")
    parser.add_argument("file", type=Path, help="a CSV of the transactions dataset, in UTF-8")
    parser.add_argument("--times", type=int, default=5, help="passes of each kind (default: 5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        for name, path, decoding in packed(options.file, Path(folder)):
            passes = [passed(path, decoding) for _ in range(options.times)]
            rates = [size / seconds / 1e6 for size, seconds in passes]
            middle = statistics.median(rates)
            line = (
                f"{name:<15} {middle:5.0f} MB/s of text ({min(rates):.0f} to {max(rates):.0f}), {path.stat().st_size / 1e6:,.0f} MB packed"
            )
            print(f"{line}; {FUNCTION_SECONDS} s are {middle * FUNCTION_SECONDS / 1000:,.0f} GB")
    print(f"peak memory     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
