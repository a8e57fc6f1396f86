"""Plan, prove and plan again: the product on a file that misleads."""

from __future__ import annotations

from typing import Any, Dict

#: Chunks have at least this many bytes, and at least those of the longest record.
SHORTEST_CHUNK_BYTES = 128 * 1024

Job = Dict[str, Any]
Answer = Dict[str, Any]


def boundaries(job: Job) -> Answer:
    """Ledgerline's planning at many chunk sizes, with each chunk's proof; a boundary whose proof fails is planned again."""
    import random

    import numpy as np

    from benchmarks import adversarial
    from local.testing.proofs import prove
    from local.testing.sources import CountingSource
    from runtime.chunk.proofs import fold
    from runtime.formats.recognition import recognize
    from runtime.formats.registry import compiled, load_contracts

    data = adversarial.make(job["kind"], job["size"], job["seed"])
    ends = adversarial.true_boundaries(data)
    true, longest = set(ends.tolist()), max(int(np.diff(ends).max()), SHORTEST_CHUNK_BYTES)
    source = CountingSource.of(data)
    contract, layout = recognize(source, "hostile.csv", "transactions", load_contracts())
    plan = compiled(contract, layout).plan
    rng = random.Random(job["seed"])
    cuts = guessed_wrong = replans = wrong = 0
    for _ in range(job["plans"]):
        chunk_bytes = int(longest * 10 ** rng.uniform(0.02, 0.7))
        ranges = plan(source, chunk_bytes)
        cuts += len(ranges) - 1
        guessed_wrong += sum(end not in true for _, end in ranges)
        replan_from = fold([prove(data, *chunk) for chunk in ranges], layout.header_end, source.size).replan_from
        if replan_from is not None:
            replans += 1
            keep = [(start, end) for start, end in ranges if end <= replan_from]
            ranges = plan(source, chunk_bytes, exact_from=replan_from, keep=keep)
        wrong += sum(end not in true for _, end in ranges)
    return {"cuts": cuts, "guessed_wrong": guessed_wrong, "replans": replans, "wrong_in_the_end": wrong}
