"""The process of the post-receive hook: ``python -m local.delivery.receive STATE``. Its standard input names what was pushed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from local.delivery.actions import Policy
from local.delivery.deliver import Delivery
from local.delivery.remote import Push, pushes, receive
from local.errors import LocalError


def main() -> int:
    """1 when anything that was pushed did not go well; the push itself is done by then and stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # Whatever the shell of the push points at, nothing here may reach it.
    state = Path(sys.argv[1])
    delivery = Delivery(state, Console(file=sys.stderr, width=120), Policy(approve=os.environ.get("APPROVE") == "yes"))
    outcomes = [_received(delivery, state, push) for push in pushes(sys.stdin)]
    return 0 if all(outcomes) else 1


def _received(delivery: Delivery, state: Path, push: Push) -> bool:
    try:
        return receive(delivery, state / "remote.git", push)
    except LocalError as error:
        sys.stderr.write(f"error: {error}\n")
        return False


if __name__ == "__main__":
    sys.exit(main())
