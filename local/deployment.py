"""Deploy an assembly into the emulator through the CDK CLI, as the pipeline would into an account."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from local.assembly import Assembly
from local.emulator import ROOT, Emulator
from local.errors import LocalError
from local.progress import Steps

_CLI = ROOT / "node_modules" / ".bin" / "cdk"
_QUIET = ("--ci", "--progress", "events", "--no-notices")
_VARIABLES = {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "1", "NODE_NO_WARNINGS": "1"}

#: ``etl-prod | 42/95 | 1:23:08 PM | CREATE_COMPLETE | …``
_EVENT = re.compile(r"^\S+ \|\s*(\d+)/(\d+) \|")
_PROBLEM = re.compile(r"❌|fail|error", re.IGNORECASE)


def deploy(emulator: Emulator, assembly: Assembly, state: Path, steps: Steps) -> None:
    """Bootstrap the emulator and deploy every stack of the assembly; nothing is done where that was done already.

    Raises LocalError with the CLI's reason; its whole output is in ``cdk.log`` of the state directory.
    """
    record, deployed = state / "deployed.txt", f"{emulator.pid} {assembly.digest}"
    if record.exists() and record.read_text(encoding="utf-8") == deployed:
        steps.say(f"Stack {assembly.stack} is deployed, and nothing has changed")
        return
    record.unlink(missing_ok=True)
    log = state / "cdk.log"
    log.write_bytes(b"")
    app = ("--app", str(assembly.directory))
    with steps.step(f"Bootstrapping aws://{assembly.account}/{assembly.region}") as tell:
        _cdk(emulator, log, tell, "bootstrap", f"aws://{assembly.account}/{assembly.region}", *app)
    with steps.step(f"Deploying stack {assembly.stack}") as tell:
        _cdk(emulator, log, tell, "deploy", "--all", "--require-approval", "never", *app)
    record.write_text(deployed, encoding="utf-8")


def destroy(emulator: Emulator, assembly: Assembly, state: Path, steps: Steps) -> None:
    """Delete every stack of the assembly, with all that it holds."""
    (state / "deployed.txt").unlink(missing_ok=True)
    with steps.step(f"Destroying stack {assembly.stack}") as tell:
        _cdk(emulator, state / "cdk.log", tell, "destroy", "--all", "--force", "--app", str(assembly.directory))


def _cdk(emulator: Emulator, log: Path, tell: Callable[[str], None], command: str, *arguments: str) -> None:
    if not _CLI.exists() or shutil.which("node") is None:
        raise LocalError(f"the CDK CLI ({_CLI.relative_to(ROOT)}) or Node.js is missing; 'make setup' installs the CLI")
    process = subprocess.Popen(
        [str(_CLI), command, *arguments, *_QUIET],
        cwd=ROOT,
        env=emulator.environment() | _VARIABLES,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    problems: list[str] = []
    with process, log.open("a", encoding="utf-8") as output:
        try:
            for line in process.stdout or ():
                output.write(line)
                event = _EVENT.match(line)
                if event:
                    tell(f"{event[1]} of {event[2]} resources")
                if _PROBLEM.search(line):
                    problems.append(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise LocalError(f"cdk {command} failed: {problems[-1] if problems else 'it gave no reason'} (whole log: {log})")
