"""How an execution can end other than well; each message is one line that names what, where, and what to do.

LocalError
├── DefinitionError       the pipeline's definition holds what cannot be executed here
└── ExecutionEnded        an execution stops before its end
    ├── ActionFailed      an action did not succeed
    ├── Superseded        a newer execution took this one's place
    ├── DefinitionChanged the pipeline mutated itself: the execution starts again
    └── Stopped           a person or a signal stopped it
"""

from __future__ import annotations

from local.errors import LocalError


class DefinitionError(LocalError):
    """The definition names something that the rehearsal does not know, or that does not exist."""


class ExecutionEnded(LocalError):
    """An execution stops here."""


class ActionFailed(ExecutionEnded):
    """An action did not do what it is for."""


class Superseded(ExecutionEnded):
    """A newer execution reached the place where this one waited."""

    def __init__(self, by: int) -> None:
        self.by = by
        super().__init__(f"superseded by execution {by}, which is newer")


class DefinitionChanged(ExecutionEnded):
    """The stored definition is no longer the one that is being executed."""


class Stopped(ExecutionEnded):
    """Asked to stop from outside."""
