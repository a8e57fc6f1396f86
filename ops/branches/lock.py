"""One build at a time works on a branch's stage: an item of the lock table, taken by a conditional write (docs/adr/0014).

The item expires soon and is renewed for as long as its holder lives, so that a build that was killed blocks nobody for long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ops.branches.errors import LocksMissing, StageBusy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

#: Seconds.
LEASE = 300
RENEWAL = 60
_POLL = 10

_REFUSED, _MISSING = "ConditionalCheckFailedException", "ResourceNotFoundException"


class Locks:
    """``holder`` is told to whoever waits, and must be this build's alone. ``now`` is epoch time in seconds."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        table: str,
        holder: str,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._dynamodb, self._table, self._holder = dynamodb, table, holder
        self._now, self._sleep, self._tell = now, sleep, tell

    @contextmanager
    def hold(self, suffix: str, wait_seconds: float) -> Iterator[None]:
        """Have the stage *suffix* to oneself; raise StageBusy when it is not free within *wait_seconds*, LocksMissing."""
        self._acquire(suffix, wait_seconds)
        done = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(suffix, done), daemon=True)
        renewal.start()
        try:
            yield
        finally:
            done.set()
            renewal.join()
            self._release(suffix)

    def _acquire(self, suffix: str, wait_seconds: float) -> None:
        began = self._now()
        told = None
        while not self._take(suffix):
            holder, waited = self._held_by(suffix), self._now() - began
            if waited >= wait_seconds:
                raise StageBusy(suffix, holder, waited)
            if holder != told:
                self._tell(f"Waiting for stage {suffix}, which is in the hands of {holder}")
                told = holder
            self._sleep(_POLL)

    def _take(self, suffix: str) -> bool:
        now = int(self._now())
        return self._write(
            suffix, "attribute_not_exists(stage) OR expires_at < :now OR holder = :holder", {":now": {"N": str(now)}}, now + LEASE
        )

    def _renew(self, suffix: str, done: threading.Event) -> None:
        while not done.wait(RENEWAL):
            self._renew_once(suffix)

    def _renew_once(self, suffix: str) -> None:
        try:
            if not self._write(suffix, "holder = :holder", {}, int(self._now()) + LEASE):
                self._tell(f"The lock of stage {suffix} was lost to another build")
        except (ClientError, BotoCoreError) as error:
            self._tell(f"The lock of stage {suffix} was not renewed and will be tried again: {error}")

    def _write(self, suffix: str, condition: str, values: dict[str, dict[str, str]], expires_at: int) -> bool:
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={"stage": {"S": suffix}, "holder": {"S": self._holder}, "expires_at": {"N": str(expires_at)}},
                ConditionExpression=condition,
                ExpressionAttributeValues={":holder": {"S": self._holder}, **values},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == _REFUSED:
                return False
            if error.response["Error"]["Code"] == _MISSING:
                raise LocksMissing(self._table, self._dynamodb.meta.region_name) from error
            raise
        return True

    def _release(self, suffix: str) -> None:
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"stage": {"S": suffix}},
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": self._holder}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _REFUSED:
                raise

    def _held_by(self, suffix: str) -> str:
        item = self._dynamodb.get_item(TableName=self._table, Key={"stage": {"S": suffix}}, ConsistentRead=True).get("Item", {})
        return item.get("holder", {}).get("S", "a build that has just ended")
