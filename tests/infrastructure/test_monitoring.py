"""Every widget and alarm looks at something that is there (E9, E19)."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from pipeline.templates import text
from runtime.core import metric_names
from tests.infrastructure.published_metrics import AWS_METRICS
from tests.infrastructure.reading import only

ROOT = Path(__file__).resolve().parents[2]
STAGE_METRICS = {
    value
    for name, value in vars(metric_names).items()
    if name.isupper() and not name.endswith("_DIMENSION") and name not in ("NAMESPACE", "MEMORY_UTILIZATION")
}


def alarms(stage):
    return dict(stage.of_type("AWS::CloudWatch::Alarm"))


def of_alarm(alarm):
    if "MetricName" in alarm:
        yield alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"]
    for metric in alarm.get("Metrics", []):
        if "MetricStat" in metric:
            stat = metric["MetricStat"]["Metric"]
            yield stat["Namespace"], stat["MetricName"], stat["Dimensions"]


def watched(stage):
    """Namespace, name and dimensions of everything that an alarm or a widget looks at."""
    for alarm in alarms(stage).values():
        for namespace, name, dimensions in of_alarm(alarm):
            yield namespace, name, {dimension["Name"]: text(dimension["Value"]) for dimension in dimensions}
    for widget in widgets(stage):
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], str):
                words = [word for word in line if isinstance(word, str)]
                yield words[0], words[1], dict(zip(words[2::2], words[3::2], strict=True))


def widgets(stage):
    _, dashboard = only(stage, "AWS::CloudWatch::Dashboard", DashboardName="etl-dashboard-prod")
    return json.loads(text(dashboard["DashboardBody"]))["widgets"]


def resources(stage):
    """Values that a dimension of AWS's own may have in this stack."""
    return {
        "StateMachineArn": {f"<{name}>" for name, _ in stage.of_type("AWS::StepFunctions::StateMachine")},
        "FunctionName": {f"<{name}>" for name, _ in stage.of_type("AWS::Lambda::Function")},
        "QueueName": {f"<{name}.QueueName>" for name, _ in stage.of_type("AWS::SQS::Queue")},
        "TableName": {f"<{name}>" for name, _ in stage.of_type("AWS::DynamoDB::Table")},
        "RuleName": {properties["Name"] for _, properties in stage.of_type("AWS::Events::Rule")},
    }


def test_every_watched_metric_of_aws_is_published_for_a_resource_of_the_stack(stage):
    of_aws = [metric for metric in watched(stage) if metric[0] != metric_names.NAMESPACE]
    assert {namespace for namespace, _, _ in of_aws} == set(AWS_METRICS)
    for namespace, name, dimensions in of_aws:
        expected, published, page = AWS_METRICS[namespace]
        assert name in published, page
        assert tuple(dimensions) == expected, page
        assert all(value in resources(stage)[dimension] for dimension, value in dimensions.items()), (name, dimensions)


def test_every_watched_metric_of_ours_has_a_name_and_dimensions_that_the_handlers_emit(stage):
    ours = [(name, dimensions) for namespace, name, dimensions in watched(stage) if namespace == metric_names.NAMESPACE]
    services = {
        properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for _, properties in stage.of_type("AWS::Lambda::Function")
        if properties.get("Environment")
    }
    assert len(services) == 8
    for name, dimensions in ours:
        if name == metric_names.MEMORY_UTILIZATION:
            assert set(dimensions) == {metric_names.STAGE_DIMENSION, metric_names.FUNCTION_DIMENSION}
            assert dimensions[metric_names.STAGE_DIMENSION] == "prod"
            assert dimensions[metric_names.FUNCTION_DIMENSION] in services
        else:
            assert name in STAGE_METRICS
            assert dimensions == {metric_names.STAGE_DIMENSION: "prod"}


def test_every_metric_of_ours_is_emitted_by_the_code_and_watched(stage):
    emitted = {getattr(metric_names, name) for path in (ROOT / "runtime").rglob("*.py") for name in metrics_named_in(path)}
    looked_at = {name for namespace, name, _ in watched(stage) if namespace == metric_names.NAMESPACE}
    assert looked_at == STAGE_METRICS | {metric_names.MEMORY_UTILIZATION}
    assert looked_at <= emitted


def metrics_named_in(path):
    """Constants of metric_names that a module uses as keys: what it hands to ``emit``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "runtime.core"
        for alias in node.names
        if alias.name == "metric_names"
    }
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return {use.attr for use in uses if use.value.id in aliases and use.attr in vars(metric_names)}


def emf(capsys):
    (document,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (described,) = document["_aws"]["CloudWatchMetrics"]
    return described["Namespace"], [metric["Name"] for metric in described["Metrics"]], [set(names) for names in described["Dimensions"]]


def test_what_the_code_writes_has_the_dimensions_that_are_watched(capsys):
    from runtime.aws.observability import emit

    emit("prod", {metric_names.ROWS_READ: 1})
    assert emf(capsys) == ("Ledgerline", ["RowsRead"], [{metric_names.STAGE_DIMENSION}])
    emit("prod", {metric_names.MEMORY_UTILIZATION: 1.0}, service="process_chunk")
    assert emf(capsys) == ("Ledgerline", ["MemoryUtilization"], [{metric_names.STAGE_DIMENSION, metric_names.FUNCTION_DIMENSION}])


ANCHORS = {
    "workflow-failed", "workflow-timed-out", "workflow-aborted", "workflow-slow",
    "function-errors", "function-throttles", "function-slow", "memory-high",
    "rejected-rows", "unsuccessful-files",
    "queue-depth", "queue-age", "dead-results", "dead-events",
    "table-throttles", "rule-failed", "files-swept",
}  # fmt: skip


def test_these_things_raise_an_alarm(stage):
    page = re.escape("https://github.com/example/ledgerline/blob/main/docs/runbook.md")
    found = {re.fullmatch(rf".* Runbook: {page}#([a-z-]+)", alarm["AlarmDescription"])[1] for alarm in alarms(stage).values()}
    assert found == ANCHORS


@pytest.mark.parametrize("anchor", sorted(ANCHORS))
def test_the_runbook_has_an_entry_for_every_alarm(anchor):
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    slugs = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert anchor in slugs


def test_alarms_reach_people_and_silence_does_not(stage):  # E19
    topic, _ = only(stage, "AWS::SNS::Topic", TopicName="etl-alerts-prod")
    for alarm in alarms(stage).values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_all_alarms_of_a_stage_and_of_no_other_begin_with_its_prefix(synthesis):
    output = synthesis.stage.path.read_text()
    assert json.loads(output)["Outputs"]["AlarmPrefix"]["Value"] == "etl-prod/"
    assert all(alarm["AlarmName"].startswith("etl-prod/") for alarm in alarms(synthesis.stage).values())
    assert not any(alarm["AlarmName"].startswith("etl-prod/") for alarm in alarms(synthesis.templates["etl-prod-dr"]).values())


def test_limits_are_near_those_of_the_resources(stage):  # E8: 900 s
    thresholds = {alarm["AlarmName"]: alarm["Threshold"] for alarm in alarms(stage).values()}
    assert thresholds["etl-prod/function-slow-process-chunk-prod"] == 0.8 * 900_000
    assert thresholds["etl-prod/workflow-slow-prod"] == 34_560_000
    assert thresholds["etl-prod/memory-high-finalize-file-prod"] == 85


def test_the_rejected_row_rate_waits_for_enough_rows(stage):
    _, alarm = only(stage, "AWS::CloudWatch::Alarm", AlarmName="etl-prod/rejected-rows-prod")
    (expression,) = [metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric]
    assert expression == "IF(rows_read >= 1000, 100 * rows_rejected / rows_read, 0)"


def test_the_dashboard_shows_processing_and_failure_rates_and_links(stage):
    titles = {widget["properties"].get("title") for widget in widgets(stage)}
    assert {"Files by outcome", "Rows", "Throughput", "Failure rates", "Processing time of a chunk", "Concurrency", "Queues"} <= titles
    head = next(widget["properties"]["markdown"] for widget in widgets(stage) if widget["type"] == "text")
    assert head.count("](https://") == 4
    assert head.endswith(" | https://github.com/example/ledgerline/blob/main/docs/runbook.md")
    (lights,) = [widget for widget in widgets(stage) if widget["type"] == "alarm"]
    assert len(lights["properties"]["alarms"]) == len(alarms(stage))
