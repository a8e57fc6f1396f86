"""What a stage relies on, asked of the fixed emulator one by one: when an end-to-end test fails, look here first."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.clouds import Cloud, eventually

MEBIBYTE = 1024 * 1024


@pytest.fixture
def bucket(fixed: Cloud) -> str:
    return fixed.bucket()


def test_a_deleted_version_is_gone_and_the_other_stays(fixed: Cloud, bucket: str) -> None:
    s3 = fixed.client("s3")
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=first)
    with pytest.raises(ClientError) as gone:
        s3.get_object(Bucket=bucket, Key="k", VersionId=first)
    assert gone.value.response["Error"]["Code"] == "NoSuchVersion"
    with pytest.raises(ClientError) as missing:
        s3.head_object(Bucket=bucket, Key="k", VersionId=first)
    assert missing.value.response["Error"]["Code"] == "404"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=second)["Body"].read() == b"2"
    assert [version["VersionId"] for version in s3.list_object_versions(Bucket=bucket)["Versions"]] == [second]


def test_copy_takes_the_version_it_names(fixed: Cloud, bucket: str) -> None:
    s3 = fixed.client("s3")
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"old", Tagging="a=b")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k", "VersionId": first})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"old"


def test_multipart_copy_by_ranges_of_a_version(fixed: Cloud, bucket: str) -> None:
    s3 = fixed.client("s3")
    body = bytes(range(256)) * (6 * MEBIBYTE // 256)
    version = s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    parts = []
    for number, (start, end) in enumerate([(0, 5 * MEBIBYTE), (5 * MEBIBYTE, len(body))], start=1):
        copied = s3.upload_part_copy(
            Bucket=bucket,
            Key="copy",
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": "k", "VersionId": version},
            CopySourceRange=f"bytes={start}-{end - 1}",
        )
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key="copy", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


def test_a_body_that_is_not_its_checksum_is_refused(fixed: Cloud, bucket: str) -> None:
    s3 = fixed.client("s3")
    right = base64.b64encode(hashlib.sha256(b"right").digest()).decode()
    s3.put_object(Bucket=bucket, Key="right", Body=b"right", ChecksumSHA256=right)
    assert s3.head_object(Bucket=bucket, Key="right", ChecksumMode="ENABLED")["ChecksumSHA256"] == right
    with pytest.raises(ClientError):
        s3.put_object(Bucket=bucket, Key="wrong", Body=b"wrong", ChecksumSHA256=right)


def test_transaction_writes_all_or_nothing_and_says_which_condition_failed(fixed: Cloud) -> None:
    dynamodb, table = fixed.client("dynamodb"), _table(fixed)
    item = {"file_id": {"S": "f"}, "chunk_id": {"S": "#file"}, "file_status": {"S": "PROCESSING"}, "created_at": {"S": "2026"}}
    dynamodb.put_item(TableName=table, Item=item)

    def move(to: str, event: str) -> None:
        update = {
            "TableName": table,
            "Key": {"file_id": {"S": "f"}, "chunk_id": {"S": "#file"}},
            "UpdateExpression": "SET file_status = :to",
            "ConditionExpression": "file_status = :from",
            "ExpressionAttributeValues": {":to": {"S": to}, ":from": {"S": "PROCESSING"}},
        }
        put = {"TableName": table, "Item": {"file_id": {"S": "f"}, "chunk_id": {"S": event}}}
        dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"Put": put}])

    move("COMMITTED", "#event#1")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as refused:
        move("FAILED", "#event#2")
    assert [reason["Code"] for reason in refused.value.response["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
    found = dynamodb.query(
        TableName=table, KeyConditionExpression="file_id = :f", ExpressionAttributeValues={":f": {"S": "f"}}, ConsistentRead=True
    )
    assert [(entry["chunk_id"]["S"], entry.get("file_status", {}).get("S")) for entry in found["Items"]] == [
        ("#event#1", None),
        ("#file", "COMMITTED"),
    ]
    listed = dynamodb.query(
        TableName=table,
        IndexName="files-by-status",
        KeyConditionExpression="file_status = :s",
        ExpressionAttributeValues={":s": {"S": "COMMITTED"}},
    )
    assert [entry["chunk_id"]["S"] for entry in listed["Items"]] == ["#file"]


def test_jobs_of_a_dataset_are_listed_newest_first_and_what_has_none_is_not(fixed: Cloud) -> None:  # F1
    dynamodb, table = fixed.client("dynamodb"), _table(fixed)
    for number, dataset in enumerate(("accounts", "sales", "accounts", None)):
        known = {"dataset": {"S": dataset}} if dataset else {}
        item = {"file_id": {"S": str(number)}, "chunk_id": {"S": "#file"}, "created_at": {"S": f"2026-{number}"}, **known}
        dynamodb.put_item(TableName=table, Item=item)
    listed = dynamodb.query(
        TableName=table,
        IndexName="files-by-dataset",
        KeyConditionExpression="dataset = :d",
        ExpressionAttributeValues={":d": {"S": "accounts"}},
        ScanIndexForward=False,
    )
    assert [entry["file_id"]["S"] for entry in listed["Items"]] == ["2", "0"]


def test_fifo_queue_keeps_the_order_of_a_group_and_drops_what_it_has_seen(fixed: Cloud) -> None:
    sqs = fixed.client("sqs")
    queue = sqs.create_queue(QueueName=fixed.name("results") + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for body, deduplication in (("first", "a"), ("again", "a"), ("second", "b")):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="partner", MessageDeduplicationId=deduplication)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == ["first", "second"]


def test_topic_reaches_a_queue_with_its_subject(fixed: Cloud) -> None:
    sns, sqs = fixed.client("sns"), fixed.client("sqs")
    topic = sns.create_topic(Name=fixed.name("alerts"))["TopicArn"]
    queue = sqs.create_queue(QueueName=fixed.name("inbox"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Subject="rejected", Message="why")
    notice = json.loads(fixed.received(queue)[0])
    assert (notice["Subject"], notice["Message"]) == ("rejected", "why")


def test_parameter_is_read_back_as_it_was_put(fixed: Cloud) -> None:
    ssm, name = fixed.client("ssm"), "/etl/prod/chunk-bytes"
    ssm.put_parameter(Name=name, Value="50000000", Type="String")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "50000000"


def test_only_an_object_under_the_rules_prefix_starts_an_event(fixed: Cloud, bucket: str) -> None:
    queue = fixed.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "incoming/"}]}}})
    s3 = fixed.client("s3")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="elsewhere/k", Body=b"1")
    s3.put_object(Bucket=bucket, Key="incoming/a b+c.csv", Body=b"12345")
    events = [json.loads(body) for body in fixed.received(queue)]
    assert [(event["detail-type"], event["detail"]["object"]["key"], event["detail"]["object"]["size"]) for event in events] == [
        ("Object Created", "incoming/a b+c.csv", 5)
    ]


def test_a_failed_execution_is_reported_with_its_input_and_a_rule_can_leave_some_out(fixed: Cloud) -> None:
    machine = _machine(fixed, {"StartAt": "End", "States": {"End": {"Type": "Fail", "Error": "E", "Cause": "c"}}})
    detail = {
        "stateMachineArn": [machine],
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
        "input": [{"anything-but": {"wildcard": '*"detail-type":*"Step Functions*"*'}}],
    }
    queue = fixed.rule({"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"], "detail": detail})
    states = fixed.client("stepfunctions")
    states.start_execution(stateMachineArn=machine, input='{"detail-type":"Step Functions Execution Status Change"}')
    wanted = states.start_execution(stateMachineArn=machine, input='{"detail-type":"Object Created"}')["executionArn"]
    events = [json.loads(body) for body in fixed.received(queue)]
    assert [event["detail"]["executionArn"] for event in events] == [wanted]
    assert json.loads(events[0]["detail"]["input"]) == {"detail-type": "Object Created"}


@pytest.mark.parametrize(("failures", "retries", "ends"), [(3, 3, "SUCCEEDED"), (4, 3, "CAUGHT"), (1, 0, "CAUGHT")])
def test_a_class_that_is_listed_is_retried_and_another_is_caught_at_once(fixed: Cloud, failures: int, retries: int, ends: str) -> None:
    function = fixed.function(
        "class SlowDown(Exception): pass\n"
        "class Broken(Exception): pass\n"
        "import pathlib\n"
        "def handler(event, context):\n"
        "  counter = pathlib.Path(__file__).with_name(event['run']).parent.parent.parent / event['run']\n"
        "  n = int(counter.read_text()) + 1 if counter.exists() else 1\n"
        "  counter.write_text(str(n))\n"
        "  if n <= event['failures']: raise (SlowDown if event['retried'] else Broken)(n)\n"
        "  return n\n"
    )
    definition = {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [
                    {"ErrorEquals": ["SlowDown"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3, "JitterStrategy": "FULL"}
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}],
                "End": True,
            },
            "Caught": {"Type": "Pass", "Parameters": {"name.$": "$.error.Error"}, "End": True},
        },
    }
    run = fixed.name("counter")
    done = _execute(fixed, definition, {"failures": failures, "retried": retries > 0, "run": run})
    output = json.loads(done["output"])
    assert output == (failures + 1 if ends == "SUCCEEDED" else {"name": "SlowDown" if retries else "Broken"})


def test_distributed_map_reads_its_items_from_s3_and_passes_on_nothing(fixed: Cloud, bucket: str) -> None:
    function = fixed.function("def handler(event, context): return {'chunk': event['chunk'], 'big': 'x' * 100_000}\n")
    fixed.client("s3").put_object(Bucket=bucket, Key="manifests/m.json", Body=json.dumps([{"n": n} for n in range(25)]))
    definition = {
        "StartAt": "Chunks",
        "States": {
            "Chunks": {
                "Type": "Map",
                "MaxConcurrency": 10,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "JSON"},
                    "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.key"},
                },
                "ItemSelector": {"chunk.$": "$$.Map.Item.Value", "attempt.$": "$.attempt", "execution.$": "$$.Execution.Id"},
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Chunk",
                    "States": {
                        "Chunk": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::lambda:invoke",
                            "Parameters": {"FunctionName": function, "Payload.$": "$"},
                            "ResultSelector": {},
                            "End": True,
                        }
                    },
                },
                "ResultPath": None,
                "End": True,
            }
        },
    }
    request = {"bucket": bucket, "key": "manifests/m.json", "attempt": 1}
    done = _execute(fixed, definition, request)
    assert json.loads(done["output"]) == request
    states = fixed.client("stepfunctions")
    run = states.list_map_runs(executionArn=done["executionArn"])["mapRuns"][0]["mapRunArn"]
    counts = states.describe_map_run(mapRunArn=run)["itemCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (25, 25, 0)


def _execute(cloud: Cloud, definition: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    states = cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=_machine(cloud, definition), input=json.dumps(request))["executionArn"]
    done = eventually(lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found)
    assert done, "still running"
    assert done["status"] == "SUCCEEDED", done
    return dict(done)


def _machine(cloud: Cloud, definition: dict[str, Any]) -> str:
    created = cloud.client("stepfunctions").create_state_machine(
        name=cloud.name("machine"), definition=json.dumps(definition), roleArn=f"arn:aws:iam::{cloud.emulator.account}:role/any"
    )
    return str(created["stateMachineArn"])


def _table(cloud: Cloud) -> str:
    name = cloud.name("table")
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}, {"AttributeName": "chunk_id", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in ("file_id", "chunk_id", "file_status", "dataset", "created_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attribute in (("files-by-status", "file_status"), ("files-by-dataset", "dataset"))
        ],
    )
    return name
