"""Artifacts: zipped trees that actions hand to each other through the pipeline's buckets, as CodePipeline does.

Modes and symbolic links survive the way: a script that is executable in the commit is executable in the build.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.delivery.cloud import Cloud
from local.delivery.errors import ActionFailed

#: A fixed date: the same tree is the same zip.
_DATE = (1980, 1, 1, 0, 0, 0)
_FAST = 1


def pack(files: Mapping[str, Path], target: Path) -> None:
    """Zip *files*, each under its name in the artifact; a symbolic link stays one."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as archive:
        for name in sorted(files):
            path = files[name]
            entry = zipfile.ZipInfo(name, _DATE)
            mode = path.lstat().st_mode
            entry.external_attr = (mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            if stat.S_ISLNK(mode):
                archive.writestr(entry, str(path.readlink()))
                continue
            entry.file_size = path.stat().st_size  # zipfile decides by it whether the entry needs 64-bit sizes
            with path.open("rb") as content, archive.open(entry, "w") as written:
                shutil.copyfileobj(content, written, 1 << 20)


def unpack(archive: Path, directory: Path) -> None:
    """Unzip into *directory*, which is made; raise ActionFailed for an entry that would land outside it."""
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as opened:
        links: list[tuple[Path, str]] = []
        for entry in opened.infolist():
            target = _inside(directory, entry.filename)
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                links.append((target, opened.read(entry).decode()))
            elif entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as content, target.open("wb") as written:
                    shutil.copyfileobj(content, written, 1 << 20)
                target.chmod(stat.S_IMODE(mode) or 0o644)
        for target, destination in links:  # Last: nothing is written through a link.
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(destination)


def _inside(directory: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise ActionFailed(f"the artifact holds {name!r}, which would land outside of it")
    return directory.joinpath(*parts)


@dataclass(frozen=True)
class ArtifactStore:
    """One execution's artifacts: in the bucket of the pipeline's region, copied where an action in another region takes one."""

    cloud: Cloud
    buckets: Mapping[str, str]
    region: str
    prefix: str

    def put(self, name: str, archive: Path) -> None:
        self.cloud.client("s3", self.region).upload_file(str(archive), self._bucket(self.region), self._key(name))

    def fetch(self, name: str, region: str, directory: Path) -> None:
        """Unpack the artifact into *directory*, from the region's own bucket."""
        if region != self.region:
            source = {"Bucket": self._bucket(self.region), "Key": self._key(name)}
            self.cloud.client("s3", region).copy_object(Bucket=self._bucket(region), Key=self._key(name), CopySource=source)
        with tempfile.NamedTemporaryFile(suffix=".zip") as archive:
            self.cloud.client("s3", region).download_fileobj(self._bucket(region), self._key(name), archive)
            archive.flush()
            unpack(Path(archive.name), directory)

    @contextmanager
    def template(self, body: bytes, region: str, name: str, account: str | None = None) -> Iterator[str]:
        """Keep a template in *region* meanwhile; gives the URL that CloudFormation reads it from (a body is limited to 51,200 bytes).

        The emulator's CloudFormation reads what its own account has: for another *account* the bucket is one of that account's.
        """
        foreign, key = account not in (None, self.cloud.account), f"{self.prefix}/templates/{name}"
        s3 = self.cloud.client("s3", region, account)
        bucket = f"rehearsal-{uuid.uuid4().hex}" if foreign else self._bucket(region)
        if foreign:
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        try:
            yield f"{self.cloud.emulator.endpoint}/{bucket}/{key}"
        finally:
            if foreign:
                s3.delete_object(Bucket=bucket, Key=key)
                s3.delete_bucket(Bucket=bucket)

    def delete(self) -> None:
        """Remove every version of everything that the execution kept."""
        for region, bucket in self.buckets.items():
            s3 = self.cloud.client("s3", region)
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{self.prefix}/"):
                _delete(s3, bucket, [*page.get("Versions", []), *page.get("DeleteMarkers", [])])

    def _bucket(self, region: str) -> str:
        if region not in self.buckets:
            raise ActionFailed(f"the pipeline has no artifact store in {region}; add one to its definition")
        return self.buckets[region]

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}.zip"


def _delete(s3: object, bucket: str, versions: Iterable[Mapping[str, str]]) -> None:
    for version in versions:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])  # type: ignore[attr-defined]
