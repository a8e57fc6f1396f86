"""The first set-up, as the runbook has a person do it on AWS: bootstrap the regions, deploy the pipeline once.

From then on nothing is deployed from here: the pipeline delivers itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from local.delivery.cloud import Cloud
from local.delivery.deployed import PIPELINE
from local.delivery.roles import BRANCH_TEMPLATE, bootstrap_trust
from local.delivery.settings import Settings, settings_of
from local.delivery.source import Revision
from local.emulator import ROOT
from local.errors import LocalError
from local.progress import Steps

_CDK = ROOT / "node_modules" / ".bin" / "cdk"
_QUIET = ("--ci", "--progress", "events", "--no-notices")
_STACK = "aws:cloudformation:stack"


@dataclass(frozen=True)
class SetUp:
    """*context* overrides values of the app's context, for a machine that lacks what they ask for."""

    cloud: Cloud
    log: Path
    steps: Steps
    context: Mapping[str, str]

    def run(self, revision: Revision) -> None:
        """Synthesize the commit, bootstrap every environment that it deploys to, deploy the stack of its pipeline. Raises LocalError."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ledgerline-setup-") as scratch, self.log.open("w", encoding="utf-8") as log:
            source = Path(scratch) / "source"
            revision.checkout(source)
            _lend(ROOT / ".cache", source / ".cache")
            with self.steps.step("First set-up: synthesizing the commit"):
                self._synthesize(source, log)
            assembly = source / "cdk.out"
            environments = sorted(set(_environments(assembly)))
            with self.steps.step(f"First set-up: bootstrapping {', '.join(environments)}"):
                self._bootstrap(environments, assembly, log)
            chosen = settings_of(revision)
            if chosen.branch_qualifier is not None:
                with self.steps.step(f"First set-up: bootstrapping branches in {chosen.region}"):
                    self._bootstrap_branches(source, chosen, log)
            stack = _pipeline_stack(assembly)
            with self.steps.step(f"First set-up: deploying stack {stack}"):
                self._cdk(log, "deploy", stack, "--require-approval", "never", "--app", str(assembly))

    def _bootstrap(self, environments: list[str], assembly: Path, log: TextIO) -> None:
        """Each account with its own credentials, as the runbook says; other accounts than the pipeline's trust that one."""
        for account, group in groupby(environments, key=lambda environment: environment.split("/")[2]):
            trust = bootstrap_trust(account, self.cloud.account)
            self._cdk(log, "bootstrap", *group, *trust, "--app", str(assembly), account=account)

    def _bootstrap_branches(self, source: Path, chosen: Settings, log: TextIO) -> None:
        """Stages of branches go through roles of their own, as the runbook says."""
        qualifier = str(chosen.branch_qualifier)
        template = ("--template", str(source / BRANCH_TEMPLATE))
        named = ("--qualifier", qualifier, "--toolkit-stack-name", f"CDKToolkit-{qualifier}")
        self._cdk(log, "bootstrap", f"aws://{chosen.account}/{chosen.region}", *template, *named, "--app", str(source / "cdk.out"))

    def _synthesize(self, source: Path, log: TextIO) -> None:
        app = json.loads((source / "cdk.json").read_text(encoding="utf-8"))["app"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        environment |= {
            "CDK_OUTDIR": str(source / "cdk.out"),
            "CDK_CONTEXT_JSON": json.dumps(dict(self.context)),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self._run(["sh", "-c", app], log, "the commit does not synthesize", cwd=source, environment=environment)

    def _cdk(self, log: TextIO, command: str, *arguments: str, account: str | None = None) -> None:
        if not _CDK.exists():
            raise LocalError(f"the CDK CLI ({_CDK.relative_to(ROOT)}) is missing; 'make setup' installs it")
        environment = self.cloud.emulator.environment() | {"CDK_DISABLE_CLI_TELEMETRY": "1", "NODE_NO_WARNINGS": "1"}
        if account is not None:
            environment["AWS_ACCESS_KEY_ID"] = account  # The emulator takes the key for the account.
        self._run([str(_CDK), command, *arguments, *_QUIET], log, f"cdk {command} failed", cwd=ROOT, environment=environment)

    def _run(self, command: list[str], log: TextIO, failure: str, *, cwd: Path, environment: Mapping[str, str]) -> None:
        log.flush()
        done = subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != 0:
            lines = [line.strip() for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
            reason = lines[-1].removeprefix("error: ") if lines else "it said nothing"
            raise LocalError(f"{failure}: {reason} (whole log: {self.log})")


def _lend(cache: Path, target: Path) -> None:
    """The layers that were built for this checkout serve the commit's too: each is named for what it was made of."""
    cache.mkdir(exist_ok=True)
    target.symlink_to(cache, target_is_directory=True)


def _environments(assembly: Path) -> list[str]:
    """Every environment of every stack, those of nested assemblies included."""
    environments: list[str] = []
    for artifact in _artifacts(assembly).values():
        if artifact["type"] == _STACK:
            environments.append(artifact["environment"])
        elif artifact["type"] == "cdk:cloud-assembly":
            environments += _environments(assembly / artifact["properties"]["directoryName"])
    return environments


def _pipeline_stack(assembly: Path) -> str:
    stacks = [artifact for artifact in _artifacts(assembly).items() if artifact[1]["type"] == _STACK]
    with_pipeline = [name for name, artifact in stacks if _holds_pipeline(assembly / artifact["properties"]["templateFile"])]
    if len(with_pipeline) != 1:
        raise LocalError(f"the app has {len(with_pipeline)} stacks with a pipeline, where one is needed")
    return with_pipeline[0]


def _holds_pipeline(template: Path) -> bool:
    resources = json.loads(template.read_text(encoding="utf-8"))["Resources"].values()
    return any(resource["Type"] == PIPELINE for resource in resources)


def _artifacts(assembly: Path) -> dict[str, Any]:
    artifacts: dict[str, Any] = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    return artifacts
