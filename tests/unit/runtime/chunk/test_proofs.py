"""Folding the chunks' proofs (E2, E20)."""

from __future__ import annotations

from typing import List

import pytest

from runtime.chunk.proofs import ChunkProof, Verdict, fold


def chunks(*aligned: bool) -> List[ChunkProof]:
    return [ChunkProof(10 * i + 5, 10 * i + 15, ok, None if ok else 10 * i + 7) for i, ok in enumerate(aligned)]


def test_all_aligned_is_proved() -> None:
    assert fold(chunks(True, True, True), 5, 35) == Verdict()
    assert fold([], 5, 5) == Verdict()


def test_first_broken_proof_sends_back_to_the_start_of_its_chunk() -> None:
    assert fold(chunks(True, False, False), 5, 35).replan_from == 15
    assert fold(chunks(False, True, True), 5, 35).replan_from == 5


def test_quote_open_at_the_end_of_the_file_is_the_partners_to_close() -> None:
    assert fold(chunks(True, True, False), 5, 35) == Verdict(never_ends=27)


@pytest.mark.parametrize(
    ("proofs", "first", "size"),
    [
        (chunks(True, True), 4, 25),
        (chunks(True, True), 5, 26),
        (chunks(True, True, True)[::2], 5, 35),
        ([*chunks(True, True), ChunkProof(24, 35, aligned=True)], 5, 35),
        ([ChunkProof(5, 5, aligned=True)], 5, 5),
        ([ChunkProof(5, 9, aligned=False)], 5, 9),
    ],
)
def test_ranges_that_leave_gaps_or_overlap_prove_nothing(proofs: List[ChunkProof], first: int, size: int) -> None:
    with pytest.raises(ValueError, match="chunk"):
        fold(proofs, first, size)
