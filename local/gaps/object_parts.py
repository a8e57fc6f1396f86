"""HEAD of one part of an object answers that part's length: originals are copied in parts like their own."""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from local.gaps.gap import Gap, must_contain, must_hold

Answer = tuple[int, dict[str, str], bytes]


def _fix() -> None:
    original = s3._head_object
    must_hold("partNumber" not in original.__code__.co_consts, "HeadObject leaves PartNumber unread")
    must_contain(s3._version_entry_from_record, '"parts": obj.get("parts")')

    def head_object(bucket: str, key: str, headers: dict[str, str] | None = None, query: dict[str, Any] | None = None) -> Answer:
        status, found, body = original(bucket, key, headers, query)
        number = s3._qp(query or {}, "partNumber", "")
        sizes = _sizes(bucket, key, s3._qp(query or {}, "versionId", "")) if status == 200 and number.isdecimal() else {}
        if int(number or 0) not in sizes:
            return status, found, body
        start = sum(size for part, size in sizes.items() if part < int(number))
        end, whole = start + sizes[int(number)], sum(sizes.values())
        of_part = {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{whole}"}
        return 206, {**found, **of_part, "x-amz-mp-parts-count": str(len(sizes))}, body

    s3._head_object = head_object


def _sizes(bucket: str, key: str, version: str) -> dict[int, int]:
    """Bytes of each part by its number; empty for an object that was sent whole."""
    versions = s3._object_versions.get((bucket, key), [])
    record = next((one for one in versions if one["version_id"] == version), None) if version else s3._buckets[bucket]["objects"].get(key)
    return {part["PartNumber"]: part["Size"] for part in (record or {}).get("parts") or []}


GAP = Gap("object parts", "HeadObject of one part of an object answers the whole object's length", _fix)
