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

pytestmark = pytest.mark.e2e

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
    before = _everything(bootstrapped)
    suffix = push("feature/🚀 it's")
    assert _count(_everything(bootstrapped), suffix) > 60
    s3, bucket = bootstrapped.client("s3"), f"etl-data-{bootstrapped.account}-{bootstrapped.region}-{suffix}"
    s3.put_object(Bucket=bucket, Key="elsewhere/deleted", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="elsewhere/deleted")
    # As if a creation had failed half-way: what would empty the bucket is not there.
    bootstrapped.client("lambda").delete_function(FunctionName=f"etl-s3-auto-delete-objects-{suffix}")
    ended = _destroy(bootstrapped, "feature/🚀 it's")
    assert ended.returncode == 0, ended.stderr
    assert f"kept bucket {bucket}" in ended.stderr
    assert _everything(bootstrapped) == before


@pytest.mark.long
def test_one_of_two_branches_goes_and_the_other_stays(bootstrapped: DeployedStage, push: Callable[[str], str]) -> None:
    before = _everything(bootstrapped)
    push("feature/A")
    with_one = _everything(bootstrapped)
    push("feature-a")
    assert _destroy(bootstrapped, "feature-a").returncode == 0
    assert _everything(bootstrapped) == with_one
    assert _destroy(bootstrapped, "feature/A").returncode == 0
    assert _everything(bootstrapped) == before


def _everything(stage: DeployedStage) -> dict[str, set[str]]:
    """Names of all there is, by kind; asked without the code that is tested."""
    client = stage.client
    return {
        "stacks": {stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]},
        "buckets": {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]},
        "tables": set(client("dynamodb").list_tables()["TableNames"]),
        "functions": {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]},
        "layers": {layer["LayerName"] for layer in client("lambda").list_layers()["Layers"]},
        "queues": set(client("sqs").list_queues().get("QueueUrls", [])),
        "topics": {topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]},
        "rules": {rule["Name"] for rule in client("events").list_rules()["Rules"]},
        "machines": {machine["name"] for machine in client("stepfunctions").list_state_machines()["stateMachines"]},
        "parameters": {parameter["Name"] for parameter in client("ssm").describe_parameters(MaxResults=50)["Parameters"]},
        "alarms": {
            alarm["AlarmName"]
            for page in client("cloudwatch").get_paginator("describe_alarms").paginate()
            for alarm in page["MetricAlarms"]
        },
        "dashboards": {board["DashboardName"] for board in client("cloudwatch").list_dashboards()["DashboardEntries"]},
        "logs": {
            group["logGroupName"] for page in client("logs").get_paginator("describe_log_groups").paginate() for group in page["logGroups"]
        },
        "roles": {role["RoleName"] for page in client("iam").get_paginator("list_roles").paginate() for role in page["Roles"]},
        "aliases": {alias["AliasName"] for alias in client("kms").list_aliases()["Aliases"]},
    }


def _count(everything: dict[str, set[str]], suffix: str) -> int:
    return sum(suffix in name for names in everything.values() for name in names)
