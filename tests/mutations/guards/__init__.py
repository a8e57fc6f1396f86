"""The guards, by the part of the product that they are in; names are unique."""

from __future__ import annotations

from tests.mutations.guards import decoding, delivery, mainframe, operations, rows, templates, workflow

GUARDS = (*rows.GUARDS, *mainframe.GUARDS, *decoding.GUARDS, *workflow.GUARDS, *operations.GUARDS, *templates.GUARDS, *delivery.GUARDS)
