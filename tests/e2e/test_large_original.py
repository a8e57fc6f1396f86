"""An original that S3 copies in no single request is moved on the deployed stage. The emulator keeps objects in memory."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from runtime.core.models import file_id
from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles

pytestmark = [pytest.mark.e2e, pytest.mark.long]

KEY = "incoming/transactions/acme/6 GB.csv"
PART = 64 * 1024**2
PARTS = 96
SIZE = PARTS * PART + 7
#: At its most the emulator holds 6 GB three times: the original, the parts of its copy, and the copy.
NEEDED_GIB = 18


def available_gib() -> float:
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 1024**2


def test_an_original_of_6_gb_is_moved(stage: DeployedStage) -> None:  # E7 E22
    """It has no header of its dataset, so it is rejected, and moved whole to failed/ in parts like those it was sent in."""
    if available_gib() < NEEDED_GIB:
        pytest.skip(f"needs {NEEDED_GIB} GiB of free memory, and there are {available_gib():.1f}")
    files = StageFiles(stage)
    place = {"Bucket": stage.bucket, "Key": KEY}
    upload = {**place, "UploadId": files.s3.create_multipart_upload(**place)["UploadId"]}
    bodies = itertools.chain(itertools.repeat(b"0;1;2;3\n" * (PART // 8), PARTS), [b"the end"])
    parts = [
        {"PartNumber": number, "ETag": files.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, start=1)
    ]
    sent = files.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    item = files.ended(file_id(stage.outputs["SourceName"], KEY, sent["VersionId"]), deadline_seconds=600)
    assert (item["file_status"], item["error_type"], item.get("not_moved")) == ("REJECTED", "HeaderMismatch", None)
    moved = files.s3.head_object(Bucket=stage.bucket, Key=item["location"]["key"], VersionId=item["location"]["version_id"])
    assert item["location"]["key"].startswith("failed/")
    assert (moved["ContentLength"], moved["ETag"]) == (SIZE, sent["ETag"])
    end = files.s3.get_object(Bucket=stage.bucket, Key=item["location"]["key"], Range=f"bytes={SIZE - 7}-{SIZE - 1}")
    assert end["Body"].read() == b"the end"
    assert files.s3.list_object_versions(Bucket=stage.bucket, Prefix=KEY).get("Versions", []) == []
    files.s3.delete_object(Bucket=stage.bucket, Key=item["location"]["key"], VersionId=item["location"]["version_id"])  # its memory
