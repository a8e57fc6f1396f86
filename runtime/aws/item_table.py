"""One DynamoDB table: items with Python's types, conditional writes that return a bool, and errors classified for retries."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Sequence, TypeVar

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime.core.errors import THROTTLING_CODES, AccessRefused, ItemTooLarge, TrackingThrottled, TrackingUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Item = dict[str, Any]
Write = dict[str, Any]
T = TypeVar("T")

_RETRYABLE = {
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def make_client() -> DynamoDBClient:
    config = Config(retries={"mode": "standard", "max_attempts": 6}, max_pool_connections=32, connect_timeout=5, read_timeout=10)
    return boto3.client("dynamodb", config=config)


def put(item: Mapping[str, Any], *, condition: str = "", values: Mapping[str, Any] | None = None) -> Write:
    """One write of a transaction: put *item* if *condition* holds for the existing item."""
    return {"Put": {"Item": _typed(item), **_conditions(condition, None, values)}}


class ItemTable:
    """Reads are strongly consistent, except those from an index.

    Raises TrackingThrottled, TrackingUnavailable, ItemTooLarge or AccessRefused. Conditional writes return False
    if their condition does not hold.
    """

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client, self._name = client, name

    def get(self, key: Item) -> Item | None:
        ask = functools.partial(self._client.get_item, TableName=self._name, Key=_typed(key), ConsistentRead=True)
        answer = self._call("GetItem", ask)
        return _plain(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Sequence[Item], attribute: str) -> Iterator[Item]:
        """Those of at most 100 items that exist, with one attribute each."""
        asked: Any = {self._name: {"Keys": list(map(_typed, keys)), "ProjectionExpression": attribute}}
        for _ in range(5):
            answer = self._call("BatchGetItem", functools.partial(self._client.batch_get_item, RequestItems=asked))
            yield from map(_plain, answer["Responses"].get(self._name, []))
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return
        raise TrackingUnavailable("BatchGetItem", "keys were left unprocessed")

    def query(self, condition: str, values: Mapping[str, Any], *, index: str | None = None) -> Iterator[Item]:
        """Items in the order of their sort key, page by page; an *index* may be seconds behind."""
        query: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": _typed(values),
            **({"IndexName": index} if index else {"ConsistentRead": True}),
        }
        while True:
            page = self._call("Query", functools.partial(self._client.query, **query))
            yield from map(_plain, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(
        self, item: Item, *, condition: str = "", names: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None
    ) -> bool:
        """Write *item*; False if the condition did not hold."""
        conditions = _conditions(condition, names, values)
        return self._write("PutItem", functools.partial(self._client.put_item, TableName=self._name, Item=_typed(item), **conditions))

    def update(self, key: Item, expression: str, *, condition: str, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        changes: dict[str, Any] = {"UpdateExpression": expression, **_conditions(condition, names, values)}
        return self._write("UpdateItem", functools.partial(self._client.update_item, TableName=self._name, Key=_typed(key), **changes))

    def delete(self, key: Item, *, condition: str, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
        conditions = _conditions(condition, names, values)
        return self._write("DeleteItem", functools.partial(self._client.delete_item, TableName=self._name, Key=_typed(key), **conditions))

    def transact(self, writes: Sequence[Write]) -> bool:
        """Do all writes, made by :func:`put`, or none; False if a condition did not hold."""
        named: list[Any] = [{kind: {"TableName": self._name, **write} for kind, write in one.items()} for one in writes]
        try:
            self._client.transact_write_items(TransactItems=named)
        except ClientError as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            said = [str(reason.get("Message", "")) for reason in error.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" in reasons:
                return False
            codes = ", ".join(sorted(filter(None, reasons)))
            if reasons & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
                raise TrackingThrottled("TransactWriteItems", codes) from error
            if "TransactionConflict" in reasons:
                raise TrackingUnavailable("TransactWriteItems", codes) from error
            if any(map(_is_of_size, said)):
                raise ItemTooLarge("TransactWriteItems", self._name) from error
            raise self._translated("TransactWriteItems", error) from error
        except BotoCoreError as error:
            raise TrackingUnavailable("TransactWriteItems", type(error).__name__) from error
        return True

    def _write(self, operation: str, call: Callable[[], object]) -> bool:
        try:
            self._call(operation, call)
        except _ConditionFailed:
            return False
        return True

    def _call(self, operation: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except ClientError as error:
            raise self._translated(operation, error) from error
        except BotoCoreError as error:
            raise TrackingUnavailable(operation, type(error).__name__) from error

    def _translated(self, operation: str, error: ClientError) -> Exception:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code == "ConditionalCheckFailedException":
            return _ConditionFailed()
        if code in THROTTLING_CODES:
            return TrackingThrottled(operation, code)
        if code in _RETRYABLE or int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:
            return TrackingUnavailable(operation, code)
        if code == "ValidationException" and _is_of_size(str(error.response["Error"].get("Message", ""))):
            return ItemTooLarge(operation, self._name)
        return AccessRefused(f"DynamoDB {operation} ({code})", self._name)


def _is_of_size(message: str) -> bool:
    """Whether DynamoDB's *message* is one of "Item size has exceeded ..." and "Item size to update has exceeded ..."."""
    return message.lower().startswith("item size ")


class _ConditionFailed(Exception):
    """The condition of a write did not hold. Internal to this module."""


def _conditions(condition: str, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters of a write's condition. DynamoDB refuses empty ones, so they are left out."""
    given = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": dict(names or {}),
        "ExpressionAttributeValues": _typed(values or {}),
    }
    return {name: value for name, value in given.items() if value}


def _typed(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(_storable(value)) for name, value in item.items()}


def _storable(value: Any) -> Any:
    """*value* with floats as decimals and tuples as lists, as DynamoDB stores them."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _storable(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(part) for part in value]
    return value


def _plain(item: Mapping[str, Any]) -> Item:
    return {name: _python(_deserialize(value)) for name, value in item.items()}


def _python(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _python(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_python(part) for part in value]
    return value
