"""A stage as data: where it goes, what it is called, what it runs on."""

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
    ``source_name`` goes into file ids: stages that process each other's replicas share it.
    ``approval`` asks a person before the deployment. ``trail`` records who touched which object and item (G7);
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

    ``decoded_bytes`` and ``decoded_ratio`` bound what one compressed file may become.
    ``runbook`` is where whoever is told of an alarm finds :data:`RUNBOOK`: a URL, where there is one.
    """

    runtime: str
    chunk_bytes: int
    decoded_bytes: int
    decoded_ratio: int
    runbook: str
