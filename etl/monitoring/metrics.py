"""The metrics of a stage: those that AWS publishes for its resources, and those that the handlers emit.

A test checks that each metric used by a widget or an alarm exists.
"""

from __future__ import annotations

from typing import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

from runtime.core import metric_names

PERIOD = Duration.minutes(5)
SUM, MAXIMUM, AVERAGE, P90 = "Sum", "Maximum", "Average", "p90"


class StageMetrics:
    """Every metric by its name, over five minutes by default."""

    def __init__(
        self,
        *,
        suffix: str,
        machine: sfn.IStateMachine,
        functions: Mapping[str, lambda_.IFunction],
        table: dynamodb.ITable,
        queues: Mapping[str, sqs.IQueue],
        rules: Mapping[str, str],
    ) -> None:
        """*queues* are keyed by their contents (``dead-results``); *rules* map the kind of rule (``arrived``) to its physical name."""
        self._suffix, self._machine, self._functions = suffix, machine, functions
        self._table, self._queues, self.rules = table, queues, rules

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(self._functions)

    def emitted(self, name: str, statistic: str = SUM, period: Duration = PERIOD, label: str | None = None) -> cloudwatch.Metric:
        """A metric of the handlers for the whole stage; *name* is one of :mod:`runtime.core.metric_names`."""
        return cloudwatch.Metric(
            namespace=metric_names.NAMESPACE,
            metric_name=name,
            dimensions_map={metric_names.STAGE_DIMENSION: self._suffix},
            statistic=statistic,
            period=period,
            label=label,
        )

    def memory(self, function: str) -> cloudwatch.Metric:
        """Percent of the function's memory that its largest invocation used."""
        return cloudwatch.Metric(
            namespace=metric_names.NAMESPACE,
            metric_name=metric_names.MEMORY_UTILIZATION,
            dimensions_map={metric_names.STAGE_DIMENSION: self._suffix, metric_names.FUNCTION_DIMENSION: function},
            statistic=MAXIMUM,
            period=PERIOD,
            label=function,
        )

    def workflow(self, name: str, statistic: str = SUM) -> cloudwatch.Metric:
        return self._machine.metric(name, statistic=statistic, period=PERIOD, label=name)

    def function(self, function: str, name: str, statistic: str = SUM) -> cloudwatch.Metric:
        return self._functions[function].metric(name, statistic=statistic, period=PERIOD, label=function)

    def queue(self, queue: str, name: str) -> cloudwatch.Metric:
        return self._queues[queue].metric(name, statistic=MAXIMUM, period=PERIOD, label=queue)

    def table(self, name: str) -> cloudwatch.Metric:
        return self._table.metric(name, statistic=SUM, period=PERIOD, label=name)

    def rule(self, rule: str, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name=name,
            dimensions_map={"RuleName": self.rules[rule]},
            statistic=SUM,
            period=PERIOD,
            label=rule,
        )

    def rejected_row_percent(self, least_rows: int, period: Duration = PERIOD) -> cloudwatch.MathExpression:
        """Zero while fewer than *least_rows* were read in the period: a few rows say nothing about a sender."""
        return cloudwatch.MathExpression(
            expression=f"IF(rows_read >= {least_rows}, 100 * rows_rejected / rows_read, 0)",
            using_metrics={
                "rows_read": self.emitted(metric_names.ROWS_READ, period=period),
                "rows_rejected": self.emitted(metric_names.ROWS_REJECTED, period=period),
            },
            label="rejected rows, %",
            period=period,
        )

    def unsuccessful_file_percent(self, least_files: int, period: Duration = PERIOD) -> cloudwatch.MathExpression:
        """Files that ended REJECTED or FAILED, in percent of all that ended; zero while fewer than *least_files* ended."""
        lost = "FILL(files_rejected, 0) + FILL(files_failed, 0)"
        ended = f"FILL(files_succeeded, 0) + {lost}"
        return cloudwatch.MathExpression(
            expression=f"IF({ended} >= {least_files}, 100 * ({lost}) / ({ended}), 0)",
            using_metrics={
                "files_succeeded": self.emitted(metric_names.FILES_SUCCEEDED, period=period),
                "files_rejected": self.emitted(metric_names.FILES_REJECTED, period=period),
                "files_failed": self.emitted(metric_names.FILES_FAILED, period=period),
            },
            label="files rejected or failed, %",
            period=period,
        )
