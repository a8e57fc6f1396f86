"""S3's part of the store: versioned objects, copies, uploads in parts and listings."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Dict, List, Mapping, Optional, Tuple
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

Headers = Dict[str, str]
Answer = Tuple[int, Headers, bytes]

_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3[.-]")
_STORED = re.compile(
    r"content-(type|encoding|language|disposition)|cache-control|x-amz-meta-.+|x-amz-checksum-(sha256|crc32)|x-amz-storage-class"
)
_CHECKSUM, _ALGORITHM = "x-amz-checksum-sha256", "x-amz-checksum-algorithm"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")  # S3 ignores any other
_KNOWN = {
    "versionId",
    "partNumber",
    "uploads",
    "uploadId",
    "delete",
    "versions",
    "list-type",
    "prefix",
    "max-keys",
    "encoding-type",
    "x-id",
}
_KNOWN |= {"key-marker", "version-id-marker", "continuation-token"}
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_PAGE = 1000
_LEAST_PART_BYTES = 5 * 1024 * 1024


@dataclass
class Version:
    """One version of an object; ``parts`` are the lengths of an upload's parts, in bytes."""

    id: str
    body: bytes
    headers: Headers
    etag: str
    modified: datetime
    parts: Tuple[int, ...] = ()
    is_marker: bool = False

    @property
    def is_archived(self) -> bool:
        return self.headers.get("x-amz-storage-class") in _ARCHIVES


class Upload:
    def __init__(self, key: str, headers: Headers) -> None:
        self.key, self.headers, self.parts = key, headers, {}  # type: str, Headers, Dict[int, bytes]


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


class S3:
    def __init__(self) -> None:
        self._objects: Dict[str, Dict[str, List[Version]]] = {}
        self._uploads: Dict[str, Upload] = {}
        self._ids = itertools.count(1)

    def answer(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """Status, headers and body of the answer to one request."""
        try:
            return self._answer(method, url, headers, body)
        except Refused as error:
            return error.status, {"Content-Type": "application/xml"}, b"" if method == "HEAD" else _xml("Error", Code=error.code)

    def _answer(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        parts = urlsplit(url)
        host = _HOST.match(parts.netloc)
        path = unquote(parts.path[1:])
        bucket, key = (host["bucket"], path) if host and host["bucket"] else (path.partition("/")[0], path.partition("/")[2])
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        assert query.keys() <= _KNOWN, query
        objects = self._objects.setdefault(bucket, {})
        if not key:
            return self._delete_listed(objects, body) if "delete" in query else self._list(objects, query)
        if "uploads" in query or "uploadId" in query:
            return self._upload(objects, method, key, query, headers, body)
        if method == "PUT":
            return self._copy(objects, key, headers) if "x-amz-copy-source" in headers else self._write(objects, key, headers, body)
        if method == "DELETE":
            return self._delete(objects, key, query.get("versionId"))
        assert method in ("GET", "HEAD"), method
        return _read(_found(objects, key, query.get("versionId")), method, query, headers)

    def _store(self, objects: Dict[str, List[Version]], key: str, version: Version) -> Headers:
        objects.setdefault(key, []).append(version)
        return {"x-amz-version-id": version.id}

    def _new(self, body: bytes, headers: Headers, etag: str = "", parts: Tuple[int, ...] = ()) -> Version:
        etag = etag or hashlib.md5(body, usedforsecurity=False).hexdigest()
        return Version(f"{next(self._ids):032d}", body, headers, f'"{etag}"', datetime.now(timezone.utc).replace(microsecond=0), parts)

    def _write(self, objects: Dict[str, List[Version]], key: str, headers: Headers, body: bytes) -> Answer:
        kept, contents = _received(headers, body)
        version = self._new(contents, kept)
        return 200, {"ETag": version.etag, **self._store(objects, key, version)}, b""

    def _copy(self, objects: Dict[str, List[Version]], key: str, headers: Headers) -> Answer:
        source = self._source(headers)
        if source.is_archived:
            raise Refused(403, "ObjectNotInActiveTierError")
        kept = _stored(headers) if headers.get("x-amz-metadata-directive") == "REPLACE" else dict(source.headers)
        if _CHECKSUM in source.headers:
            kept[_CHECKSUM] = _sha256(source.body)
        version = self._new(source.body, kept)
        written = self._store(objects, key, version)
        return 200, written, _xml("CopyObjectResult", ETag=version.etag, LastModified=_iso(version))

    def _source(self, headers: Headers) -> Version:
        bucket, _, rest = headers["x-amz-copy-source"].lstrip("/").partition("/")
        key, _, version = rest.partition("?versionId=")
        return _found(self._objects.get(bucket, {}), unquote(key), version or None)

    def _delete(self, objects: Dict[str, List[Version]], key: str, version_id: Optional[str]) -> Answer:
        if version_id is None:
            marker = self._new(b"", {})
            marker.is_marker = True
            return 204, {"x-amz-delete-marker": "true", **self._store(objects, key, marker)}, b""
        objects[key] = [version for version in objects.get(key, []) if version.id != version_id]
        return 204, {"x-amz-version-id": version_id}, b""

    def _delete_listed(self, objects: Dict[str, List[Version]], body: bytes) -> Answer:
        for listed in ET.fromstring(body):
            named = {element.tag.rpartition("}")[2]: element.text or "" for element in listed}
            if "Key" in named:
                self._delete(objects, named["Key"], named.get("VersionId"))
        return 200, {}, _xml("DeleteResult")

    def _upload(
        self, objects: Dict[str, List[Version]], method: str, key: str, query: Mapping[str, str], headers: Headers, body: bytes
    ) -> Answer:
        if "uploads" in query:
            identity = f"upload{next(self._ids)}"
            algorithm = {_ALGORITHM: headers[_ALGORITHM]} if _ALGORITHM in headers else {}
            self._uploads[identity] = Upload(key, {**_stored(headers), **algorithm})
            return 200, {}, _xml("InitiateMultipartUploadResult", Key=key, UploadId=identity)
        if query["uploadId"] not in self._uploads:
            raise Refused(404, "NoSuchUpload")
        upload = self._uploads[query["uploadId"]]
        if method == "DELETE":
            del self._uploads[query["uploadId"]]
            return 204, {}, b""
        if method == "PUT":
            number, copied = int(query["partNumber"]), "x-amz-copy-source" in headers
            content = self._range_of_source(headers) if copied else _received(headers, body)[1]
            upload.parts[number] = content
            etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
            sha256 = _sha256(content) if upload.headers.get(_ALGORITHM) == "SHA256" else None
            if copied:
                return (
                    200,
                    {},
                    _xml(
                        "CopyPartResult", ETag=etag, LastModified=_iso(self._new(b"", {})), **({"ChecksumSHA256": sha256} if sha256 else {})
                    ),
                )
            return 200, {"ETag": etag, **({_CHECKSUM: sha256} if sha256 else {})}, b""
        assert method == "POST", method
        return self._complete(objects, query["uploadId"], body)

    def _range_of_source(self, headers: Headers) -> bytes:
        body = self._source(headers).body
        first, last = map(int, headers["x-amz-copy-source-range"].rpartition("=")[2].split("-"))
        if last >= len(body):
            raise Refused(400, "InvalidArgument")
        return body[first : last + 1]

    def _complete(self, objects: Dict[str, List[Version]], identity: str, body: bytes) -> Answer:
        upload = self._uploads[identity]
        named = [int(element.text or "") for element in ET.fromstring(body).iter() if element.tag.endswith("PartNumber")]
        parts = [upload.parts[number] for number in named]
        if any(len(part) < _LEAST_PART_BYTES for part in parts[:-1]):
            raise Refused(400, "EntityTooSmall")
        etag = hashlib.md5(b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts), usedforsecurity=False)
        headers = {name: value for name, value in upload.headers.items() if name != _ALGORITHM}
        if upload.headers.get(_ALGORITHM) == "SHA256":
            headers[_CHECKSUM] = _sha256(b"".join(hashlib.sha256(part).digest() for part in parts)) + f"-{len(parts)}"
        version = self._new(b"".join(parts), headers, f"{etag.hexdigest()}-{len(parts)}", tuple(map(len, parts)))
        del self._uploads[identity]
        return 200, self._store(objects, upload.key, version), _xml("CompleteMultipartUploadResult", Key=upload.key, ETag=version.etag)

    def _list(self, objects: Dict[str, List[Version]], query: Mapping[str, str]) -> Answer:
        if "uploads" in query:
            uploads = [_xml("Upload", Key=upload.key, UploadId=identity) for identity, upload in self._uploads.items()]
            return 200, {}, _wrapped("ListMultipartUploadsResult", uploads)
        keys = sorted((key for key in objects if key.startswith(query.get("prefix", ""))), key=str.encode)
        most = int(query.get("max-keys", _PAGE))
        if "versions" in query:
            return _list_versions(objects, keys, query, most)
        assert query.get("list-type") == "2", query
        after = query.get("continuation-token", "")
        current = [(key, objects[key][-1]) for key in keys if key > after and objects[key] and not objects[key][-1].is_marker]
        entries = [
            _xml("Contents", Key=quote(key), ETag=one.etag, Size=len(one.body), LastModified=_iso(one)) for key, one in current[:most]
        ]
        more = {"NextContinuationToken": current[most - 1][0]} if len(current) > most else {}
        return 200, {}, _wrapped("ListBucketResult", entries, IsTruncated=_boolean(bool(more)), EncodingType="url", **more)


def _list_versions(objects: Mapping[str, List[Version]], keys: List[str], query: Mapping[str, str], most: int) -> Answer:
    """Newest version of a key first; the page begins after the marker's version, or after all versions of its key."""
    listed = [(key, version) for key in keys for version in reversed(objects[key])]
    marker, after = query.get("key-marker", ""), query.get("version-id-marker", "")
    if marker:
        at = next((index for index, (key, version) in enumerate(listed) if key == marker and version.id == after), None)
        listed = listed[at + 1 :] if at is not None else [one for one in listed if one[0].encode() > marker.encode()]
    page, more = listed[:most], {}
    if len(listed) > most:
        more = {"NextKeyMarker": quote(page[-1][0]), "NextVersionIdMarker": page[-1][1].id}
    entries = [
        _xml(
            "DeleteMarker" if version.is_marker else "Version",
            Key=quote(key),
            VersionId=version.id,
            IsLatest=_boolean(version is objects[key][-1]),
            LastModified=_iso(version),
            **({} if version.is_marker else {"ETag": version.etag, "Size": len(version.body)}),
        )
        for key, version in page
    ]
    return 200, {}, _wrapped("ListVersionsResult", entries, IsTruncated=_boolean(bool(more)), EncodingType="url", **more)


def _found(objects: Mapping[str, List[Version]], key: str, version_id: Optional[str]) -> Version:
    versions = objects.get(key, [])
    if version_id is None:
        if not versions or versions[-1].is_marker:
            raise Refused(404, "NoSuchKey")
        return versions[-1]
    version = next((version for version in versions if version.id == version_id), None)
    if version is None:
        raise Refused(404, "NoSuchVersion")
    if version.is_marker:
        raise Refused(405, "MethodNotAllowed")
    return version


def _read(version: Version, method: str, query: Mapping[str, str], headers: Headers) -> Answer:
    """HEAD and GET of a whole object, of a range, or of a part."""
    if method == "GET" and version.is_archived:
        raise Refused(403, "InvalidObjectState")
    start, end, size = 0, len(version.body), len(version.body)
    asked = _RANGE.fullmatch(headers.get("range", ""))
    status, answered = 200, dict(version.headers)
    if "partNumber" in query:
        end = version.parts[int(query["partNumber"]) - 1] if version.parts else size
        start = sum(version.parts[: int(query["partNumber"]) - 1])
        end, status = start + end if version.parts else size, 206
    elif asked:
        first, last = asked.groups()
        if int(first) >= size:
            raise Refused(416, "InvalidRange")
        start, end, status = int(first), min(int(last) + 1, size) if last else size, 206
        answered["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if status == 206 or headers.get("x-amz-checksum-mode") != "ENABLED":  # of the whole object, where it is asked for
        answered = {name: value for name, value in answered.items() if not name.startswith("x-amz-checksum-")}
    answered.update({"Content-Length": str(end - start), "ETag": version.etag, "x-amz-version-id": version.id})
    answered["Last-Modified"] = format_datetime(version.modified, usegmt=True)
    return status, answered, b"" if method == "HEAD" else version.body[start:end]


def _received(headers: Headers, body: bytes) -> Tuple[Headers, bytes]:
    """What is stored of a PUT: its headers, and its body without the chunks and trailers of the ``aws-chunked`` encoding."""
    kept = {"content-type": "binary/octet-stream", **_stored(headers)}
    encodings = headers.get("content-encoding", "").split(",")
    if "aws-chunked" in encodings:
        kept["content-encoding"] = ",".join(name for name in encodings if name != "aws-chunked")
        rest, body = body, b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            body, rest = body + rest[:length], rest[length + 2 :] if length else rest
            if not length:
                break
        for line in rest.split(b"\r\n"):
            name, _, value = line.decode().partition(":")
            kept.update(_stored({name: value}))
    if _CHECKSUM in kept and kept[_CHECKSUM] != _sha256(body):
        raise Refused(400, "BadDigest")
    return kept, body


def _stored(headers: Mapping[str, str]) -> Headers:
    return {name: value for name, value in headers.items() if value and _STORED.fullmatch(name)}


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _iso(version: Version) -> str:
    return version.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _boolean(value: bool) -> str:
    return str(value).lower()


def _xml(tag: str, **elements: object) -> bytes:
    return _wrapped(tag, [], **elements)


def _wrapped(tag: str, entries: List[bytes], **elements: object) -> bytes:
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in elements.items())
    return f"<{tag}>{inner}".encode() + b"".join(entries) + f"</{tag}>".encode()
