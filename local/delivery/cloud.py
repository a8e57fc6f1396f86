"""Clients of the emulator, by service, region and account."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from local.emulator import Emulator


@dataclass(frozen=True)
class Cloud:
    """What stands in for AWS. Clients are made once each and may be used from any thread."""

    emulator: Emulator
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    @property
    def account(self) -> str:
        return self.emulator.account

    def client(self, service: str, region: str, account: str | None = None) -> Any:
        wanted = (service, region, account or self.account)
        with self._making:
            if wanted not in self._clients:
                self._clients[wanted] = self._made(*wanted)
            return self._clients[wanted]

    def _made(self, service: str, region: str, account: str) -> Any:
        make: Any = boto3.session.Session().client  # Its type knows each service's name, not a name that is any of them.
        return make(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=region,
            aws_access_key_id=account,  # The emulator takes the key for the account.
            aws_secret_access_key="local",  # noqa: S106 — the emulator checks none
            config=Config(retries={"max_attempts": 2}, read_timeout=300, s3={"addressing_style": "path"}),
        )
