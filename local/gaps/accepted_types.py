"""Resource types that the emulator cannot run and a template may hold: taken note of, without effect.

This is the whole list. A type that is neither here nor in the emulator stops the deployment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ministack.services.cloudformation import provisioners

from local.gaps.gap import Gap, must_hold


@dataclass(frozen=True)
class Accepted:
    """A type, the property that names it, what is therefore not shown locally, and the ARN it would have."""

    type: str
    named_by: str
    missing: str
    arn: str


ACCEPTED: tuple[Accepted, ...] = (
    Accepted("AWS::CloudTrail::Trail", "TrailName", "no API activity or data access is recorded", "cloudtrail:{0}:trail/{1}"),
    Accepted("AWS::CloudWatch::CompositeAlarm", "AlarmName", "the alarm does not exist", "cloudwatch:{0}:alarm:{1}"),
    Accepted("AWS::SNS::TopicInlinePolicy", "", "the topic's policy is not enforced", "sns:{0}:policy/{1}"),
    Accepted("AWS::SQS::QueueInlinePolicy", "", "the queue's policy is not enforced", "sqs:{0}:policy/{1}"),
    Accepted("AWS::Budgets::Budget", "", "nothing watches costs", "budgets:{0}:budget/{1}"),
    Accepted("AWS::CodePipeline::Pipeline", "Name", "the pipeline exists only as a definition", "codepipeline:{0}:{1}"),
    Accepted("AWS::CodeConnections::Connection", "ConnectionName", "no source is connected", "codeconnections:{0}:connection/{1}"),
    Accepted("AWS::CodeStarConnections::Connection", "ConnectionName", "no source is connected", "codestar-connections:{0}:connection/{1}"),
    Accepted(
        "AWS::CodeStarNotifications::NotificationRule", "Name", "nobody is notified", "codestar-notifications:{0}:notificationrule/{1}"
    ),
    Accepted("AWS::CodeCommit::Repository", "RepositoryName", "the repository does not exist", "codecommit:{0}:{1}"),
    Accepted("AWS::CodeBuild::SourceCredential", "", "no webhook is registered", "codebuild:{0}:token/{1}"),
)


def _fix() -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    for accepted in ACCEPTED:
        must_hold(accepted.type not in handlers, f"no handler for {accepted.type}")
        handlers[accepted.type] = _handlers(accepted)


def _handlers(accepted: Accepted) -> dict[str, Any]:
    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        digest = hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()
        name = str(properties.get(accepted.named_by) or f"{stack_name}-{logical_id}-{digest[:8]}")
        scope = f"{provisioners.get_region()}:{provisioners.get_account_id()}"
        arn = "arn:aws:" + accepted.arn.format(scope, name)
        return name, {"Arn": arn, "ConnectionArn": arn, "Name": name, "Version": "1"}

    def update(_: str, __: dict[str, Any], properties: dict[str, Any], stack_name: str, logical_id: str) -> tuple[str, dict[str, str]]:
        return create(logical_id, properties, stack_name)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": lambda _, __: None}


GAP = Gap("accepted types", "a template with a resource type that has no handler is refused as a whole", _fix)
