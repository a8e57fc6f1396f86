"""Every alarm of a stage: what it watches, from which value on, what it says, and that it goes to the alerts topic.

To add one, add an :class:`AlarmRule` to the function of its subject below, and an entry of the same name to ``docs/runbook.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from etl import names
from etl.guardrails import FUNCTION_MEMORY_MB, FUNCTION_TIMEOUT
from etl.monitoring.metrics import MAXIMUM, StageMetrics
from etl.workflow import TIMEOUT as WORKFLOW_TIMEOUT
from runtime.core import metric_names

#: Percent of a limit at which there is still time to act.
NEAR_LIMIT = 80
MEMORY_NEAR_LIMIT = 85

REJECTED_ROWS_PERCENT, REJECTED_ROWS_LEAST = 5, 1000
UNSUCCESSFUL_FILES_PERCENT, UNSUCCESSFUL_FILES_LEAST = 20, 5
#: In five minutes. A function raises for each file that it rejects: a few errors are normal.
FUNCTION_ERRORS, FUNCTION_THROTTLES = 10, 50
QUEUE_DEPTH = 1000
QUEUE_AGE_SECONDS = 3600


@dataclass(frozen=True)
class AlarmRule:
    """An alarm at or above *threshold* in one period of *metric*; *meaning* is a sentence for the person who is called.

    ``anchor`` is the alarm's entry in ``docs/runbook.md``. Alarms on several resources of one kind share it, and ``subject`` names theirs.
    """

    anchor: str
    metric: cloudwatch.IMetric
    threshold: float
    meaning: str
    subject: str = ""

    @property
    def kind(self) -> str:
        return f"{self.anchor}-{self.subject}" if self.subject else self.anchor

    def description(self, runbook: str) -> str:
        return f"{self.meaning} Runbook: {runbook}#{self.anchor}"


class Alarms(Construct):
    """``alarms`` holds them by kind. A metric without data raises none: between files there is nothing to measure."""

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


def alarm_rules(metrics: StageMetrics) -> list[AlarmRule]:
    return [*_workflow(metrics), *_files(metrics), *_functions(metrics), *_data(metrics), *_queues(metrics), *_resources(metrics)]


def _files(metrics: StageMetrics) -> list[AlarmRule]:
    meaning = "The sweep found files that no execution worked on, and started one for each."
    return [AlarmRule("files-swept", metrics.emitted(metric_names.FILES_SWEPT), 1, meaning)]


def _workflow(metrics: StageMetrics) -> list[AlarmRule]:
    slow_ms = WORKFLOW_TIMEOUT.to_milliseconds() * NEAR_LIMIT / 100
    return [
        AlarmRule("workflow-failed", metrics.workflow("ExecutionsFailed"), 1, "An execution of the workflow failed."),
        AlarmRule("workflow-timed-out", metrics.workflow("ExecutionsTimedOut"), 1, "A file took longer than the workflow's time limit."),
        AlarmRule("workflow-aborted", metrics.workflow("ExecutionsAborted"), 1, "Somebody stopped the processing of a file."),
        AlarmRule(
            "workflow-slow",
            metrics.workflow("ExecutionTime", MAXIMUM),
            slow_ms,
            f"A file took more than {NEAR_LIMIT}% of the workflow's time limit.",
        ),
    ]


def _functions(metrics: StageMetrics) -> list[AlarmRule]:
    slow_ms = FUNCTION_TIMEOUT.to_milliseconds() * NEAR_LIMIT / 100
    rules = []
    for function in metrics.functions:
        subject = function.replace("_", "-")
        rules += [
            AlarmRule(
                "function-errors",
                metrics.function(function, "Errors"),
                FUNCTION_ERRORS,
                f"{function} raised {FUNCTION_ERRORS} errors or more in 5 minutes.",
                subject,
            ),
            AlarmRule(
                "function-throttles",
                metrics.function(function, "Throttles"),
                FUNCTION_THROTTLES,
                f"{function} was throttled {FUNCTION_THROTTLES} times or more in 5 minutes; files are late.",
                subject,
            ),
            AlarmRule(
                "function-slow",
                metrics.function(function, "Duration", MAXIMUM),
                slow_ms,
                f"{function} used more than {NEAR_LIMIT}% of its time-out.",
                subject,
            ),
            AlarmRule(
                "memory-high",
                metrics.memory(function),
                MEMORY_NEAR_LIMIT,
                f"{function} used more than {MEMORY_NEAR_LIMIT}% of its {FUNCTION_MEMORY_MB:,} MB.",
                subject,
            ),
        ]
    return rules


def _data(metrics: StageMetrics) -> list[AlarmRule]:
    return [
        AlarmRule(
            "rejected-rows",
            metrics.rejected_row_percent(REJECTED_ROWS_LEAST, Duration.minutes(15)),
            REJECTED_ROWS_PERCENT,
            f"{REJECTED_ROWS_PERCENT}% or more of the rows of 15 minutes were rejected.",
        ),
        AlarmRule(
            "unsuccessful-files",
            metrics.unsuccessful_file_percent(UNSUCCESSFUL_FILES_LEAST, Duration.hours(1)),
            UNSUCCESSFUL_FILES_PERCENT,
            f"{UNSUCCESSFUL_FILES_PERCENT}% or more of the files of an hour were rejected or failed.",
        ),
    ]


def _queues(metrics: StageMetrics) -> list[AlarmRule]:
    visible = "ApproximateNumberOfMessagesVisible"
    return [
        AlarmRule("queue-depth", metrics.queue("results", visible), QUEUE_DEPTH, "Outcomes are published faster than they are consumed."),
        AlarmRule(
            "queue-age",
            metrics.queue("results", "ApproximateAgeOfOldestMessage"),
            QUEUE_AGE_SECONDS,
            "An outcome has waited for an hour; its consumer may be down.",
        ),
        AlarmRule("dead-results", metrics.queue("dead-results", visible), 1, "A consumer failed to process an outcome."),
        AlarmRule("dead-events", metrics.queue("dead-events", visible), 1, "An event could not start the workflow; a file may be waiting."),
    ]


def _resources(metrics: StageMetrics) -> list[AlarmRule]:
    tables = [
        AlarmRule("table-throttles", metrics.table(name), 1, "The tracking table throttled requests; files are late.", subject)
        for name, subject in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes"))
    ]
    rules = [
        AlarmRule("rule-failed", metrics.rule(rule, "FailedInvocations"), 1, f"The rule for {rule} could not start the workflow.", rule)
        for rule in metrics.rules
    ]
    return tables + rules
