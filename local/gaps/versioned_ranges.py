"""A ranged read of a named version answers the range."""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from local.gaps.gap import Gap, must_contain

Answer = tuple[int, dict[str, str], Any]


def _fix() -> None:
    original = s3._get_object
    must_contain(original, "body = _version_body(bucket, bucket_name, key, v)")
    must_contain(original, "rng = _parse_range(range_header, obj")

    def get_object(bucket: str, key: str, headers: dict[str, str], query: dict[str, Any] | None = None) -> Answer:
        asked = headers.get("range", "")
        if not asked or not (query or {}).get("versionId"):
            answer: Answer = original(bucket, key, headers, query)
            return answer
        status, found, body = original(bucket, key, {name: value for name, value in headers.items() if name != "range"}, query)
        return _slice(asked, found, body) if status == 200 else (status, found, body)

    s3._get_object = get_object


def _slice(asked: str, headers: dict[str, str], body: bytes) -> Answer:
    bounds = s3._parse_range(asked, len(body))
    if bounds is None:
        error = b"<Error><Code>InvalidRange</Code><Message>The requested range is not satisfiable</Message></Error>"
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, error
    start, end = bounds
    # The checksum of the whole cannot prove a part.
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-checksum-")}
    kept |= {"Content-Length": str(end + 1 - start), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return 206, kept, body[start : end + 1]


GAP = Gap("versioned ranges", "a ranged read that names a version answers the whole object", _fix)
