from __future__ import annotations

import pytest

from runtime.core import settings
from runtime.core.errors import SettingsInvalid
from runtime.core.settings import Settings

GOOD = {
    settings.STAGE: "prod",
    settings.SOURCE_NAME: "prod",
    settings.DATA_BUCKET: "etl-data-123456789012-us-east-1-prod",
    settings.TRACKING_TABLE: "etl-tracking-prod",
    settings.LEASE_SECONDS: "46800",
    settings.CHUNK_BYTES_PARAMETER: "/etl/prod/chunk-bytes",
}


def test_a_complete_environment_is_read() -> None:  # G1
    assert Settings.from_environment(GOOD).lease_seconds == 46800


@pytest.mark.parametrize("name", sorted(GOOD))
def test_each_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"{name} is not set"):
        Settings.from_environment({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (settings.STAGE, "Prod!"),
        (settings.STAGE, "a" * 21),
        (settings.DATA_BUCKET, "UPPER"),
        (settings.LEASE_SECONDS, "0"),
        (settings.LEASE_SECONDS, "soon"),
        (settings.CHUNK_BYTES_PARAMETER, "etl/chunk"),
        (settings.TRACKING_TABLE, ""),
    ],
)
def test_each_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=name):
        Settings.from_environment({**GOOD, name: value})
