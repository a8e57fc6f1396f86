"""An estimate of a stage's cost in a month, from its template, an assumed volume and the dated prices of ``prices.json``.

A template does not say how much data arrives. The assumed volume is the same before and after, so that the
difference shows the effect of the change.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping

from pipeline.json_file import read_json
from pipeline.templates import Properties, Template, properties_of, text
from runtime.core.settings import DEFAULT_CHUNK_BYTES

_PRICES = Path(__file__).with_name("prices.json")
_FALLBACK_REGION = "us-east-1"
_BYTES_PER_MEGABYTE, _BYTES_PER_GIGABYTE = 1e6, 1e9
#: The end of the name of the parameter that holds the size of a chunk.
_CHUNK_BYTES = "/chunk-bytes"

Quantities = Mapping[str, float]


@dataclass(frozen=True)
class PriceTable:
    """``prices`` in USD by unit and region; ``assumed`` is the volume of a month."""

    as_of: date
    source: str
    prices: Mapping[str, Mapping[str, float]]
    assumed: Mapping[str, Any]
    follows_traffic: frozenset[str]
    free: frozenset[str]

    def price(self, unit: str, region: str) -> float:
        return self.prices[unit].get(region, self.prices[unit][_FALLBACK_REGION])


@dataclass(frozen=True)
class Line:
    """Dollars of a month for one unit."""

    unit: str
    before: float
    after: float


@dataclass(frozen=True)
class Estimate:
    """``remarks`` are sentences: the assumptions, and what is not counted."""

    lines: tuple[Line, ...]
    remarks: tuple[str, ...]

    @property
    def before(self) -> float:
        return sum(line.before for line in self.lines)

    @property
    def after(self) -> float:
        return sum(line.after for line in self.lines)

    @property
    def difference(self) -> float:
        return self.after - self.before


@lru_cache(maxsize=1)
def price_table() -> PriceTable:
    content = read_json(_PRICES)
    return PriceTable(
        as_of=date.fromisoformat(content["as_of"]),
        source=content["source"],
        prices=content["prices"],
        assumed=content["assumptions"],
        follows_traffic=frozenset(content["follows_traffic"]),
        free=frozenset(content["free"]),
    )


def estimate(before: Template | None, after: Template, *, region: str, table: PriceTable, today: date) -> Estimate:
    old = _quantities(before, table) if before else defaultdict[str, float](float)
    new = _quantities(after, table)
    lines = [
        Line(unit, old[unit] * table.price(unit, region), new[unit] * table.price(unit, region))
        for unit in table.prices
        if old[unit] or new[unit]
    ]
    return Estimate(tuple(lines), tuple(_remarks(before, after, region, table, today)))


def _quantities(template: Template, table: PriceTable) -> defaultdict[str, float]:
    chunks = table.assumed["gigabytes"] * _BYTES_PER_GIGABYTE / _chunk_bytes(template)
    total: defaultdict[str, float] = defaultdict(float)
    for resource in template.resources.values():
        if resource["Type"] in _COUNTED:
            for unit, quantity in _COUNTED[resource["Type"]](properties_of(resource), table.assumed, chunks).items():
                total[unit] += quantity
    return total


def _chunk_bytes(template: Template) -> float:
    for _, parameter in template.of_type("AWS::SSM::Parameter"):
        value = text(parameter.get("Value", ""))
        if text(parameter.get("Name", "")).endswith(_CHUNK_BYTES) and value.isdigit() and int(value):
            return int(value)
    return float(DEFAULT_CHUNK_BYTES)


def _function(properties: Properties, assumed: Mapping[str, Any], chunks: float) -> Quantities:
    calls = _calls(properties, assumed, chunks)
    gigabytes = float(properties.get("MemorySize", 128)) / 1024
    seconds = calls * assumed["seconds_per_call"]
    if _is_called(properties, assumed["calls_per_chunk"]):
        seconds += assumed["gigabytes"] * _BYTES_PER_GIGABYTE / _BYTES_PER_MEGABYTE * assumed["seconds_per_megabyte"]
    return {"lambda_requests": calls, "lambda_gb_seconds": seconds * gigabytes}


def _calls(properties: Properties, assumed: Mapping[str, Any], chunks: float) -> float:
    if _is_called(properties, assumed["calls_per_chunk"]):
        return chunks
    return float(assumed["files"]) if _is_called(properties, assumed["calls_per_file"]) else 0.0


def _is_called(properties: Properties, kinds: Iterable[str]) -> bool:
    name = text(properties.get("FunctionName", ""))
    return any(name.startswith(f"etl-{kind}-") for kind in kinds)


def _per_file_and_chunk(unit: str) -> Callable[[Properties, Mapping[str, Any], float], Quantities]:
    return lambda _, assumed, chunks: {
        unit: assumed["files"] * assumed[f"{unit}_per_file"] + chunks * assumed[f"{unit}_per_chunk"],
    }


def _table(properties: Properties, assumed: Mapping[str, Any], chunks: float) -> Quantities:
    if properties.get("BillingMode") != "PAY_PER_REQUEST":
        return {}
    return {
        unit: quantity
        for kind in ("table_writes", "table_reads")
        for unit, quantity in _per_file_and_chunk(kind)(properties, assumed, chunks).items()
    }


def _alarm(properties: Properties, _assumed: Mapping[str, Any], _chunks: float) -> Quantities:
    """An alarm is billed once for each metric that it reads."""
    metrics = properties.get("Metrics")
    return {"alarm_metrics": sum("MetricStat" in metric for metric in metrics) if metrics else 1}


_COUNTED: Mapping[str, Callable[[Properties, Mapping[str, Any], float], Quantities]] = {
    "AWS::CloudTrail::Trail": _per_file_and_chunk("data_events"),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": lambda *_: {"dashboards": 1},
    "AWS::DynamoDB::Table": _table,
    "AWS::KMS::Key": lambda *_: {"keys": 1},
    "AWS::Lambda::Function": _function,
    "AWS::StepFunctions::StateMachine": _per_file_and_chunk("state_transitions"),
}


def _remarks(before: Template | None, after: Template, region: str, table: PriceTable, today: date) -> Iterable[str]:
    assumed = table.assumed
    yield (
        f"Assumed: {assumed['gigabytes']:,} GB a month in {assumed['files']:,} files; "
        f"{assumed['seconds_per_call']:g} s a call and {assumed['seconds_per_megabyte']:g} s a megabyte of a chunk."
    )
    yield f"Prices of {table.as_of} ({(today - table.as_of).days:,} days old). {table.source}."
    if any(region not in by_region for by_region in table.prices.values()):
        yield f"The table lacks prices of {region}; those of {_FALLBACK_REGION} stand in."
    both = [*after.resources.items(), *(before.resources.items() if before else ())]
    types = {resource["Type"] for _, resource in both}
    if types & table.follows_traffic:
        yield "Not counted, since they follow the data and not the template: storage, requests to S3 and queues, logs, traces, transfer."
    functions = [(name, properties_of(resource)) for name, resource in both if resource["Type"] == "AWS::Lambda::Function"]
    called = [*assumed["calls_per_file"], *assumed["calls_per_chunk"]]
    idle = sorted({text(each.get("FunctionName", name)) for name, each in functions if not _is_called(each, called)})
    if idle:
        yield f"Counted as never called (failures and deployments only): {', '.join(idle)}."
    unknown = sorted(types - table.free - table.follows_traffic - _COUNTED.keys())
    if unknown:
        yield f"Not counted, because the table has no price for them: {', '.join(unknown)}."
