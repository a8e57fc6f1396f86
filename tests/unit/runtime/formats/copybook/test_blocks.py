from __future__ import annotations

import numpy as np
import pytest

from runtime.formats.copybook.blocks import RecordBlock


def block(starts: list, lengths: list) -> RecordBlock:
    return RecordBlock(bytes(range(20)), 100, np.array(starts, np.int64), np.array(lengths, np.int64))


@pytest.mark.parametrize("starts", [[0, 5, 10], [4, 9, 14]])  # F1
def test_evenly_spaced_records_of_one_length_are_viewed_not_copied(starts: list) -> None:
    records = block(starts, [5] * 3)
    assert records.matrix.tolist() == [list(range(start, start + 5)) for start in starts]
    assert np.shares_memory(records.matrix, np.frombuffer(records.data, np.uint8))


def test_records_of_one_length_here_and_there_are_gathered() -> None:
    assert block([0, 5, 16], [3] * 3).matrix.tolist() == [[0, 1, 2], [5, 6, 7], [16, 17, 18]]


def test_records_of_several_lengths_have_no_matrix() -> None:
    with pytest.raises(ValueError, match="several lengths"):
        _ = block([0, 4, 9, 14], [2, 3, 2, 3]).matrix


def test_a_matrix_cannot_be_written_through() -> None:
    with pytest.raises(ValueError, match="read-only"):
        RecordBlock.fixed(b"abcdef", 0, 3).matrix[0, 0] = 1


def test_fixed_records_lie_one_after_the_other() -> None:
    records = RecordBlock.fixed(b"abcdef", 6, 2)
    assert (records.starts.tolist(), records.ends.tolist(), len(records)) == ([0, 2, 4], [2, 4, 6], 3)


def test_no_records_have_an_empty_matrix() -> None:
    assert block([], []).matrix.shape == (0, 0)
