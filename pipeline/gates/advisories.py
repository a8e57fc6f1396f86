"""``python -m pipeline.gates.advisories``: known vulnerabilities of everything in the locks (D8, G8).

pip-audit asks OSV and npm asks its registry, so this needs a network, unlike the other gates. Exit status 1 for findings, 2 when a
service gave no answer.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from pipeline.gates.accepted_findings import ADVISORIES

ROOT = Path(__file__).resolve().parent.parent.parent
#: The locks of the delivery's tools, and of the layer on each of its runtimes.
LOCKS = ("requirements.txt", "runtime/layers/requirements-3.9.txt", "runtime/layers/requirements-3.13.txt")
PACKAGE_LOCK = "package-lock.json"
OSV = "https://api.osv.dev/v1/query"
#: Set, with the reason, where no service can be reached. A test checks that no build on AWS has it.
ABSENT = "LEDGERLINE_NO_ADVISORIES"

_PIP_AUDIT = ("--require-hashes", "--disable-pip", "--strict", "--format=json", "--progress-spinner=off", "--vulnerability-service=osv")
_TIMEOUT_SECONDS = 600


class NotAsked(Exception):
    """A service gave no answer."""


@dataclass(frozen=True)
class Vulnerability:
    """One advisory on one package; ``identifiers`` are its names in the databases, ``fix`` says which version is without it."""

    lock: str
    package: str
    version: str
    identifiers: tuple[str, ...]
    fix: str

    def __str__(self) -> str:
        first, *others = self.identifiers
        also = f" ({', '.join(others)})" if others else ""
        return f"{self.lock}: {self.package} {self.version}: {first}{also}: {self.fix}"

    def is_accepted(self, today: dt.date) -> bool:
        return any(
            self.package == accepted.package and accepted.identifier in self.identifiers and today <= accepted.until
            for accepted in ADVISORIES
        )


def main(arguments: Sequence[str] | None = None, *, today: dt.date | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.gates.advisories", description="Look for known vulnerabilities in the locks.")
    parser.parse_args(arguments)
    if absent := os.environ.get(ABSENT):
        sys.stdout.write(f"not checked here: known vulnerabilities of the dependencies: {absent}\n")
        return 0
    try:
        known = [*(each for lock in LOCKS for each in python_packages(lock)), *node_packages()]
    except NotAsked as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    findings = [each for each in known if not each.is_accepted(today or dt.datetime.now(tz=dt.timezone.utc).date())]
    sys.stdout.writelines(f"{each}\n" for each in findings)
    sys.stdout.write(f"{len(LOCKS) + 1} locks: {len(findings)} known vulnerabilities, and {len(known) - len(findings)} that are accepted\n")
    return 1 if findings else 0


def python_packages(lock: str) -> Iterator[Vulnerability]:
    """The vulnerabilities that OSV knows of the packages in *lock*; raise NotAsked."""
    command = (sys.executable, "-m", "pip_audit", "--requirement", lock, f"--osv-url={OSV}", *_PIP_AUDIT)
    for package in _asked(command, "dependencies", lock):
        for advisory in package.get("vulns", ()):
            fixes = advisory["fix_versions"]
            fix = f"fixed in {', '.join(fixes)}" if fixes else "no version without it"
            identifiers = tuple(dict.fromkeys((advisory["id"], *advisory["aliases"])))
            yield Vulnerability(lock, package["name"], package["version"], identifiers, fix)


def node_packages() -> Iterator[Vulnerability]:
    """The vulnerabilities that npm's registry knows of the packages in the lock; raise NotAsked."""
    vulnerable: Mapping[str, Any] = _asked(("npm", "audit", "--json", "--package-lock-only"), "vulnerabilities", PACKAGE_LOCK)
    for package in vulnerable.values():
        # A text names another package of the answer, through which this one is vulnerable.
        for advisory in (via for via in package["via"] if isinstance(via, Mapping)):
            identifier = advisory["url"].rpartition("/")[2]
            yield Vulnerability(PACKAGE_LOCK, advisory["name"], advisory["range"], (identifier,), advisory["title"])


def _asked(command: Sequence[str], key: str, lock: str) -> Any:
    """The value of *key* in the answer. The exit status is no help: it is 1 both for findings and for some failures."""
    try:
        done = subprocess.run(  # noqa: S603 — fixed words
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
        )
        return json.loads(done.stdout)[key]
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAsked(f"{lock}: {command[0]} gave no answer: {error}") from error
    except (ValueError, KeyError) as error:
        output = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise NotAsked(f"{lock}: known vulnerabilities could not be asked for: {output[-1].strip() if output else 'no answer'}") from error


if __name__ == "__main__":
    sys.exit(main())
