"""The CloudFormation deploy action: change sets and stacks in the action's region and account."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TextIO

from botocore.exceptions import ClientError

from local.delivery.artifacts import ArtifactStore
from local.delivery.errors import ActionFailed, Stopped

_POLL_SECONDS = 0.5
_EMPTY = ("didn't contain changes", "no updates are to be performed")
#: A stack whose first creation failed: CloudFormation lets it be deleted, and nothing else.
_DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_MODES = ("CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE", "CREATE_UPDATE", "REPLACE_ON_FAILURE", "DELETE_ONLY")


@dataclass(frozen=True)
class StackAction:
    """One action on one stack. *client* is CloudFormation's in the region and account; *inputs* are unpacked artifacts, by name."""

    client: Any
    region: str
    configuration: Mapping[str, Any]
    inputs: Mapping[str, Path]
    store: ArtifactStore
    log: TextIO
    stop: threading.Event
    tell: Callable[[str], None] = lambda _: None
    account: str | None = None

    def run(self) -> dict[str, str]:
        """Do what the mode asks for; returns the stack's outputs. Raises ActionFailed with CloudFormation's own first reason."""
        mode = self.configuration["ActionMode"]
        if mode not in _MODES:
            raise ActionFailed(f"stack {self._stack}: action mode {mode} is not rehearsed; {', '.join(_MODES)} are")
        if mode == "DELETE_ONLY":
            self._delete()
            return {}
        if mode == "CHANGE_SET_REPLACE":
            self._make_room()
            self._create_change_set(self.configuration["ChangeSetName"])
            return {}
        name = self.configuration.get("ChangeSetName", "pipeline")
        if mode != "CHANGE_SET_EXECUTE":
            self._make_room()
            self._create_change_set(name)
        self._execute(name)
        return self._outputs()

    @property
    def _stack(self) -> str:
        return str(self.configuration["StackName"])

    def _make_room(self) -> None:
        """Delete a stack whose first creation failed, since nothing can be done to it; on AWS a person does that."""
        if self._status() in _DEAD:
            self._say(f"stack {self._stack} is {self._status()}: its creation failed before, so it is deleted first")
            self._delete()

    def _create_change_set(self, name: str) -> None:
        settings = self._settings()
        self._delete_change_set(name)
        status = self._status()
        kind = "CREATE" if status in (None, "REVIEW_IN_PROGRESS") else "UPDATE"
        template = self._file(self.configuration["TemplatePath"])
        request: dict[str, Any] = {
            "StackName": self._stack,
            "ChangeSetName": name,
            "ChangeSetType": kind,
            "Capabilities": _list(self.configuration.get("Capabilities", "")),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in self._parameters(settings).items()],
            "Tags": [{"Key": key, "Value": value} for key, value in settings.get("Tags", {}).items()],
        }
        if self.configuration.get("RoleArn"):
            request["RoleARN"] = self.configuration["RoleArn"]
        with self.store.template(template.read_bytes(), self.region, f"{self._stack}/{template.name}", self.account) as url:
            self._call("create_change_set", **request, TemplateURL=url)
            described = self._change_set_when(name, lambda state: not state.endswith(("PENDING", "IN_PROGRESS")))
        if described["Status"] != "CREATE_COMPLETE" and not _empty(described):
            raise ActionFailed(
                f"stack {self._stack} ({self.region}): the change set failed: {described.get('StatusReason', 'no reason given')}"
            )
        self._report(described)

    def _report(self, described: Mapping[str, Any]) -> None:
        changes = [change["ResourceChange"] for change in described.get("Changes", []) if "ResourceChange" in change]
        for change in changes:
            replaced = " (replaced)" if change.get("Replacement") == "True" else ""
            self._say(f"{change['Action']:<8} {change['ResourceType']:<44} {change['LogicalResourceId']}{replaced}")
        self._say(f"{len(changes)} changes" if changes else "no changes")
        self.tell(f"{len(changes)} changes" if changes else "no changes")

    def _execute(self, name: str) -> None:
        try:
            described = self.client.describe_change_set(StackName=self._stack, ChangeSetName=name)
        except ClientError as error:
            raise ActionFailed(f"stack {self._stack} ({self.region}) has no change set {name}: {error}") from error
        if _empty(described):
            self._delete_change_set(name)
            self._say("the change set is empty: there is nothing to do")
            self.tell("no changes")
            return
        began = datetime.now(timezone.utc)
        self._call("execute_change_set", StackName=self._stack, ChangeSetName=name)
        self._settled(began, ("CREATE_COMPLETE", "UPDATE_COMPLETE"))

    def _delete(self) -> None:
        described = self._describe()
        if described is None:
            return
        began = datetime.now(timezone.utc)
        self._call("delete_stack", StackName=self._stack)
        self._settled(began, ("DELETE_COMPLETE",), described["StackId"])

    def _settled(self, began: datetime, wanted: tuple[str, ...], stack_id: str | None = None) -> None:
        """Wait until the stack is at rest; raise ActionFailed when that is not how it should rest."""
        told: set[str] = set()
        while True:
            described = self._describe(stack_id)
            status = described["StackStatus"] if described else "DELETE_COMPLETE"
            self._tell_events(began, told, stack_id)
            # REVIEW_IN_PROGRESS is a stack that only has a change set: its execution has not begun yet.
            if not status.endswith("IN_PROGRESS"):
                break
            if self.stop.wait(_POLL_SECONDS):
                raise Stopped(f"stack {self._stack} is left {status}")
        if status not in wanted:
            raise ActionFailed(f"stack {self._stack} ({self.region}) ended as {status}: {self._reason(began, stack_id)}")
        self._say(f"stack {self._stack}: {status}")
        self.tell(status)

    def _tell_events(self, began: datetime, told: set[str], stack_id: str | None) -> None:
        for event in self._events(began, stack_id):
            if event["EventId"] in told:
                continue
            told.add(event["EventId"])
            reason = f"  {event['ResourceStatusReason']}" if event.get("ResourceStatusReason") else ""
            self._say(f"{event['ResourceStatus']:<28} {event.get('ResourceType', ''):<40} {event['LogicalResourceId']}{reason}")
        self.tell(f"{len(told)} events")

    def _reason(self, began: datetime, stack_id: str | None) -> str:
        failed = [event for event in self._events(began, stack_id) if event["ResourceStatus"].endswith("_FAILED")]
        of_resources = [event for event in failed if "cancelled" not in event.get("ResourceStatusReason", "").lower()] or failed
        if not of_resources:
            return str((self._describe(stack_id) or {}).get("StackStatusReason", "no reason given"))
        first = of_resources[0]
        return f"{first['LogicalResourceId']} ({first.get('ResourceType', '')}): {first.get('ResourceStatusReason', 'no reason given')}"

    def _events(self, began: datetime, stack_id: str | None) -> list[Mapping[str, Any]]:
        """The events since *began*, oldest first."""
        try:
            pages = self.client.get_paginator("describe_stack_events").paginate(StackName=stack_id or self._stack)
            events = [event for page in pages for event in page["StackEvents"]]
        except ClientError:
            return []
        return [event for event in reversed(events) if event["Timestamp"].replace(microsecond=999_999) >= began]

    def _change_set_when(self, name: str, ready: Callable[[str], bool]) -> Mapping[str, Any]:
        while True:
            described: Mapping[str, Any] = self.client.describe_change_set(StackName=self._stack, ChangeSetName=name)
            if ready(described["Status"]):
                return described
            if self.stop.wait(_POLL_SECONDS):
                raise Stopped(f"stack {self._stack}: the change set {name} is left {described['Status']}")

    def _delete_change_set(self, name: str) -> None:
        if self._describe() is not None:
            self._call("delete_change_set", StackName=self._stack, ChangeSetName=name)

    def _describe(self, stack_id: str | None = None) -> Mapping[str, Any] | None:
        try:
            stacks = self.client.describe_stacks(StackName=stack_id or self._stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)

    def _status(self) -> str | None:
        described = self._describe()
        return str(described["StackStatus"]) if described else None

    def _outputs(self) -> dict[str, str]:
        described = self._describe() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def _settings(self) -> Mapping[str, Any]:
        """What the template configuration file says: parameters and tags."""
        path = self.configuration.get("TemplateConfiguration")
        if not path:
            return {}
        settings: Mapping[str, Any] = json.loads(self._file(path).read_text(encoding="utf-8"))
        return settings

    def _parameters(self, settings: Mapping[str, Any]) -> dict[str, str]:
        overrides = self.configuration.get("ParameterOverrides") or "{}"
        given = json.loads(overrides) if isinstance(overrides, str) else overrides
        return {**settings.get("Parameters", {}), **{name: self._parameter(value) for name, value in given.items()}}

    def _parameter(self, value: Any) -> str:
        if isinstance(value, Mapping) and "Fn::GetParam" in value:
            artifact, file, key = value["Fn::GetParam"]
            return str(json.loads(self._file(f"{artifact}::{file}").read_text(encoding="utf-8"))[key])
        if isinstance(value, Mapping):
            raise ActionFailed(f"stack {self._stack}: the parameter override {next(iter(value))} is not rehearsed; Fn::GetParam is")
        return str(value)

    def _file(self, reference: str) -> Path:
        """``Artifact::path`` in an unpacked input."""
        artifact, _, name = reference.partition("::")
        path = self.inputs[artifact] / name if artifact in self.inputs else None
        if path is None or not path.is_file():
            raise ActionFailed(f"stack {self._stack}: {reference} is not in the action's input artifacts")
        return path

    def _call(self, operation: str, **request: Any) -> None:
        try:
            getattr(self.client, operation)(**request)
        except ClientError as error:
            raise ActionFailed(f"stack {self._stack} ({self.region}): {error}") from error

    def _say(self, line: str) -> None:
        self.log.write(f"{line}\n")
        self.log.flush()


def _empty(described: Mapping[str, Any]) -> bool:
    reason = str(described.get("StatusReason", "")).lower()
    return described["Status"] == "FAILED" and any(words in reason for words in _EMPTY)


def _list(text: str) -> list[str]:
    return [item for item in text.split(",") if item]
