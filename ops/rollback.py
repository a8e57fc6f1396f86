"""Taking a stage back to what was last validated (REQUIREMENTS D7): the template that was deployed then, by change set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.aws import Aws
from ops.errors import NothingValidated, RollbackFailed
from ops.stage import Stage, describe, stack_name
from ops.validated import Validated, deployed_code, deployed_template, digest_of, last_validated

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

CHANGE_SET = "rollback"
#: How often a rollback waits for CloudFormation, each time up to its time limit; the delivery's own limit counts on it.
WAITS = 3

_PAUSE_SECONDS = 2.0
#: States from which a stack can be updated.
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")


@dataclass(frozen=True)
class Rollback:
    """``timeout_seconds`` bounds each wait; ``say`` prints a line at each step."""

    aws: Aws
    stage: Stage
    timeout_seconds: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    say: Callable[[str], None]

    def run(self) -> Validated:
        """Roll back, and prove that template and code are the validated ones.

        A stage whose template is the validated one already is only compared. Raises
        NothingValidated, RecordDamaged, RollbackFailed.
        """
        validated = last_validated(self.aws.s3, self.stage.data_bucket_name)
        if validated is None:
            raise NothingValidated(self.stage.stage, self.stage.region)
        stack = self._at_rest()
        if stack["StackStatus"] not in _UPDATABLE:
            raise RollbackFailed(self._stack, f"it is {stack['StackStatus']}, and cannot be updated")
        if self._deployed() == validated.template_sha256:
            self.say(f"{self._stack} has the template that was validated already; there is nothing to roll back")
        else:
            self._apply(validated, stack)
        self._compare(validated)
        return validated

    @property
    def _stack(self) -> str:
        return stack_name(self.stage.stage)

    def _deployed(self) -> str:
        return digest_of(deployed_template(self.aws.cloudformation, self.stage.stage))

    def _apply(self, validated: Validated, stack: Mapping[str, Any]) -> None:
        self.say(f"Rolling {self._stack} back to the template validated at {validated.validated_at} (commit {validated.commit})")
        self._create_change_set(validated, stack)
        self.aws.cloudformation.execute_change_set(StackName=self._stack, ChangeSetName=CHANGE_SET)
        ended = self._at_rest(before=stack)
        if ended["StackStatus"] != "UPDATE_COMPLETE":
            raise RollbackFailed(self._stack, f"the change set ended as {ended['StackStatus']}: {self._reason()}")

    def _create_change_set(self, validated: Validated, stack: Mapping[str, Any]) -> None:
        cloudformation = self.aws.cloudformation
        cloudformation.delete_change_set(StackName=self._stack, ChangeSetName=CHANGE_SET)
        # The service role is named although the stack has it: CloudFormation then asks for the right to pass that one role.
        role: Any = {"RoleARN": stack["RoleARN"]} if stack.get("RoleARN") else {}
        cloudformation.create_change_set(
            StackName=self._stack,
            ChangeSetName=CHANGE_SET,
            ChangeSetType="UPDATE",
            TemplateURL=f"https://s3.{self.stage.region}.amazonaws.com/{self.stage.data_bucket_name}/{validated.template_key}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=self._parameters(validated, stack),
            Tags=[{"Key": key, "Value": value} for key, value in validated.tags.items()],
            Description=f"Back to what was validated at {validated.validated_at}",
            **role,
        )
        begun = self.clock()
        while (found := cloudformation.describe_change_set(StackName=self._stack, ChangeSetName=CHANGE_SET))["Status"] in (
            "CREATE_PENDING",
            "CREATE_IN_PROGRESS",
        ):
            self._wait(begun, "its change set is still being made")
        if found["Status"] != "CREATE_COMPLETE":
            raise RollbackFailed(self._stack, f"the change set is {found['Status']}: {found.get('StatusReason', 'no reason given')}")

    def _parameters(self, validated: Validated, stack: Mapping[str, Any]) -> list[ParameterTypeDef]:
        """The stack's own values for what the validated template declares; the pipeline gives no others."""
        given = {parameter["ParameterKey"] for parameter in stack.get("Parameters", [])}
        return [{"ParameterKey": name, "UsePreviousValue": True} for name in validated.parameters if name in given]

    def _at_rest(self, before: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The stack once nothing changes it; one that was described *before* an update, once that update is over."""
        begun = self.clock()
        while True:
            stack = describe(self.stage.stage, self.stage.region, self.aws.cloudformation)
            begun_again = before is None or stack.get("LastUpdatedTime") != before.get("LastUpdatedTime")
            if begun_again and not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            self._wait(begun, f"it is still {stack['StackStatus']}")

    def _wait(self, begun: float, reason: str) -> None:
        if self.clock() - begun >= self.timeout_seconds:
            raise RollbackFailed(self._stack, f"after {self.timeout_seconds:,.0f} s {reason}")
        self.sleep(_PAUSE_SECONDS)

    def _reason(self) -> str:
        """What failed first in the stack's last update, as CloudFormation put it."""
        pages = self.aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack)
        failed = []
        for event in (event for page in pages for event in page["StackEvents"]):
            if event.get("ResourceStatus") == "UPDATE_IN_PROGRESS" and event.get("LogicalResourceId") == self._stack:
                break
            if event.get("ResourceStatus", "").endswith("_FAILED"):
                failed.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}")
        return failed[-1] if failed else "no reason given"

    def _compare(self, validated: Validated) -> None:
        problems = []
        if (template := self._deployed()) != validated.template_sha256:
            problems.append(f"template: expected {validated.template_sha256}, found {template}")
        code = deployed_code(self.aws.functions, sorted(validated.code))
        problems += [
            f"code of {name}: expected {digest}, found {code.get(name)}"
            for name, digest in validated.code.items()
            if code.get(name) != digest
        ]
        if problems:
            raise RollbackFailed(self._stack, "it is not what was validated: " + "; ".join(problems))
