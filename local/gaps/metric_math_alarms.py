"""An alarm on a metric expression exists, with its expression; it is never evaluated and stays INSUFFICIENT_DATA."""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners

from local.gaps.gap import Gap, must_contain

#: Required where an alarm names one metric; taken out again, for no metric has these names.
_NOTHING = {"MetricName": "-", "Namespace": "-"}


def _fix() -> None:
    original = provisioners._cw_metric_alarm_record
    must_contain(original, "Properties.Metrics (metric math) is not supported")

    def record(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        if not properties.get("Metrics"):
            plain: dict[str, Any] = original(name, properties)
            return plain
        alarm: dict[str, Any] = original(name, {**properties, **_NOTHING, "Metrics": None})
        return {key: value for key, value in alarm.items() if key not in _NOTHING} | {"Metrics": properties["Metrics"]}

    provisioners._cw_metric_alarm_record = record


GAP = Gap("metric math alarms", "a template with an alarm on a metric expression is refused", _fix)
