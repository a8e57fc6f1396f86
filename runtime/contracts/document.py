"""One level of a contract file, read by name: every key is known and every value has its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.core.errors import ContractInvalid


class Node:
    """A JSON object of a contract file.

    ``origin`` is the file and ``field`` the column that it is about, for messages; ``where`` is
    the path from there (``schema``, ``constraints``), empty at the top.
    """

    def __init__(self, data: object, origin: str, field: str | None = None, where: str = "") -> None:
        self.origin, self.field, self.where = origin, field, where
        if not isinstance(data, Mapping):
            raise self.invalid(f"is {_kind(data)}, not an object")
        self.data: Mapping[str, Any] = data

    def invalid(self, rule: str, key: str | None = None) -> ContractInvalid:
        """The error for a broken *rule* of this object, or of its *key*."""
        path = ".".join(part for part in (self.where, key) if part)
        return ContractInvalid(self.origin, self.field, f"{path} {rule}" if path else rule)

    def only(self, known: Sequence[str], explained: Mapping[str, str] | None = None) -> None:
        """Refuse keys that are not *known*; *explained* says why a key of the standard is not."""
        for key in self.data:
            if key in (explained or {}):
                raise self.invalid(f"is not supported: {(explained or {})[key]}", key)
            if key not in known:
                raise self.invalid(f"is not a known property; known are {', '.join(known)}", str(key))

    def node(self, key: str, field: str | None = None) -> Node:
        where = "" if field else ".".join(part for part in (self.where, key) if part)
        return Node(self.data.get(key, {}), self.origin, field or self.field, where)

    def has(self, key: str) -> bool:
        return key in self.data

    def text(self, key: str, default: str | None = None) -> str:
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self.invalid(f"is {_kind(value)}, not a string", key)
        return value

    def character(self, key: str, default: str) -> str:
        """One printable ASCII character that is neither letter nor digit, or a tab."""
        value = self.text(key, default)
        if len(value) != 1 or not (" " <= value <= "~" or value == "\t") or value.isalnum():
            raise self.invalid(f"is {value!r}, not one ASCII punctuation character, blank or tab", key)
        return value

    def integer(self, key: str, low: int, high: int) -> int | None:
        value = self.data.get(key)
        if value is None and key not in self.data:
            return None
        if type(value) is not int or not low <= value <= high:
            raise self.invalid(f"is {value!r}, not an integer from {low} to {high}", key)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.invalid(f"is {_kind(value)}, not true or false", key)
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.invalid(f"is {value!r}, not one of {', '.join(allowed)}", key)
        return value

    def array(self, key: str, default: Sequence[object] | None = None) -> list[Any]:
        value = self._value(key, default)
        if not isinstance(value, (list, tuple)):
            raise self.invalid(f"is {_kind(value)}, not an array", key)
        return list(value)

    def texts(self, key: str, default: Sequence[str]) -> tuple[str, ...]:
        """An array of distinct strings."""
        values = self.array(key, default)
        if not all(isinstance(value, str) for value in values):
            raise self.invalid("holds something that is not a string", key)
        if len(set(values)) != len(values):
            raise self.invalid("holds a string twice", key)
        return tuple(values)

    def _value(self, key: str, default: object) -> object:
        if key not in self.data and default is None:
            raise self.invalid("is missing", key)
        return self.data.get(key, default)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array", tuple: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)
