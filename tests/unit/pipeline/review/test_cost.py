"""What the review says of money (D5, G6)."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from pipeline.review.cost import estimate, price_table
from pipeline.review.review import dollars
from tests.unit.pipeline.review.templates import template

TABLE = price_table()
TODAY = TABLE.as_of + timedelta(days=10)


def cost(before, after, region="us-east-1"):
    return estimate(before, after, region=region, table=TABLE, today=TODAY)


def function(kind, memory):
    return ("AWS::Lambda::Function", {"FunctionName": f"etl-{kind}-prod", "MemorySize": memory})


def test_lambda_is_memory_times_time_for_the_assumed_volume():
    lines = {line.unit: line.after for line in cost(None, template(F=function("process-chunk", 3072))).lines}
    # 1,000 GB are 20,000 chunks of 50 MB: 1 s for each call and 0.1 s for each of 1,000,000 MB, on 3 GB.
    assert lines["lambda_gb_seconds"] == pytest.approx((20_000 + 100_000) * 3 * 0.0000166667)
    assert lines["lambda_requests"] == pytest.approx(20_000 * 0.0000002)


def test_half_the_memory_is_half_the_price():
    found = cost(template(F=function("process-chunk", 3072)), template(F=function("process-chunk", 1536)))
    lines = {line.unit: line for line in found.lines}
    assert lines["lambda_gb_seconds"].after == pytest.approx(lines["lambda_gb_seconds"].before / 2)
    assert found.difference < 0


def test_smaller_chunks_are_more_calls():
    def stack(size):
        parameter = ("AWS::SSM::Parameter", {"Name": "/etl/prod/chunk-bytes", "Value": str(size)})
        return template(F=function("process-chunk", 1024), P=parameter, M=("AWS::StepFunctions::StateMachine", {}))

    lines = {line.unit: line for line in cost(stack(50_000_000), stack(5_000_000)).lines}
    assert lines["lambda_requests"].after == pytest.approx(10 * lines["lambda_requests"].before)
    assert lines["state_transitions"].after > lines["state_transitions"].before


def test_what_is_paid_by_the_piece_is_counted():
    metric = {"MetricStat": {"Metric": {}}}
    after = template(
        Plain=("AWS::CloudWatch::Alarm", {"MetricName": "Errors"}),
        Ratio=("AWS::CloudWatch::Alarm", {"Metrics": [{"Expression": "a/b"}, metric, metric]}),
        Board=("AWS::CloudWatch::Dashboard", {}),
        Key=("AWS::KMS::Key", {}),
    )
    assert {line.unit: line.after for line in cost(None, after).lines} == {
        "alarm_metrics": pytest.approx(0.3),
        "dashboards": 3.0,
        "keys": 1.0,
    }


def test_prices_are_those_of_the_region():
    table = ("AWS::DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST"})
    here, there = (cost(None, template(T=table), region).after for region in ("us-east-1", "eu-west-1"))
    assert there > here > 0


def test_a_region_without_prices_is_said_to_borrow_them():
    found = cost(None, template(Key=("AWS::KMS::Key", {})), "ap-southeast-2")
    assert found.after == 1.0
    assert any("ap-southeast-2" in remark and "us-east-1" in remark for remark in found.remarks)


def test_the_assumptions_and_the_age_of_the_prices_are_said():
    remarks = " ".join(cost(None, template(Q=("AWS::SQS::Queue", {}))).remarks)
    assert "1,000 GB a month in 1,000 files" in remarks
    assert f"Prices of {TABLE.as_of} (10 days old)" in remarks
    assert "Not counted, since they follow the data" in remarks


def test_what_has_no_price_is_named_and_not_passed_over():
    remarks = " ".join(cost(template(Old=("AWS::EC2::NatGateway", {})), template(New=("AWS::MSK::Cluster", {}))).remarks)
    assert "no price for them: AWS::EC2::NatGateway, AWS::MSK::Cluster" in remarks


def test_functions_that_no_assumption_calls_are_named():
    found = cost(None, template(F=function("record-failure", 3072)))
    assert found.after == 0
    assert any("etl-record-failure-prod" in remark for remark in found.remarks)


def test_every_type_of_the_deployed_stage_is_priced_free_or_declared(pytestconfig):
    snapshot = json.loads((pytestconfig.rootpath / "tests" / "infrastructure" / "snapshots" / "etl-prod.json").read_text())
    used = template(**{name: (body["Type"], body.get("Properties", {})) for name, body in snapshot["Resources"].items()})
    assert not [remark for remark in cost(None, used).remarks if "no price" in remark]


def test_every_unit_has_prices_of_both_regions_and_says_where_they_are_from(pytestconfig):
    checked = json.loads((pytestconfig.rootpath / "pipeline" / "review" / "prices.json").read_text())["checked"]
    assert all({"us-east-1", "eu-west-1"} <= set(prices) for prices in TABLE.prices.values())
    assert isinstance(TABLE.as_of, date)
    assert set(checked) == {"how", *TABLE.prices}
    assert "could not be asked" in checked["how"]
    assert "prices.json" in TABLE.source


@pytest.mark.parametrize(
    ("amount", "signed", "shown"),
    [(1234.5, False, "$1,234.50"), (7, True, "+$7.00"), (-0.5, True, "-$0.50"), (-0.001, True, "$0.00"), (0, True, "$0.00")],
)
def test_amounts_are_cents(amount, signed, shown):
    assert dollars(amount, signed=signed) == shown
