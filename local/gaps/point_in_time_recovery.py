"""A table whose template asks for point-in-time recovery has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from local.gaps.gap import Gap, must_hold


def _fix() -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    must_hold(handlers["create"] is provisioners._ddb_create, "the table's create handler")
    must_hold(handlers["update"] is provisioners._ddb_update, "the table's update handler")
    handlers["create"] = _then_recovery(handlers["create"], properties_at=1)
    handlers["update"] = _then_recovery(handlers["update"], properties_at=2)


def _then_recovery(handler: Callable[..., tuple[str, dict[str, Any]]], properties_at: int) -> Callable[..., tuple[str, dict[str, Any]]]:
    def handle(*arguments: Any) -> tuple[str, dict[str, Any]]:
        name, attributes = handler(*arguments)
        wanted = arguments[properties_at].get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        dynamodb._pitr_settings[name] = str(wanted).lower() == "true"
        return name, attributes

    return handle


GAP = Gap("point-in-time recovery", "PointInTimeRecoverySpecification of a table is dropped from the template", _fix)
