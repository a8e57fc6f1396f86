"""The dashboard: throughput, failures, and how close the stage is to its limits."""

from __future__ import annotations

from typing import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from etl import names
from etl.monitoring.metrics import AVERAGE, MAXIMUM, P90, StageMetrics
from runtime.core import metric_names as emitted

_WIDTH, _HEIGHT = 8, 6


class Dashboard(Construct):
    """*links* (text to URL) and the *runbook* are at the top, above the state of all *alarms*."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        suffix: str,
        metrics: StageMetrics,
        alarms: Sequence[cloudwatch.IAlarm],
        links: Mapping[str, str],
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)
        head = " | ".join(f"[{text}]({url})" for text, url in links.items())
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Resource",
            dashboard_name=names.physical("dashboard", suffix),
            default_interval=Duration.hours(24),
            widgets=[
                [cloudwatch.TextWidget(markdown=f"# Ledgerline, stage {suffix}\n{head} | {runbook}", width=24, height=2)],
                [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=4)],
                *_rows(metrics),
            ],
        )


def _graph(title: str, unit: str, left: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(left), left_y_axis=cloudwatch.YAxisProps(label=unit, min=0, show_units=False), width=_WIDTH, height=_HEIGHT
    )


def _rows(metrics: StageMetrics) -> list[list[cloudwatch.IWidget]]:
    def each_function(name: str, statistic: str) -> list[cloudwatch.IMetric]:
        return [metrics.function(function, name, statistic) for function in metrics.functions]

    def of_handlers(*metric_names: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
        return [metrics.emitted(name, statistic, label=name) for name in metric_names]

    return [
        [
            _graph("Files by outcome", "files", of_handlers(emitted.FILES_SUCCEEDED, emitted.FILES_REJECTED, emitted.FILES_FAILED)),
            _graph("Rows", "rows", of_handlers(emitted.ROWS_READ, emitted.ROWS_ACCEPTED, emitted.ROWS_REJECTED)),
            _graph("Throughput", "bytes in 5 minutes", of_handlers(emitted.BYTES_READ)),
        ],
        [
            _graph("Failure rates", "%", [metrics.rejected_row_percent(1), metrics.unsuccessful_file_percent(1)]),
            _graph("Errors", "invocations", each_function("Errors", "Sum")),
            _graph(
                "Executions that ended badly",
                "executions",
                [metrics.workflow(name) for name in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")],
            ),
        ],
        [
            _graph(
                "Processing time of a file",
                "seconds",
                [
                    metrics.emitted(emitted.FILE_SECONDS, AVERAGE, label="average"),
                    metrics.emitted(emitted.FILE_SECONDS, MAXIMUM, label="maximum"),
                ],
            ),
            _graph(
                "Processing time of a chunk",
                "seconds",
                [
                    metrics.emitted(emitted.CHUNK_SECONDS, P90, label="90% are faster"),
                    metrics.emitted(emitted.CHUNK_SECONDS, MAXIMUM, label="maximum"),
                ],
            ),
            _graph("Duration of functions", "milliseconds", each_function("Duration", MAXIMUM)),
        ],
        [
            _graph("Concurrency", "invocations at a time", each_function("ConcurrentExecutions", MAXIMUM)),
            _graph("Throttles", "invocations", each_function("Throttles", "Sum")),
            _graph("Memory", "% of what the function has", [metrics.memory(function) for function in metrics.functions]),
        ],
        [
            _graph(
                "Queues",
                "messages",
                [metrics.queue(queue, "ApproximateNumberOfMessagesVisible") for queue in ("results", "dead-results", "dead-events")],
            ),
            _graph("Oldest outcome on the queue", "seconds", [metrics.queue("results", "ApproximateAgeOfOldestMessage")]),
            _graph("Table throttles", "requests", [metrics.table(name) for name in ("ReadThrottleEvents", "WriteThrottleEvents")]),
        ],
    ]
