"""DynamoDB's limit of an item's size, held in moto's tables: what is written past it fails the test, whoever catches what."""

from __future__ import annotations

import functools
from typing import Any, Callable, Mapping

from moto.dynamodb.exceptions import ItemSizeTooLarge, ItemSizeToUpdateTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

#: Bytes: 400 KB.
LIMIT = 400 * 1024


class ItemPastLimit(BaseException):
    """No ``Exception``: the code under test has handlers for those."""


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item in the form of the API, as DynamoDB counts it (developer guide, "Item sizes and formats")."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return len(value.strip("-").replace(".", "")) // 2 + 2
    if kind in ("NULL", "BOOL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + _value_bytes(part) for part in value)
    assert kind == "M", f"no item of ours has a {kind}"
    return 3 + sum(1 + len(name.encode()) + _value_bytes(part) for name, part in value.items())


def _held(write: Callable[..., Item]) -> Callable[..., Item]:
    @functools.wraps(write)
    def held(*arguments: Any, **named: Any) -> Item:
        try:
            item = write(*arguments, **named)
        except (ItemSizeTooLarge, ItemSizeToUpdateTooLarge) as error:  # moto's own rule, which counts less
            raise ItemPastLimit(str(error)) from error
        size = item_bytes(item.to_json()["Attributes"])
        if size > LIMIT:
            raise ItemPastLimit(f"DynamoDB would refuse an item of {size:,} bytes")
        return item

    return held


@functools.lru_cache(maxsize=1)
def hold() -> None:
    """From now on, in this process."""
    Table.put_item = _held(Table.put_item)  # type: ignore[method-assign]
    DynamoDBBackend.update_item = _held(DynamoDBBackend.update_item)  # type: ignore[method-assign]
