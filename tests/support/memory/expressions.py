"""DynamoDB's expressions, as far as the tracking table uses them; any other fails the test."""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from typing import Any, Callable, Dict, List, Mapping, Optional

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

Item = Dict[str, Any]
#: The value of an operand, or None: item and request.
Operand = Callable[[Item, Mapping[str, Any]], Optional[Mapping[str, Any]]]
Condition = Callable[[Item, Mapping[str, Any]], bool]

_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_TOKEN = re.compile(r"\s*([#:]?\w+(?:\.#?\w+)*|<=|>=|<>|[=<>(),])")
_COMPARISONS: Dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def holds(expression: str, item: Item, asked: Mapping[str, Any]) -> bool:
    """Whether a condition holds of *item*, with the names and values of the request *asked*."""
    return _condition(expression)(item, asked)


def updated(expression: str, item: Item, asked: Mapping[str, Any]) -> Item:
    """*item* after an update expression of SET, ADD and REMOVE clauses."""
    for clause, body in re.findall(r"(SET|ADD|REMOVE) (.*?)(?= SET | ADD | REMOVE |$)", expression):
        for action in body.split(", "):
            path, *operands = _tokens(action)
            names = [_attribute(name, asked) for name in path.split(".")]
            if clause == "SET":
                assert operands[0] == "=" and len(operands) == 2, expression  # noqa: PT018
                item = _with(item, names, _operand(operands[1])(item, asked))
            elif clause == "ADD":
                before, more = item.get(names[0], {"N": "0"}), _operand(*operands)(item, asked)
                assert more is not None and len(names) == 1, expression  # noqa: PT018
                item = _with(item, names, {"N": str(Decimal(before["N"]) + Decimal(more["N"]))})
            else:
                assert not operands and len(names) == 1, expression  # noqa: PT018
                item = {name: value for name, value in item.items() if name != names[0]}
    return item


def _with(item: Item, names: List[str], value: Any) -> Item:
    """A copy of *item* with *value* at the path *names*."""
    first, *rest = names
    return {**item, first: {"M": _with(item[first]["M"], rest, value)} if rest else value}


def _tokens(expression: str) -> List[str]:
    tokens, position = [], 0
    while position < len(expression.rstrip()):
        match = _TOKEN.match(expression, position)
        assert match, f"{expression!r} is not understood at {position}"
        tokens.append(match[1])
        position = match.end()
    return tokens


def _attribute(token: str, asked: Mapping[str, Any]) -> str:
    assert token.upper() not in _RESERVED, f"{token} is a reserved word: give it a #name"
    return str(asked["ExpressionAttributeNames"][token]) if token.startswith("#") else token


def _operand(token: str) -> Operand:
    if token.startswith(":"):
        return lambda _, asked: asked["ExpressionAttributeValues"][token]
    return lambda item, asked: item.get(_attribute(token, asked))


def _comparable(value: Mapping[str, Any]) -> Any:
    """Strings are compared as UTF-8, numbers as decimals."""
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content.encode() if kind == "S" else content


@functools.cache
def _condition(expression: str) -> Condition:
    parser = _Parser(_tokens(expression))
    condition = parser.disjunction()
    assert not parser.tokens, f"{expression!r} goes on after its end"
    return condition


class _Parser:
    def __init__(self, tokens: List[str]) -> None:
        self.tokens = tokens

    def _next(self, *expected: str) -> str:
        token = self.tokens.pop(0)
        assert not expected or token in expected, f"{token} where one of {expected} belongs"
        return token

    def _takes(self, token: str) -> bool:
        return bool(self.tokens[:1] == [token] and self.tokens.pop(0))

    def disjunction(self) -> Condition:
        conditions = [self._conjunction()]
        while self._takes("OR"):
            conditions.append(self._conjunction())
        return lambda item, asked: any(condition(item, asked) for condition in conditions)

    def _conjunction(self) -> Condition:
        conditions = [self._negation()]
        while self._takes("AND"):
            conditions.append(self._negation())
        return lambda item, asked: all(condition(item, asked) for condition in conditions)

    def _negation(self) -> Condition:
        if self._takes("NOT"):
            condition = self._negation()
            return lambda item, asked: not condition(item, asked)
        return self._primary()

    def _primary(self) -> Condition:
        token = self._next()
        if token == "(":
            condition = self.disjunction()
            self._next(")")
            return condition
        if token in ("attribute_exists", "attribute_not_exists", "begins_with"):
            self._next("(")
            operand, prefix = _operand(self._next()), _operand(self._next()) if token == "begins_with" and self._next(",") else None
            self._next(")")
            if prefix:
                return _comparison(lambda value, start: value.startswith(start), operand, prefix)
            return lambda item, asked: (operand(item, asked) is not None) == (token == "attribute_exists")
        return self._relation(_operand(token))

    def _relation(self, left: Operand) -> Condition:
        operator = self._next(*_COMPARISONS, "IN", "BETWEEN")
        if operator == "BETWEEN":
            low, _, high = _operand(self._next()), self._next("AND"), _operand(self._next())
            conditions = [_comparison(_COMPARISONS[">="], left, low), _comparison(_COMPARISONS["<="], left, high)]
            return lambda item, asked: all(condition(item, asked) for condition in conditions)
        if operator == "IN":
            self._next("(")
            listed = [_operand(self._next())]
            while self._next(",", ")") == ",":
                listed.append(_operand(self._next()))
            return lambda item, asked: any(_comparison(_COMPARISONS["="], left, one)(item, asked) for one in listed)
        return _comparison(_COMPARISONS[operator], left, _operand(self._next()))


def _comparison(compare: Callable[[Any, Any], bool], left: Operand, right: Operand) -> Condition:
    """False of a missing attribute and of values of two types, but for "is not", which is true of them."""

    def condition(item: Item, asked: Mapping[str, Any]) -> bool:
        one, other = left(item, asked), right(item, asked)
        if one is None or other is None or one.keys() != other.keys():
            return compare is _COMPARISONS["<>"]
        return compare(_comparable(one), _comparable(other))

    return condition
