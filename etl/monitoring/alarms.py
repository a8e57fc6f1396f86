"""The alarms: every rule of :mod:`etl.monitoring.rules`, sent to the alerts topic."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from etl import names
from etl.monitoring.metrics import StageMetrics
from etl.monitoring.rules import alarm_rules


class Alarms(Construct):
    """``alarms`` by kind, each with its entry of the *runbook*. Silence is not an alarm: between files there is nothing to measure."""

    def __init__(self, scope: Construct, construct_id: str, *, suffix: str, metrics: StageMetrics, topic: sns.ITopic, runbook: str) -> None:
        super().__init__(scope, construct_id)
        notify = actions.SnsAction(topic)
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        for rule in alarm_rules(metrics):
            alarm = cloudwatch.Alarm(
                self,
                rule.kind.title().replace("-", ""),
                alarm_name=names.alarm(rule.kind, suffix),
                alarm_description=rule.description(runbook),
                metric=rule.metric,
                threshold=rule.threshold,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            alarm.add_alarm_action(notify)
            self.alarms[rule.kind] = alarm
