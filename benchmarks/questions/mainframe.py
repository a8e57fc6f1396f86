"""How fast are a mainframe's records decoded and checked?

Accounts of 300 bytes in EBCDIC, from the page cache, warm: eleven digits, five signed decimals, three dates and three texts each.
Ours uses one processor and writes no Parquet, so its MB/s are the speed of decoding and checking on one core; the aim is 300 MB/s.
It reads fixed records, and the same records with record descriptors, which have to be followed one by one.
The counts, the reasons and the sums of a larger file must equal the generator's truth exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.bench import Bench, our, version_of
from benchmarks.findings import Findings, Spread, Table, count_differences, precise, seconds_ratio, timings
from benchmarks.runs import Entrant, Run, warm, whole

#: The records of one chunk.
CHUNK_RECORDS = 160_000
BAD = 0.001
_RATES = {"clean": 0.0, "1% bad": 0.01}
_PEERS = {"loop": "mainframe.rows", "ebcdic-parser": "mainframe.converter"}


def measure(bench: Bench) -> Findings:
    count = bench.size(CHUNK_RECORDS, 20_000)
    fixed, described = bench.accounts(count, BAD), bench.accounts(count, BAD, described=True)
    ours = bench.ours("records", path=str(fixed))
    others = [_named(entrant, "with descriptors") for entrant in bench.ours("records", path=str(described), described=True)]
    for name, bad in _RATES.items():
        others += [_named(entrant, name) for entrant in bench.ours("records", path=str(bench.accounts(count, bad)))]
    runs = warm([*ours, *others, *(bench.peer(label, task, path=str(fixed)) for label, task in _PEERS.items())], bench.pairs)
    times = {(entrant.label, peer): seconds_ratio(runs[peer], runs[entrant.label]) for entrant in ours for peer in _PEERS}
    ratios = [[label, peer, *(precise(value) for value in (r.median, r.least, r.most))] for (label, peer), r in times.items()]
    size = fixed.stat().st_size
    return Findings(
        measured={
            "mainframe-vs-rows": {version: times[our(version), "loop"].median for version in bench.environments.runtimes},
            "mainframe-differences": _differences(bench),
        },
        tables=[
            timings(f"{count:,} accounts, {size / 1e6:.0f} MB, {BAD:.1%} bad unless it says otherwise, warm", runs, size),
            _by_processor(runs, size),
            Table("Times faster", ["contestant", "than", "median", "least", "most"], ratios),
        ],
        contestants={"ours": "ours.records", **_PEERS},
    )


def _by_processor(runs: Mapping[str, Sequence[Run]], size: int) -> Table:
    """The speed per processor second, which other work on the machine hardly changes."""
    speeds = {label: size / Spread.of([run.cpu_seconds for run in taken]).median / 1e6 for label, taken in runs.items()}
    rows = [[label, f"{speed:,.0f}"] for label, speed in sorted(speeds.items(), key=lambda pair: -pair[1])]
    return Table("MB for each second of a processor", ["contestant", "MB/s"], rows)


def _named(entrant: Entrant, name: str) -> Entrant:
    return Entrant(f"{entrant.label}, {name}", entrant.python, entrant.task, entrant.job)


def _differences(bench: Bench) -> dict[str, float]:
    path = bench.accounts(bench.size(1_000_000, 100_000), 0.01)
    truth = bench.truth(path)
    ours = bench.ours("records", path=str(path), sums=list(truth["accepted_sums"]))
    runs = whole(ours, 1)
    return {version_of(entrant.label): differences(runs[entrant.label][0].answer, truth) for entrant in ours}


def differences(answer: Mapping[str, Any], truth: Mapping[str, Any]) -> int:
    """How many facts differ from the truth: counts, each reason's count, the sums of the accepted amounts."""
    expected = {"rows_read": truth["rows"], "accepted": truth["rows_accepted"], "sums": truth["accepted_sums"], "aligned": True}
    return count_differences(answer, expected, truth["reasons"])
