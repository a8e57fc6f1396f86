from __future__ import annotations

import io
import json
from typing import Any

import pytest

from runtime.aws.observability import logger, observed

CHUNK = {"chunk": {"file_id": "f" * 32, "chunk_id": "00007"}, "execution": "arn:1"}


@observed
def refuse(event: dict[str, Any], context: Any) -> dict[str, Any]:
    raise ValueError


def test_every_line_of_a_chunk_names_its_file_and_itself(monkeypatch: pytest.MonkeyPatch) -> None:  # E14
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    with pytest.raises(ValueError):
        refuse(CHUNK, None)
    (line,) = [json.loads(text) for text in written.getvalue().splitlines()]
    assert (line["file_id"], line["chunk_id"], line["correlation_id"]) == ("f" * 32, "00007", "arn:1")
