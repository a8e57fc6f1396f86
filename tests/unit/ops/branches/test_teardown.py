"""A branch's stage is taken down, whatever state it is in, and proved to be gone (D6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.aws import Aws
from ops.branches.errors import LeftBehind, NotABranchStage, TeardownFailed
from ops.branches.teardown import ATTEMPTS, SETTLING, STACK_TIMEOUT, Teardown
from pipeline import slugs
from tests.unit.ops.branches.stacks import CloudFormation, Stack, later

SUFFIX = slugs.suffix("feature/x")
STACK = f"etl-{SUFFIX}"
BUCKET = f"etl-data-123456789012-us-east-1-{SUFFIX}"


class Clock:
    """Time passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tear_down(aws: Aws, tell: Callable[[str], None], clock: Clock) -> Callable[..., CloudFormation]:
    def run(*stacks: Stack, suffix: str = SUFFIX) -> CloudFormation:
        cloudformation = CloudFormation(*stacks)
        aws.__dict__["cloudformation"] = cloudformation
        Teardown(aws, tell, clock.sleep, clock).run(suffix)
        return cloudformation

    return run


def blocked(kind: str, name: str = "") -> dict[str, str]:
    return {"LogicalResourceId": "Blocking", "ResourceType": kind, "PhysicalResourceId": name, "ResourceStatusReason": "it is not empty"}


@pytest.mark.parametrize("suffix", ["prod", "prod-dr", "main", "", "br-", "br-x", "../br-01234567", "br-01234567-prod"])
def test_what_is_not_a_branchs_is_refused_before_anything_is_asked(suffix, tear_down):
    with pytest.raises(NotABranchStage):
        tear_down(suffix=suffix)


def test_only_the_stages_own_stacks_go_and_the_newest_first(tear_down):
    other = slugs.suffix("feature/y")
    stacks = (Stack(STACK, created=later(0)), Stack(f"etl-extra-{SUFFIX}", created=later(1)))
    found = tear_down(*stacks, Stack(f"etl-{other}"), Stack("etl-prod"), Stack("etl-prod-dr"))
    assert found.deleted == [f"etl-extra-{SUFFIX}", STACK]


def test_a_stage_that_is_not_there_is_gone(tear_down, told):
    assert tear_down(Stack("etl-prod")).deleted == []
    assert told == [f"Nothing named for stage {SUFFIX} is left"]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_a_stack_in_any_settled_state_goes(status, tear_down):
    assert tear_down(Stack(STACK, status=status)).deleted == [STACK]


def test_a_stack_that_is_still_changing_is_waited_for(tear_down, clock):
    stack = Stack(STACK, status="CREATE_IN_PROGRESS", pending=["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"])
    assert tear_down(stack).deleted == [STACK]
    assert clock.now > 0


def test_a_stack_that_never_settles_is_an_error_and_not_a_wait_for_ever(tear_down, clock):
    with pytest.raises(TeardownFailed, match=r"UPDATE_IN_PROGRESS for more than 1,800 s"):
        tear_down(Stack(STACK, status="UPDATE_IN_PROGRESS"))
    assert clock.now < STACK_TIMEOUT + 60


def test_a_bucket_that_blocks_is_emptied_for_good_and_the_deletion_tried_again(aws, tear_down):
    s3 = aws.s3
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"2")
    s3.delete_object(Bucket=BUCKET, Key="a")
    s3.create_multipart_upload(Bucket=BUCKET, Key="c")
    stack = Stack(STACK, blocked=[[blocked("AWS::S3::Bucket", BUCKET)]])
    with pytest.raises(LeftBehind, match=f"bucket {BUCKET}"):  # The double deletes no bucket.
        tear_down(stack)
    left = s3.list_object_versions(Bucket=BUCKET)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert len(stack.retained) == 2, "deleted again"


def test_another_stages_bucket_is_not_emptied_even_if_a_stack_claims_it(aws, tear_down):
    aws.s3.create_bucket(Bucket="etl-data-123456789012-us-east-1-prod")
    aws.s3.put_object(Bucket="etl-data-123456789012-us-east-1-prod", Key="k", Body=b"1")
    tear_down(Stack(STACK, blocked=[[blocked("AWS::S3::Bucket", "etl-data-123456789012-us-east-1-prod")]]))
    assert aws.s3.list_objects_v2(Bucket="etl-data-123456789012-us-east-1-prod")["KeyCount"] == 1


def test_a_custom_resource_whose_function_is_gone_is_given_up(tear_down):
    stack = Stack(STACK, blocked=[[blocked("Custom::S3AutoDeleteObjects")]])
    tear_down(stack)
    assert stack.retained == [[], ["Blocking"]]


def test_what_cannot_be_deleted_is_named_with_its_reason(tear_down):
    stack = Stack(STACK, blocked=[[blocked("AWS::IAM::Role")]] * ATTEMPTS)
    with pytest.raises(TeardownFailed) as raised:
        tear_down(stack)
    assert str(raised.value) == f"Stack {STACK} of stage {SUFFIX} cannot be deleted: Blocking (AWS::IAM::Role): it is not empty"
    assert len(stack.retained) == ATTEMPTS


def test_a_stack_that_names_no_resource_for_its_failure_is_reported_all_the_same(tear_down):
    stack = Stack(STACK, blocked=[[{**blocked("AWS::IAM::Role"), "ResourceStatus": "DELETE_COMPLETE"}]] * ATTEMPTS)
    with pytest.raises(TeardownFailed, match="cannot be deleted: no reason was given"):
        tear_down(stack)


def test_a_log_group_that_was_made_again_is_removed(aws, tear_down, told):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=f"/aws/lambda/etl-process-chunk-{SUFFIX}")
    logs.create_log_group(logGroupName="/aws/lambda/etl-process-chunk-prod")
    tear_down()
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/aws/lambda/etl-process-chunk-prod"]
    assert told[-1] == f"Nothing named for stage {SUFFIX} is left"


def _make(aws: Aws) -> dict[str, Any]:
    place = "us-east-1"
    aws.s3.create_bucket(Bucket=BUCKET)
    aws.dynamodb.create_table(
        TableName=f"etl-tracking-{SUFFIX}",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("sqs").create_queue(QueueName=f"etl-results-{SUFFIX}.fifo", Attributes={"FifoQueue": "true"})
    aws.client("sns").create_topic(Name=f"etl-alerts-{SUFFIX}")
    aws.client("events").put_rule(Name=f"etl-arrived-{SUFFIX}", EventPattern="{}")
    aws.client("ssm").put_parameter(Name=f"/etl/{SUFFIX}/chunk-bytes", Value="1", Type="String")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"etl-{SUFFIX}/queue-depth-{SUFFIX}", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", Threshold=1
    )
    aws.client("cloudwatch").put_dashboard(DashboardName=f"etl-dashboard-{SUFFIX}", DashboardBody="{}")
    aws.client("iam").create_role(RoleName=f"etl-workflow-{SUFFIX}", AssumeRolePolicyDocument="{}")
    return {
        "alarm": f"etl-{SUFFIX}/queue-depth-{SUFFIX}",
        "bucket": BUCKET,
        "dashboard": f"etl-dashboard-{SUFFIX}",
        "parameter": f"/etl/{SUFFIX}/chunk-bytes",
        "role": f"etl-workflow-{SUFFIX}",
        "rule": f"etl-arrived-{SUFFIX}",
        "table": f"etl-tracking-{SUFFIX}",
        "topic": f"arn:aws:sns:{place}:123456789012:etl-alerts-{SUFFIX}",
    }


def test_whatever_is_left_is_named_and_fails_loudly(aws, tear_down, clock):
    made = _make(aws)
    with pytest.raises(LeftBehind) as raised:
        tear_down(Stack(STACK))
    left = set(raised.value.names)
    assert {f"{kind} {name}" for kind, name in made.items()} <= left
    assert len(left) == len(made) + 1, "and the queue, by its URL"
    assert clock.now > SETTLING, "a listing may be late"


def test_a_log_group_that_comes_back_while_one_looks_is_removed_too(aws, tear_down, clock):
    logs, name = aws.client("logs"), f"/aws/lambda/etl-record-failure-{SUFFIX}"
    sleep, returns = clock.sleep, [5.0]

    def sleeping(seconds):
        sleep(seconds)
        if returns and clock.now >= returns[0]:
            returns.clear()
            logs.create_log_group(logGroupName=name)

    clock.sleep = sleeping
    tear_down()
    assert not returns
    assert logs.describe_log_groups()["logGroups"] == []
