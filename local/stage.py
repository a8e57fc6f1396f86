"""A whole stage on this machine: the emulator, and the primary stage deployed into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from local import emulator
from local.assembly import Assembly, primary_assembly
from local.deployment import deploy
from local.emulator import ROOT, Emulator
from local.errors import LocalError
from local.machine import refuse_others
from local.progress import Steps

#: Where this machine's stage keeps what it writes: its process, its logs, the outputs that were fetched.
STATE = Path(os.environ.get("LEDGERLINE_STATE", ROOT / ".ledgerline"))
#: Synthesized assemblies, shared by all that run here.
ASSEMBLIES = ROOT / ".ledgerline" / "assemblies"


@dataclass(frozen=True)
class LocalStage:
    emulator: Emulator
    assembly: Assembly


def up(state: Path, steps: Steps, *, port: int | None = None, runtime: str | None = None, keep: Path | None = None) -> LocalStage:
    """Synthesize, start the emulator and deploy, each only where it is not done already.

    An emulator that this call started is stopped again when the deployment fails, and keeps what it holds in *keep*,
    if there is one, when it is stopped. Raises LocalError.
    """
    # Before anything that takes long.
    refuse_others()
    state.mkdir(parents=True, exist_ok=True)
    assembly = primary_assembly(ASSEMBLIES, steps, runtime)
    running = emulator.running(state)
    if running is not None and port not in (None, running.port):
        raise LocalError(f"the emulator runs already on port {running.port}; 'python -m local down' stops it")
    if running is not None and running.account != assembly.account:
        raise LocalError(f"the emulator runs with account {running.account}, not {assembly.account}; 'python -m local down' stops it")
    serving = running or _started(state, steps, port, assembly.account, keep)
    try:
        deploy(serving, assembly, state, steps)
    except BaseException:
        if running is None:
            emulator.stop(state)
        raise
    return LocalStage(serving, assembly)


def _started(state: Path, steps: Steps, port: int | None, account: str, keep: Path | None) -> Emulator:
    with steps.step("Starting the emulator"):
        started = emulator.start(state, port, account=account, keep=keep)
    steps.say(f"The emulator listens on {started.endpoint}")
    return started
