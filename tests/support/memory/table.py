"""DynamoDB's part of the store: the tracking table's calls, conditions and limits."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Callable, Dict, List, Mapping, Tuple

from runtime.core.models import FILES_BY_DATASET, FILES_BY_STATUS
from tests.support.item_sizes import LIMIT, ItemPastLimit, item_bytes
from tests.support.memory.expressions import Item, holds, updated

PARTITION, SORT = "file_id", "chunk_id"
#: By an index's name: its partition key. All are sorted by ``created_at``.
INDEXES = {FILES_BY_STATUS: "file_status", FILES_BY_DATASET: "dataset"}
PAGE_BYTES = 1024 * 1024

Answer = Dict[str, Any]


class Refused(Exception):
    def __init__(self, code: str, **more: Any) -> None:
        self.code, self.more = code, more


class Tables:
    def __init__(self) -> None:
        self._tables: Dict[str, Dict[str, Dict[str, Item]]] = defaultdict(lambda: defaultdict(dict))

    def answer(self, operation: str, body: bytes) -> Tuple[int, bytes]:
        asked = json.loads(body)
        calls: Dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "BatchWriteItem": self._batch_delete,
            "TransactWriteItems": self._transact,
        }
        try:
            return 200, json.dumps(calls[operation](asked)).encode()
        except Refused as error:
            return 400, json.dumps(
                {"__type": f"com.amazonaws.dynamodb.v20120810#{error.code}", "message": error.code, **error.more}
            ).encode()

    def _stored(self, asked: Mapping[str, Any], key: Mapping[str, Any]) -> Item:
        return self._tables[asked["TableName"]][key[PARTITION]["S"]].get(key[SORT]["S"], {})

    def _checked(self, asked: Mapping[str, Any], key: Mapping[str, Any]) -> Item:
        """The item that is there, or an empty one, if the condition of *asked* holds of it."""
        if not self._holds(asked, key):
            raise Refused("ConditionalCheckFailedException")
        return self._stored(asked, key)

    def _holds(self, asked: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
        return "ConditionExpression" not in asked or holds(asked["ConditionExpression"], self._stored(asked, key), asked)

    def store(self, table: str, item: Item) -> None:
        for name in INDEXES.values():
            if item.get(name, {"S": ""}).keys() != {"S"}:
                raise Refused("ValidationException")
        size = item_bytes(item)
        if size > LIMIT:
            raise ItemPastLimit(f"DynamoDB would refuse an item of {size:,} bytes")
        self._tables[table][item[PARTITION]["S"]][item[SORT]["S"]] = item

    def _get(self, asked: Mapping[str, Any]) -> Answer:
        item = self._stored(asked, asked["Key"])
        return {"Item": item} if item else {}

    def _batch_get(self, asked: Mapping[str, Any]) -> Answer:
        answers = {}
        for table, wanted in asked["RequestItems"].items():
            items = [self._stored({"TableName": table}, key) for key in wanted["Keys"]]
            projected = wanted["ProjectionExpression"].split(",")
            answers[table] = [{name.strip(): item[name.strip()] for name in projected} for item in items if item]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def _query(self, asked: Mapping[str, Any]) -> Answer:
        table, index = self._tables[asked["TableName"]], asked.get("IndexName")
        partition, sort = (INDEXES[index], "created_at") if index else (PARTITION, SORT)
        condition = asked["KeyConditionExpression"]
        first = condition.split(" AND ")[0].split()
        assert first[:2] == [partition, "="], condition
        if index:
            candidates = [item for rows in table.values() for item in rows.values() if partition in item and sort in item]
        else:
            candidates = list(table[asked["ExpressionAttributeValues"][first[2]]["S"]].values())
        matching = [item for item in candidates if holds(condition, item, asked)]

        def place(item: Item) -> List[bytes]:
            return [item[name]["S"].encode() for name in (sort, PARTITION, SORT)]

        return _page(sorted(matching, key=place, reverse=asked.get("ScanIndexForward") is False), asked, {PARTITION, SORT, partition, sort})

    def _scan(self, asked: Mapping[str, Any]) -> Answer:
        return _page([item for rows in self._tables[asked["TableName"]].values() for item in rows.values()], asked, {PARTITION, SORT})

    def _put(self, asked: Mapping[str, Any]) -> Answer:
        self._checked(asked, asked["Item"])
        self.store(asked["TableName"], asked["Item"])
        return {}

    def _update(self, asked: Mapping[str, Any]) -> Answer:
        item = self._checked(asked, asked["Key"])
        self.store(asked["TableName"], updated(asked["UpdateExpression"], {**item, **asked["Key"]}, asked))
        return {}

    def _delete(self, asked: Mapping[str, Any]) -> Answer:
        self._checked(asked, asked["Key"])
        self._tables[asked["TableName"]][asked["Key"][PARTITION]["S"]].pop(asked["Key"][SORT]["S"], None)
        return {}

    def _batch_delete(self, asked: Mapping[str, Any]) -> Answer:
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                self._delete({"TableName": table, **request["DeleteRequest"]})
        return {"UnprocessedItems": {}}

    def _transact(self, asked: Mapping[str, Any]) -> Answer:
        writes = [write["Put"] for write in asked["TransactItems"]]
        held = [self._holds(write, write["Item"]) for write in writes]
        if not all(held):
            reasons = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in held]
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        for write in writes:
            self.store(write["TableName"], write["Item"])
        return {}


def _page(items: List[Item], asked: Mapping[str, Any], keyed: set[str]) -> Answer:
    """The items after the request's start key, as many as a page holds."""
    if "ExclusiveStartKey" in asked:
        keys = [{name: item[name] for name in (PARTITION, SORT)} for item in items]
        items = items[keys.index({name: asked["ExclusiveStartKey"][name] for name in (PARTITION, SORT)}) + 1 :]
    size, page = 0, []
    for item in items[: asked.get("Limit")]:
        size += item_bytes(item)
        if size > PAGE_BYTES:
            break
        page.append(item)
    last = {"LastEvaluatedKey": {name: page[-1][name] for name in keyed}} if page and len(page) < len(items) else {}
    return {"Items": page, "Count": len(page), **last}
