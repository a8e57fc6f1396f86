"""Objects put together from others: every byte once and in order, copied by S3 where that may be (F1)."""

from __future__ import annotations

from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.aws.multipart import LEAST_PART_BYTES, Piece, joined
from runtime.aws.object_store import ObjectStore
from runtime.core.errors import ObjectMissing
from runtime.core.models import ObjectRef
from tests.support.workflow import BUCKET, Workflow


@pytest.fixture
def workflow(workflow_on_moto: Workflow) -> Workflow:
    """Another's S3 and DynamoDB, whose answers are nearer to AWS's."""
    return workflow_on_moto


MIB = 1024 * 1024
SIZES = st.one_of(
    st.integers(0, 3), st.integers(0, 20 * MIB), st.sampled_from([LEAST_PART_BYTES - 1, LEAST_PART_BYTES, LEAST_PART_BYTES + 1])
)


@given(st.lists(SIZES, max_size=30))
def test_parts_are_all_bytes_in_order_and_as_long_as_s3_demands(sizes: List[int]) -> None:
    parts = joined([(str(index), size) for index, size in enumerate(sizes)])
    pieces = [piece for part in parts for piece in part if piece.end > piece.start]
    expected = [(str(index), byte) for index, size in enumerate(sizes) for byte in (0, size) if size]
    edges: List[Any] = []
    for piece in pieces:
        if edges and edges[-1] == (piece.key, piece.start):
            edges.pop()
        else:
            edges.append((piece.key, piece.start))
        edges.append((piece.key, piece.end))
    assert edges == expected
    lengths = [sum(piece.end - piece.start for piece in part) for part in parts]
    assert all(length >= LEAST_PART_BYTES for length in lengths[:-1])
    # What is read and sent again is less than a part for each source.
    assert all(len(part) == 1 or length <= LEAST_PART_BYTES for part, length in zip(parts, lengths))


def test_a_short_source_takes_from_its_successor() -> None:
    assert joined([("a", 6 * MIB), ("b", 1), ("c", 11 * MIB), ("d", 2)]) == [
        [Piece("a", 0, 6 * MIB)],
        [Piece("b", 0, 1), Piece("c", 0, 5 * MIB - 1)],
        [Piece("c", 5 * MIB - 1, 11 * MIB)],
        [Piece("d", 0, 2)],
    ]


@pytest.mark.parametrize("sizes", [[3, 0, 4], [6 * MIB, 1, 7 * MIB, 5], [5 * MIB], [5 * MIB - 1, 5 * MIB + 1], [1, 5 * MIB]])
def test_joined_objects_have_their_sources_bytes(workflow: Workflow, sizes: List[int]) -> None:
    store = ObjectStore(workflow.s3, BUCKET)
    bodies = [bytes([65 + index]) * size for index, size in enumerate(sizes)]
    for index, body in enumerate(bodies):
        workflow.s3.put_object(Bucket=BUCKET, Key=f"staging/{index}", Body=body)
    store.join("extracts/x.dat", [(f"staging/{index}", size) for index, size in enumerate(sizes)], "application/octet-stream")
    # In two ranges, since moto gives the whole of an object of parts a checksum that is not the one of its bytes.
    ref, size = ObjectRef(BUCKET, "extracts/x.dat"), sum(sizes)
    assert store.head(ref).size == size
    assert store.read_range(ref, 0, size // 2) + store.read_range(ref, size // 2, size) == b"".join(bodies)


def test_a_source_that_is_gone_leaves_no_object(workflow: Workflow) -> None:
    store = ObjectStore(workflow.s3, BUCKET)
    with pytest.raises(ObjectMissing):
        store.join("extracts/x.dat", [("staging/gone", 6 * MIB), ("staging/too", 6 * MIB)], "application/octet-stream")
    assert workflow.keys("extracts/") == []
    assert not workflow.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
