"""Clients of an emulator, and the small stacks and functions that the probes put into it."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterator

import boto3
from botocore.config import Config

from local import emulator
from local.emulator import Emulator
from local.interpreters import nearest_runtime

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


class Cloud:
    """boto3 clients of one emulator; every name made here is new."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._names = 0

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.emulator.account,
            aws_secret_access_key="local",
            config=Config(retries={"max_attempts": 1}, read_timeout=60),
        )

    def name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}-{self._names}"

    def deploy(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
        """Create a stack and wait; return its name. Raises when the emulator refuses it or rolls it back."""
        name = self.name("stack")
        document = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(document), Capabilities=["CAPABILITY_IAM"])
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        return name

    def ended(self, stack_id: str) -> str | None:
        """The status of a stack, once nothing is in progress."""
        status = str(self.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])
        return None if status.endswith("IN_PROGRESS") else status

    def output(self, stack: str, key: str) -> str:
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return next(output["OutputValue"] for output in described["Outputs"] if output["OutputKey"] == key)

    def function(self, source: str, runtime: str | None = None, **settings: Any) -> str:
        """A function whose module is ``source`` with a ``handler``; returns its name."""
        name = self.name("function")
        found = nearest_runtime("3.9")
        assert found is not None
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime=f"python{runtime or found}",
            Handler="index.handler",
            Role=f"arn:aws:iam::{self.emulator.account}:role/any",
            Code={"ZipFile": zipped({"index.py": source})},
            **settings,
        )
        return name

    def bucket(self) -> str:
        """A versioned bucket that sends its events to EventBridge."""
        name, s3 = self.name("bucket"), self.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
        return name

    def rule(self, pattern: dict[str, Any]) -> str:
        """A rule with that pattern and a queue behind it; returns the queue's URL."""
        events, sqs, rule = self.client("events"), self.client("sqs"), self.name("rule")
        queue = sqs.create_queue(QueueName=self.name("events"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
        return str(queue)

    def received(self, queue: str, expected: int = 1) -> list[str]:
        """The bodies in a queue once there are as many as expected, and what comes within a second after them."""
        sqs, bodies = self.client("sqs"), list[str]()

        def receive() -> int:
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            bodies.extend(message["Body"] for message in messages)
            return len(bodies)

        assert eventually(lambda: receive() >= expected), f"{len(bodies)} of {expected} messages arrived"
        receive()
        return bodies

    def invoke(self, function: str, event: Any = None) -> dict[str, Any]:
        """What the function answered, with ``FunctionError`` beside the body's own keys."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail")
        body = json.loads(answer["Payload"].read() or b"null")
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return {"body": body, "failed": "FunctionError" in answer, "log": log}


def cloud(state: Path, *, fixed: bool) -> Iterator[Cloud]:
    """An emulator whose state machines do not wait, for as long as a fixture needs it."""
    running = emulator.start(state, fixed=fixed)
    try:
        running.configure({"stepfunctions._SFN_WAIT_SCALE": "0"})
        yield Cloud(running)
    finally:
        emulator.stop(state)


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def eventually(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first truthy answer; the last answer when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)
