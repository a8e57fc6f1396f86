"""``python -m ops publish``: a review, put where those who approve can open it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.aws import Aws
from ops.delivery import publication
from ops.options import RegionOption


def publish(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="What `python -m pipeline.review` wrote.")],
    bucket: Annotated[str, typer.Option("--bucket", metavar="NAME", help="The bucket to put it in.")],
    prefix: Annotated[str, typer.Option("--prefix", metavar="PREFIX", help="The prefix of its keys.")],
    region: RegionOption = None,
) -> None:
    """Upload a review and print its address in the S3 console.

    Example: python -m ops publish review --bucket etl-pipe-123456789012-us-east-1-main --prefix reviews/prod-dr/1
    """
    aws = Aws(region)
    url = publication.publish(directory, bucket=bucket, prefix=prefix.strip("/"), region=aws.region, s3=aws.s3)
    sys.stdout.write(f"{url}\n")
