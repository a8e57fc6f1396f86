"""D6: stages of branches come up beside the primary stage, through their own bootstrap, and go without a trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.emulator import ROOT
from pipeline import slugs
from tests.e2e.deployed import DeployedStage
from tests.e2e.inventory import Everything, everything

#: A stage of a branch is synthesized and deployed for it alone.
pytestmark = [pytest.mark.e2e, pytest.mark.dear]

LOCKS = "etl-branch-locks-main"
CDK = ROOT / "node_modules" / ".bin" / "cdk"


@pytest.fixture(scope="module")
def bootstrapped(stage: DeployedStage) -> Iterator[DeployedStage]:
    """The session's stage, in an account that branches can be deployed to."""
    command = [str(CDK), "bootstrap", f"aws://{stage.account}/{stage.region}", "--template", "pipeline/branches/bootstrap.yml"]
    command += ["--qualifier", "ledgerbr", "--toolkit-stack-name", "CDKToolkit-ledgerbr", "--no-notices"]
    assert stage.local.assembly.directory.is_dir()
    subprocess.run([*command, "--app", str(stage.local.assembly.directory)], cwd=ROOT, env=stage.environment, check=True)
    dynamodb = stage.client("dynamodb")
    dynamodb.create_table(
        TableName=LOCKS,
        KeySchema=[{"AttributeName": "stage", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "stage", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield stage
    dynamodb.delete_table(TableName=LOCKS)


@pytest.fixture
def push(bootstrapped: DeployedStage, tmp_path: Path) -> Callable[[str], str]:
    """What ``buildspec/deploy_branch.sh`` does once it has its tools; returns the stage's suffix."""

    def deploy(branch: str) -> str:
        assembly = tmp_path / slugs.slug(branch)
        runtime = f"ledgerline.runtime={bootstrapped.runtime}"
        environment = bootstrapped.environment | {"CDK_OUTDIR": str(assembly)}
        synth = [sys.executable, "pipeline_app.py", "-c", f"branch={branch}", "-c", runtime]
        subprocess.run(synth, cwd=ROOT, env=environment, check=True)
        subprocess.run(_ops("deploy", f"--branch={branch}", "--assembly", str(assembly)), cwd=ROOT, env=environment, check=True)
        return slugs.suffix(branch)

    return deploy


def _ops(command: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ops", "branch", command, *arguments]


def _destroy(stage: DeployedStage, branch: str) -> subprocess.CompletedProcess[str]:
    command = _ops("destroy", f"--branch={branch}")
    return subprocess.run(command, cwd=ROOT, env=stage.environment, capture_output=True, text=True, check=False)


def test_a_branch_that_was_left_half_broken_goes_and_takes_nothing_else(bootstrapped: DeployedStage, push: Callable[[str], str]) -> None:
    before = everything(bootstrapped.client)
    suffix = push("feature/🚀 it's")
    assert _count(everything(bootstrapped.client), suffix) > 60
    s3, bucket = bootstrapped.client("s3"), f"etl-data-{bootstrapped.account}-{bootstrapped.region}-{suffix}"
    s3.put_object(Bucket=bucket, Key="elsewhere/deleted", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="elsewhere/deleted")
    # As if a creation had failed half-way: what would empty the bucket is not there.
    bootstrapped.client("lambda").delete_function(FunctionName=f"etl-s3-auto-delete-objects-{suffix}")
    ended = _destroy(bootstrapped, "feature/🚀 it's")
    assert ended.returncode == 0, ended.stderr
    assert f"kept bucket {bucket}" in ended.stderr
    assert everything(bootstrapped.client) == before


def _count(found: Everything, suffix: str) -> int:
    return sum(suffix in name for names in found.values() for name in names)
