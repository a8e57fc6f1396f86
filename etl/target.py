"""A stage as data: account, region, names, and the settings that all stages share."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Mapping

RUNBOOK = "docs/runbook.md"
#: E10.
TAGS: Mapping[str, str] = MappingProxyType({"Environment": "Production", "Project": "ETL"})


@dataclass(frozen=True)
class Target:
    """One place the ETL is deployed to.

    ``name`` is the stage's construct id (``Primary``). ``suffix`` ends every physical name.
    ``source_name`` is part of file ids: stages that process each other's replicas have the same.
    ``approval``: a person must approve the deployment. ``trail`` records who touched which object and item (G7);
    an account may have five trails in a region.
    """

    name: str
    account: str
    region: str
    suffix: str
    source_name: str
    approval: bool = False
    trail: bool = True

    @property
    def tags(self) -> dict[str, str]:
        return dict(TAGS)


@dataclass(frozen=True)
class RuntimeSettings:
    """What all stages run on: ``runtime`` is a Python version ("3.9"), ``chunk_bytes`` a size in bytes.

    ``decoded_bytes`` and ``decoded_ratio`` limit the size of a file after decompression.
    ``runbook`` is the address of :data:`RUNBOOK` that alarms show: a URL, or a path where the repository has no pages.
    """

    runtime: str
    chunk_bytes: int
    decoded_bytes: int
    decoded_ratio: int
    runbook: str
