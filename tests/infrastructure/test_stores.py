"""Buckets, table, queues, topic and trail (E3, E4, E16, E17, E19, G7)."""

from __future__ import annotations

import pytest

from etl import names
from pipeline.templates import text
from tests.infrastructure.reading import only

DATA = "etl-data-123456789012-us-east-1-prod"


def bucket(stage, name=DATA):
    return only(stage, "AWS::S3::Bucket", BucketName=name)[1]


def lifecycle(properties):
    return {rule["Id"]: {key: value for key, value in rule.items() if key not in ("Id", "Status")} for rule in properties}


def test_processed_files_go_to_glacier_after_30_days_and_the_rest_expires(stage):  # E4
    configuration = bucket(stage)["LifecycleConfiguration"]
    assert lifecycle(configuration["Rules"]) == {
        "processed-to-glacier": {"Prefix": "processed/", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}]},
        "expire-staging": {"Prefix": "staging/", "ExpirationInDays": 14},
        "expire-manifests": {"Prefix": "manifests/", "ExpirationInDays": 60},
        "expire-leftovers": {
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            "ExpiredObjectDeleteMarker": True,
        },
    }


def test_small_files_go_to_glacier_too(stage):
    assert bucket(stage)["LifecycleConfiguration"]["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_the_data_bucket_keeps_versions_encrypts_and_logs_access(stage):  # E4
    properties = bucket(stage)
    logs, _ = only(stage, "AWS::S3::Bucket", BucketName="etl-logs-123456789012-us-east-1-prod")
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    ]
    assert properties["LoggingConfiguration"] == {"DestinationBucketName": {"Ref": logs}, "LogFilePrefix": "access/"}


def test_the_data_bucket_tells_eventbridge_without_a_function_of_the_cdk(stage):  # E5
    assert bucket(stage)["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    handlers = {properties["Handler"] for _, properties in stage.of_type("AWS::Lambda::Function")}
    assert sorted(handlers - {"index.handler"}) == [
        f"runtime.handlers.{name}.handler"
        for name in (
            "check_deployment",
            "finalize_file",
            "plan_chunks",
            "process_chunk",
            "record_failure",
            "register_file",
            "sweep_files",
            "validate_file",
        )
    ]


def test_the_log_bucket_goes_after_all_that_logs_into_it(stage):  # E16
    data, _ = only(stage, "AWS::S3::Bucket", BucketName=DATA)
    logs, _ = only(stage, "AWS::S3::Bucket", BucketName="etl-logs-123456789012-us-east-1-prod")
    emptying = next(name for name, properties in stage.of_type("Custom::S3AutoDeleteObjects") if properties["BucketName"] == {"Ref": logs})
    trail, _ = only(stage, "AWS::CloudTrail::Trail")
    for name in (data, trail):
        assert {logs, emptying} <= set(stage.resources[name]["DependsOn"])


def test_only_this_buckets_access_logs_and_this_trail_reach_the_log_bucket(stage):
    logs, _ = only(stage, "AWS::S3::Bucket", BucketName="etl-logs-123456789012-us-east-1-prod")
    (policy,) = [properties for _, properties in stage.of_type("AWS::S3::BucketPolicy") if properties["Bucket"] == {"Ref": logs}]
    writers = {statement["Sid"]: statement["Condition"] for statement in policy["PolicyDocument"]["Statement"] if statement.get("Sid")}
    trail = "arn:aws:cloudtrail:us-east-1:123456789012:trail/etl-trail-prod"
    assert writers == {
        "AccessLogDelivery": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{DATA}"}, "StringEquals": {"aws:SourceAccount": "123456789012"}},
        "TrailLooksUp": {"StringEquals": {"aws:SourceArn": trail}},
        "TrailDelivers": {"StringEquals": {"aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control"}},
    }


def test_the_trail_records_every_object_and_item_access(stage):  # G7
    _, trail = only(stage, "AWS::CloudTrail::Trail", TrailName="etl-trail-prod")
    selected = [
        {field["Field"]: [text(value) for value in field.get("Equals") or field["StartsWith"]] for field in selector["FieldSelectors"]}
        for selector in trail["AdvancedEventSelectors"]
    ]
    assert selected == [
        {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"], "resources.ARN": ["<StorageData6BB23F4E.Arn>/"]},
        {"eventCategory": ["Data"], "resources.type": ["AWS::DynamoDB::Table"], "resources.ARN": ["<TrackingTable3514576F.Arn>"]},
    ]
    assert trail["IsLogging"] is True
    assert trail["EnableLogFileValidation"] is True


def test_the_table_of_jobs_is_keyed_billed_backed_up_streamed_and_encrypted_as_required(stage):  # E3 F1
    _, table = only(stage, "AWS::DynamoDB::Table", TableName="etl-tracking-prod")
    assert table["KeySchema"] == [{"AttributeName": "file_id", "KeyType": "HASH"}, {"AttributeName": "chunk_id", "KeyType": "RANGE"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_files_are_listed_by_status_or_by_dataset_and_time(stage):  # F1
    _, table = only(stage, "AWS::DynamoDB::Table", TableName="etl-tracking-prod")
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": name,
            "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        for name, attribute in (("files-by-status", "file_status"), ("files-by-dataset", "dataset"))
    ]


def test_outcomes_wait_in_order_for_two_weeks_and_then_with_the_dead_letters(stage):  # E17
    dead, dead_properties = only(stage, "AWS::SQS::Queue", QueueName="etl-results-dlq-prod.fifo")
    _, results = only(stage, "AWS::SQS::Queue", QueueName="etl-results-prod.fifo")
    assert results["FifoQueue"] is True
    assert dead_properties["FifoQueue"] is True
    assert results["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]}, "maxReceiveCount": 5}
    assert results["MessageRetentionPeriod"] == dead_properties["MessageRetentionPeriod"] == 14 * 86_400


def test_alarms_of_this_account_may_publish_on_the_encrypted_topic(stage):  # E19
    _, key = only(stage, "AWS::KMS::Key")
    _, policy = only(stage, "AWS::SNS::TopicPolicy")
    statements = [*key["KeyPolicy"]["Statement"], *policy["PolicyDocument"]["Statement"]]
    granted = {
        statement["Sid"]: (statement["Action"], statement["Condition"])
        for statement in statements
        if statement.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}
    }
    here = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert granted == {
        "AlarmsPublishEncrypted": (["kms:Decrypt", "kms:GenerateDataKey"], here),
        "AlarmsPublish": ("sns:Publish", here),
    }


def test_bucket_names_fit_with_the_longest_suffix_in_the_region_with_the_longest_name():
    kinds = ("data", "logs", "pipe")
    assert max(len(names.bucket(kind, "1" * 12, "ap-southeast-2", "x" * names.MAX_SUFFIX)) for kind in kinds) <= 63


@pytest.mark.parametrize(
    ("sid", "condition"),
    [
        (
            "RefuseOtherKeys",
            {
                "StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"},
                "Null": {"s3:x-amz-server-side-encryption": "false"},
            },
        ),
        ("RefuseArchives", {"StringEquals": {"s3:x-amz-storage-class": ["GLACIER", "DEEP_ARCHIVE"]}}),
        ("RefuseCustomerKeys", {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}}),
    ],
)
def test_an_object_that_the_stage_could_not_read_does_not_get_in(stage, sid, condition):  # E4 E22
    statements = [
        statement
        for _, policy in stage.of_type("AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == sid
    ]
    assert [(statement["Effect"], statement["Action"], statement["Condition"]) for statement in statements] == [
        ("Deny", "s3:PutObject", condition)
    ]
