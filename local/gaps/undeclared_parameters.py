"""A parameter that a template does not declare is refused, whoever gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers

from local.gaps.gap import Gap, must_contain, must_hold


def _fix() -> None:
    original = engine._resolve_parameters
    must_contain(original, "for name, defn in param_defs.items()")
    must_hold(handlers._resolve_parameters is original, "the parameters of CreateStack and UpdateStack")
    must_hold(changesets._resolve_parameters is original, "the parameters of CreateChangeSet")

    def resolve(template: Mapping[str, Any], given: Sequence[Mapping[str, Any]], previous: Any = None) -> Any:
        unknown = [parameter["Key"] for parameter in given if parameter["Key"] not in (template.get("Parameters") or {})]
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        return original(template, given, previous)

    for module in (engine, handlers, changesets):
        module._resolve_parameters = resolve


GAP = Gap("undeclared parameters", "a stack or change set with a parameter that its template does not declare goes through", _fix)
