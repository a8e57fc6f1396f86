"""Commits that still synthesize: the deployed stage with lines of its code changed, and perhaps its template."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import time
import zipfile
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple

from tests.e2e.deployed import DeployedStage

#: A wait that reaches it has failed; nothing is slowed down by it.
DEADLINE_SECONDS = 240
_POLL_SECONDS = 0.5


class Change(NamedTuple):
    """In *module*, a path in the archive or the repository, ``line``, which must be there once, is replaced."""

    module: str
    line: str
    instead: str


#: It synthesizes, passes the gates and imports; no file gets through it.
FAILS = Change(
    "runtime/handlers/finalize_file.py",
    "    return finalize_file(FileTask.from_event(event), current_stage())",
    "    raise RuntimeError('the new code is broken')",
)
#: Every count is right, so the check inside the deployment lets it pass; what a consumer reads is wrong.
WRONG = Change("runtime/chunk/rejects.py", '"offset":{offset + begin},', '"offset":{offset + begin + 1},')


def _unaltered(template: dict[str, Any]) -> None:
    """The template stays as it is, but for its code."""


@dataclass(frozen=True)
class Delivery:
    """Deploys as the pipeline does: the code to the asset bucket, the template by URL, a change set."""

    stage: DeployedStage

    def template(self) -> dict[str, Any]:
        body = self.stage.client("cloudformation").get_template(StackName=self.stack, TemplateStage="Original")["TemplateBody"]
        return copy.deepcopy(json.loads(body) if isinstance(body, str) else dict(body))

    def code(self) -> dict[str, str]:
        functions = self.stage.client("lambda")
        names = self.stage.outputs["FunctionNames"].split(",")
        return {name: functions.get_function_configuration(FunctionName=name)["CodeSha256"] for name in names}

    @property
    def stack(self) -> str:
        return f"etl-{self.stage.suffix}"

    def deploy(self, *changes: Change, alter: Callable[[dict[str, Any]], None] = _unaltered) -> dict[str, Any]:
        """Deploy the stage with *changes* to its code and its template altered; return the stack when it is at rest."""
        return self.at_rest(self.begin(*changes, alter=alter))

    def begin(self, *changes: Change, alter: Callable[[dict[str, Any]], None] = _unaltered) -> Any:
        """Start such a deployment; return what :meth:`at_rest` needs to know its end."""
        template = self.template()
        alter(template)
        ours = [
            body["Properties"]
            for body in template["Resources"].values()
            if body["Type"] == "AWS::Lambda::Function" and "Layers" in body["Properties"]
        ]
        (key,) = {properties["Code"]["S3Key"] for properties in ours}
        s3, bucket = self.stage.client("s3"), f"cdk-hnb659fds-assets-{self.stage.account}-{self.stage.region}"
        archive = _changed(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), changes)
        digest = hashlib.sha256(archive).hexdigest()
        s3.put_object(Bucket=bucket, Key=f"{digest}.zip", Body=archive)
        for properties in ours:
            properties["Code"]["S3Key"] = f"{digest}.zip"
        (check,) = [body for body in template["Resources"].values() if body["Type"] == "Custom::DeploymentCheck"]
        check["Properties"]["Checked"] = digest
        return self._execute(template)

    def restore(self, template: dict[str, Any]) -> None:
        """Deploy a template that was deployed before, if another one is deployed now."""
        if self.template() != template:
            self.at_rest(self._execute(template))

    def _execute(self, template: dict[str, Any]) -> Any:
        body, bucket = json.dumps(template).encode(), f"cdk-hnb659fds-assets-{self.stage.account}-{self.stage.region}"
        key = f"{hashlib.sha256(body).hexdigest()}.json"
        self.stage.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        url = f"{self.stage.endpoint}/{bucket}/{key}"
        client, name = self.stage.client("cloudformation"), "pipeline"
        before = self._described().get("LastUpdatedTime")
        client.delete_change_set(StackName=self.stack, ChangeSetName=name)
        client.create_change_set(
            StackName=self.stack,
            ChangeSetName=name,
            TemplateURL=url,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": "BootstrapVersion", "UsePreviousValue": True}],
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while client.describe_change_set(StackName=self.stack, ChangeSetName=name)["Status"] != "CREATE_COMPLETE":
            assert time.monotonic() < deadline, client.describe_change_set(StackName=self.stack, ChangeSetName=name)
            time.sleep(_POLL_SECONDS)
        client.execute_change_set(StackName=self.stack, ChangeSetName=name)
        return before

    def at_rest(self, before: Any) -> dict[str, Any]:
        """The stack once the deployment is over that was begun after *before*."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (stack := self._described())["StackStatus"].endswith("IN_PROGRESS") or stack.get("LastUpdatedTime") == before:
            assert time.monotonic() < deadline, stack["StackStatus"]
            time.sleep(_POLL_SECONDS)
        return stack

    def _described(self) -> dict[str, Any]:
        stack: dict[str, Any] = self.stage.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return stack

    def reasons(self) -> list[str]:
        """Why resources of the stack failed, newest first."""
        events = self.stage.client("cloudformation").describe_stack_events(StackName=self.stack)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]


def _changed(archive: bytes, changes: tuple[Change, ...]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            for change in changes:
                if entry.filename == change.module:
                    text = content.decode()
                    assert text.count(change.line) == 1, f"{change.module} holds {change.line!r} {text.count(change.line)} times"
                    content = text.replace(change.line, change.instead).encode()
            target.writestr(entry, content)
    return written.getvalue()
