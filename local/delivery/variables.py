"""Pipeline variables: ``#{namespace.Name}`` in an action's configuration, as earlier actions gave them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from local.delivery.errors import ActionFailed

_REFERENCE = re.compile(r"#\{([^.{}]+)\.([^{}]+)\}")

Namespaces = Mapping[str, Mapping[str, str]]


def substitute(value: Any, known: Namespaces) -> Any:
    """*value* with each variable replaced; raise ActionFailed for one that no earlier action gave."""
    if isinstance(value, Mapping):
        return {key: substitute(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, known) for item in value]
    return _REFERENCE.sub(lambda match: _value(match, known), value) if isinstance(value, str) else value


def substitute_json(text: str, known: Namespaces) -> Any:
    """JSON with the variables replaced after parsing: a value may hold quotes and cannot change the document."""
    return substitute(json.loads(text), known)


def _value(match: re.Match[str], known: Namespaces) -> str:
    namespace, name = match.groups()
    if name not in known.get(namespace, {}):
        has = ", ".join(sorted(known[namespace])) if namespace in known else "no action before this one has that namespace"
        raise ActionFailed(f"the variable {match[0]} has no value ({has})")
    return known[namespace][name]
