"""What a deployed template's intrinsic functions stand for, from what its stack says of itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.delivery.errors import DefinitionError

#: What ``Ref: AWS::NoValue`` becomes before the property that holds it is dropped.
_NO_VALUE = object()
_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True)
class Scope:
    """One stack: ``attribute`` answers ``Fn::GetAtt`` for a logical id, and raises DefinitionError for what it does not know."""

    template: Mapping[str, Any]
    pseudo: Mapping[str, str]
    parameters: Mapping[str, str]
    physical_ids: Mapping[str, str]
    exports: Mapping[str, str]
    attribute: Callable[[str, str], str]


def resolve(value: Any, scope: Scope) -> Any:
    """*value* with every intrinsic function replaced; raise DefinitionError for one that stands for nothing."""
    resolved = _resolve(value, scope)
    return None if resolved is _NO_VALUE else resolved


def _resolve(value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        return [item for item in (_resolve(item, scope) for item in value) if item is not _NO_VALUE]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise DefinitionError(f"the template uses {name}, which cannot be resolved here")
    resolved = {key: _resolve(item, scope) for key, item in value.items()}
    return {key: item for key, item in resolved.items() if item is not _NO_VALUE}


def _ref(name: str, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return _NO_VALUE
    for known in (scope.pseudo, scope.parameters, scope.physical_ids):
        if name in known:
            return known[name]
    raise DefinitionError(f"the template refers to {name}, which its stack does not have")


def _get_att(argument: Any, scope: Scope) -> str:
    logical_id, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], ".", argument[1])
    return scope.attribute(logical_id, str(_resolve(attribute, scope)))


def _sub(argument: Any, scope: Scope) -> str:
    text, variables = (argument, {}) if isinstance(argument, str) else argument
    given = {name: _resolve(value, scope) for name, value in variables.items()}

    def value(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in given:
            return str(given[name])
        return str(_get_att(name, scope) if "." in name else _ref(name, scope))

    return _SUBSTITUTION.sub(value, text)


def _join(argument: Any, scope: Scope) -> str:
    delimiter, items = argument
    return str(delimiter).join(str(item) for item in _resolve(items, scope))


def _split(argument: Any, scope: Scope) -> list[str]:
    delimiter, text = argument
    return str(_resolve(text, scope)).split(delimiter)


def _select(argument: Any, scope: Scope) -> Any:
    index, items = argument
    return _resolve(items, scope)[int(_resolve(index, scope))]


def _find_in_map(argument: Any, scope: Scope) -> Any:
    keys = [str(_resolve(key, scope)) for key in argument[:3]]
    value: Any = scope.template.get("Mappings", {})
    for key in keys:
        if key not in value:
            raise DefinitionError(f"the template's mappings have no {' / '.join(keys)}")
        value = value[key]
    return value


def _import_value(argument: Any, scope: Scope) -> str:
    name = str(_resolve(argument, scope))
    if name not in scope.exports:
        raise DefinitionError(f"no stack exports {name}")
    return scope.exports[name]


def _if(argument: Any, scope: Scope) -> Any:
    condition, yes, no = argument
    return _resolve(yes if _holds({"Condition": condition}, scope) else no, scope)


def _holds(condition: Any, scope: Scope) -> bool:
    ((name, argument),) = condition.items()
    if name == "Condition":
        return _holds(scope.template.get("Conditions", {})[argument], scope)
    if name == "Fn::Equals":
        left, right = argument
        return bool(_resolve(left, scope) == _resolve(right, scope))
    if name == "Fn::Not":
        return not _holds(argument[0], scope)
    if name in ("Fn::And", "Fn::Or"):
        results = [_holds(part, scope) for part in argument]
        return all(results) if name == "Fn::And" else any(results)
    raise DefinitionError(f"the template has a condition of {name}, which cannot be resolved here")


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(str(_resolve(argument, scope)).encode()).decode()


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}
