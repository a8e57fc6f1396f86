"""The bootstraps that docs/setup.md has an administrator make, with the CLI that package.json pins."""

from __future__ import annotations

import subprocess

import pytest

from local.delivery.roles import BRANCH_TEMPLATE
from local.emulator import ROOT
from tests.unit.local.clouds import Cloud

CDK = ROOT / "node_modules" / ".bin" / "cdk"
QUALIFIER = "ledgerbr"
BRANCHES = ("--template", BRANCH_TEMPLATE, "--qualifier", QUALIFIER, "--toolkit-stack-name", f"CDKToolkit-{QUALIFIER}")

pytestmark = pytest.mark.skipif(not CDK.exists(), reason="the CDK CLI is not installed; `make setup` does that")


def bootstrap(cloud: Cloud, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(CDK), "bootstrap", f"aws://{cloud.emulator.account}/us-east-1", *options, "--app", "", "--ci", "--no-notices"]
    environment = cloud.emulator.environment() | {"CDK_DISABLE_CLI_TELEMETRY": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def parameters(cloud: Cloud, stack: str) -> dict[str, str]:
    (described,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described["Parameters"]}


def test_the_branches_bootstrap_takes_what_the_cli_gives_every_template(fixed: Cloud) -> None:  # D6
    """CloudFormation refuses a parameter that a template does not declare; the second time, all are given again as they were."""
    for _ in range(2):
        done = bootstrap(fixed, *BRANCHES)
        assert done.returncode == 0, done.stderr
    assert parameters(fixed, f"CDKToolkit-{QUALIFIER}") == {
        "Qualifier": QUALIFIER,
        "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
        "PublicAccessBlockConfiguration": "true",
    }


@pytest.mark.parametrize(
    "option",
    [
        ("--no-public-access-block-configuration",),
        ("--bootstrap-customer-key",),
        ("--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("--trust", "210987654321", "--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"),
    ],
    ids=lambda option: option[0],
)
def test_the_branches_bootstrap_refuses_what_it_would_not_do(fixed: Cloud, option: tuple[str, ...]) -> None:
    done = bootstrap(fixed, *BRANCHES, *option)
    assert done.returncode != 0
    assert "AllowedValues" in done.stderr or "do not exist in the template" in done.stderr


def test_the_standard_bootstrap_is_not_refused(fixed: Cloud) -> None:
    done = bootstrap(fixed)
    assert done.returncode == 0, done.stderr
