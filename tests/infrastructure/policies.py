"""IAM as far as these tests need it: does a policy's statements allow an action on a resource?

Conditions are answered by the caller: a statement with one counts only where the test says that its condition holds.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from pipeline.policies import Statement, wildcard
from pipeline.templates import listed

Holds = Callable[[Mapping[str, Any]], bool]


def allows(statements: Iterable[Statement], action: str, resource: str, holds: Holds = lambda _: False) -> bool:
    """True when a statement allows it and none denies it."""
    found = [statement for statement in statements if _applies(statement, action, resource, holds)]
    return any(statement["Effect"] == "Allow" for statement in found) and not any(statement["Effect"] == "Deny" for statement in found)


def _applies(statement: Statement, action: str, resource: str, holds: Holds) -> bool:
    return (
        any(wildcard(pattern.lower()).fullmatch(action.lower()) for pattern in listed(statement["Action"]))
        and any(wildcard(pattern).fullmatch(resource) for pattern in listed(statement["Resource"]))
        and ("Condition" not in statement or holds(statement["Condition"]))
    )
