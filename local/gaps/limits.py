"""What a stage on the emulator cannot show, and where it is shown instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    what: str
    instead: str


LIMITS: tuple[Limit, ...] = (
    Limit("IAM", "policies are stored and not enforced; tests/infrastructure checks every role's statements"),
    Limit("Memory", "a function may use what the machine has; its timeout is enforced"),
    Limit(
        "Waits of retries", "end after a minute, times the wait scale, and have no jitter; tests/infrastructure checks what is asked for"
    ),
    Limit("256 KB of state", "a larger payload between states passes; tests check sizes"),
    Limit("Metrics and alarms", "metrics in logs and AWS's own metrics are not collected, so no alarm changes state by itself"),
    Limit("Alarms on an expression", "exist and are never evaluated"),
    Limit("Traces", "X-Ray settings are kept; nothing is traced"),
    Limit("Logs of the state machine", "not written; its executions and their history are kept"),
    Limit("Encryption", "settings are kept; nothing is encrypted"),
    Limit("Lifecycle rules", "are kept; nothing is archived or expires"),
    Limit("Access logs and CloudTrail", "nothing is recorded"),
    Limit("Redrive of executions and Map runs", "not offered; `ops redrive` takes a failed file up again without them, on AWS as well"),
    Limit("Bootstrap", "a region that is not bootstrapped is not refused by the emulator"),
    Limit("Durability", "everything lives in the emulator's memory and ends with it; tests/e2e/test_restart.py has one that keeps it"),
)
