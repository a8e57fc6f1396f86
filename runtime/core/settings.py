"""The environment of a function, typed and checked once, at start-up.

The first invocation calls :func:`Settings.from_environment`; the result is kept for the life of the process.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Mapping

from runtime.core.errors import SettingsInvalid

#: Names of the environment variables of every function; ``etl.functions`` sets them.
STAGE = "LEDGERLINE_STAGE"
SOURCE_NAME = "LEDGERLINE_SOURCE_NAME"
DATA_BUCKET = "LEDGERLINE_DATA_BUCKET"
TRACKING_TABLE = "LEDGERLINE_TRACKING_TABLE"
LEASE_SECONDS = "LEDGERLINE_LEASE_SECONDS"
CHUNK_BYTES_PARAMETER = "LEDGERLINE_CHUNK_BYTES_PARAMETER"

DECODED_BYTES = "LEDGERLINE_DECODED_BYTES"
DECODED_RATIO = "LEDGERLINE_DECODED_RATIO"

#: Bytes of text that one file may decode to: 22 MB a second for a function's 15 minutes, half of what S3 is sure to give (docs/adr/0008).
DEFAULT_DECODED_BYTES = 20_000_000_000
#: Bytes that S3 takes in one object written in parts of 8 MiB.
MAX_DECODED_BYTES = 80_000_000_000
#: Maximum bytes of text for each compressed byte. gzip can reach 1,032; CSV has 3 to 30. Only a decompression bomb,
#: or a file that repeats one row, has more than 200.
DEFAULT_DECODED_RATIO = 200
MAX_DECODED_RATIO = 1_100


@dataclass(frozen=True)
class Settings:
    """The settings of the stage that a function belongs to.

    ``chunk_bytes_parameter`` names the SSM parameter with the size of a chunk in bytes, which an
    operator may lower without a deployment. ``decoded_bytes`` is the maximum size of a compressed file's text,
    ``decoded_ratio`` its maximum size in bytes for each compressed byte.
    """

    stage: str
    source_name: str
    data_bucket: str
    tracking_table: str
    lease_seconds: int
    chunk_bytes_parameter: str
    decoded_bytes: int = DEFAULT_DECODED_BYTES
    decoded_ratio: int = DEFAULT_DECODED_RATIO

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read and check the variables; raise SettingsInvalid that names every one that is wrong."""
        env = os.environ if environment is None else environment
        # An update deploys a function's code before its variables, so a new variable needs a default.
        env = {DECODED_BYTES: str(DEFAULT_DECODED_BYTES), DECODED_RATIO: str(DEFAULT_DECODED_RATIO), **env}
        rules = {
            STAGE: r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?",
            SOURCE_NAME: r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?",
            DATA_BUCKET: r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            TRACKING_TABLE: r"[A-Za-z0-9_.-]{3,255}",
            LEASE_SECONDS: r"[1-9][0-9]{0,6}",
            CHUNK_BYTES_PARAMETER: r"/[A-Za-z0-9_./-]{1,1010}",
            DECODED_BYTES: r"[1-9][0-9]{0,11}",
            DECODED_RATIO: r"[1-9][0-9]{0,3}",
        }
        wrong = [
            f"{name} is {env[name]!r}, which does not match {rule}" if name in env else f"{name} is not set"
            for name, rule in rules.items()
            if not re.fullmatch(rule, env.get(name, ""))
        ]
        if wrong:
            raise SettingsInvalid(wrong)
        return cls(
            stage=env[STAGE],
            source_name=env[SOURCE_NAME],
            data_bucket=env[DATA_BUCKET],
            tracking_table=env[TRACKING_TABLE],
            lease_seconds=int(env[LEASE_SECONDS]),
            chunk_bytes_parameter=env[CHUNK_BYTES_PARAMETER],
            decoded_bytes=int(env[DECODED_BYTES]),
            decoded_ratio=int(env[DECODED_RATIO]),
        )
