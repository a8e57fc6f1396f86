"""A deployed stage as the end-to-end tests see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from local.stage import STATE, LocalStage

#: Of its own, so that a stage that a person has up is left alone; known, so that a killed session's emulator is found and ended.
E2E_STATE = STATE / "e2e"


@dataclass(frozen=True)
class DeployedStage:
    """The stage and what its stack's outputs say of it."""

    local: LocalStage
    suffix: str
    account: str
    region: str
    runtime: str
    endpoint: str
    bucket: str
    table: str
    state_machine: str
    results_queue: str
    alerts_topic: str
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator, whatever this shell's AWS settings are."""
        variables = self.variables
        return boto3.client(
            service,
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            region_name=variables["AWS_REGION"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 2}, read_timeout=120),
        )

    @property
    def variables(self) -> dict[str, str]:
        """What points a process at the stage, such as ``python -m ops``."""
        return self.local.emulator.variables(self.region)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, without its AWS settings, pointed at the stage."""
        return self.local.emulator.environment(self.region)

    def set_wait_scale(self, scale: float) -> None:
        """How long the state machine's waits and retries take: 0 none, 1 as on AWS. Set it back to 0."""
        self.local.emulator.configure({"stepfunctions._SFN_WAIT_SCALE": str(scale)})

    def set_concurrency(self, limit: int) -> None:
        """How many functions of the account may run at once; 0 for any number. Set it back to 0."""
        self.local.emulator.configure({"lambda_svc._ACCOUNT_CONCURRENCY_CAP": str(limit)})


def described(local: LocalStage) -> DeployedStage:
    """A stage that is up, with the outputs of its stack."""
    variables = local.emulator.variables(local.assembly.region)
    cloudformation = boto3.client(
        "cloudformation",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    stack = cloudformation.describe_stacks(StackName=local.assembly.stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return DeployedStage(
        local=local,
        suffix=local.assembly.suffix,
        account=local.assembly.account,
        region=local.assembly.region,
        runtime=local.assembly.runtime,
        endpoint=local.emulator.endpoint,
        bucket=outputs["DataBucketName"],
        table=outputs["TrackingTableName"],
        state_machine=outputs["StateMachineArn"],
        results_queue=outputs["ResultsQueueUrl"],
        alerts_topic=outputs["AlertsTopicArn"],
        outputs=outputs,
    )
