"""One question for each gap, put to an emulator from outside: does it do as AWS does?"""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable

from botocore.exceptions import ClientError, WaiterError

from local.errors import LocalError
from local.gaps.accepted_types import ACCEPTED
from local.interpreters import interpreter
from tests.unit.local.clouds import ROLE, Cloud, eventually, zipped


def interpreters(cloud: Cloud) -> bool:
    """Every Python that this machine has answers as itself."""
    versions = [version for version in ("3.9", "3.10", "3.11", "3.12", "3.13") if interpreter(version)]
    source = "import sys\ndef handler(event, context): return '%d.%d' % sys.version_info[:2]\n"
    return [cloud.invoke(cloud.function(source, runtime=version))["body"] for version in versions] == versions


def error_names(cloud: Cloud) -> bool:
    source = "import os\nclass SlowDown(Exception): pass\ndef handler(event, context):\n  if event: raise SlowDown('x')\n  os._exit(1)\n"
    function = cloud.function(source)
    answers = [cloud.invoke(function, event)["body"] for event in (1, 0)]
    return [answer["errorType"] for answer in answers] == ["SlowDown", "Runtime.ExitError"]


def shared_layers(cloud: Cloud) -> bool:
    """Two functions of one layer read the same file."""
    layer = cloud.client("lambda").publish_layer_version(
        LayerName=cloud.name("layer"), Content={"ZipFile": zipped({"python/in_layer.py": ""})}
    )["LayerVersionArn"]
    source = "import in_layer\ndef handler(event, context): return in_layer.__file__\n"
    paths = [cloud.invoke(cloud.function(source, Layers=[layer]))["body"] for _ in range(2)]
    return isinstance(paths[0], str) and paths[0] == paths[1]


def bucket_properties(cloud: Cloud) -> bool:
    properties = {
        "Tags": [{"Key": "Project", "Value": "ETL"}],
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "a",
                    "Status": "Enabled",
                    "Prefix": "processed/",
                    "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}],
                },
                {"Id": "b", "Status": "Enabled", "ExpirationInDays": 3, "NoncurrentVersionExpiration": {"NoncurrentDays": 9}},
                {"Id": "c", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            ]
        },
    }
    stack = cloud.deploy(
        {
            "Logs": {"Type": "AWS::S3::Bucket"},
            "Data": {
                "Type": "AWS::S3::Bucket",
                "Properties": properties | {"LoggingConfiguration": {"DestinationBucketName": {"Ref": "Logs"}, "LogFilePrefix": "data/"}},
            },
        },
        {"Data": {"Ref": "Data"}, "Logs": {"Ref": "Logs"}},
    )
    s3, bucket = cloud.client("s3"), cloud.output(stack, "Data")
    try:
        rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        return (
            s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == properties["Tags"]
            and rules["a"]["Transitions"] == [{"StorageClass": "GLACIER", "Days": 30}]
            and rules["a"]["Filter"] == {"Prefix": "processed/"}
            and rules["b"]["Expiration"] == {"Days": 3}
            and rules["b"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 9}
            and rules["c"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
            and encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
            and s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
            == {"TargetBucket": cloud.output(stack, "Logs"), "TargetPrefix": "data/"}
        )
    except (ClientError, KeyError):
        return False


def full_buckets(cloud: Cloud) -> bool:
    """An emptied bucket goes with its stack; one with a version hidden under a delete marker does not."""
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    cloudformation, s3, statuses = cloud.client("cloudformation"), cloud.client("s3"), []
    for emptied in (True, False):
        stack = cloud.deploy({"Bucket": bucket}, {"Bucket": {"Ref": "Bucket"}})
        name = cloud.output(stack, "Bucket")
        version = s3.put_object(Bucket=name, Key="k", Body=b"1")["VersionId"]
        marker = s3.delete_object(Bucket=name, Key="k")["VersionId"]
        if emptied:
            for held in (version, marker):
                s3.delete_object(Bucket=name, Key="k", VersionId=held)
        stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=stack)
        statuses.append(eventually(lambda stack_id=stack_id: cloud.ended(stack_id)))
    return statuses == ["DELETE_COMPLETE", "DELETE_FAILED"]


def versioned_ranges(cloud: Cloud) -> bool:
    s3, bucket = cloud.client("s3"), cloud.bucket()
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"abcdefghij")

    def read(asked: str) -> tuple[bytes, str]:
        answer = s3.get_object(Bucket=bucket, Key="k", VersionId=first, Range=asked, ChecksumMode="ENABLED")
        return answer["Body"].read(), answer.get("ContentRange", "")

    try:
        s3.get_object(Bucket=bucket, Key="k", VersionId=first, Range="bytes=10-12")
    except ClientError as error:
        return (
            error.response["Error"]["Code"] == "InvalidRange"
            and read("bytes=2-4") == (b"234", "bytes 2-4/10")
            and read("bytes=8-99") == (b"89", "bytes 8-9/10")
            and read("bytes=-1") == (b"9", "bytes 9-9/10")
        )
    return False


def object_parts(cloud: Cloud) -> bool:
    """Of a version that another has hidden, as of the latest; an object that was sent whole has no parts."""
    s3, bucket = cloud.client("s3"), cloud.bucket()
    least = 5 * 1024**2
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    tags = [s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number, body in ((1, bytes(least)), (3, b"end"))]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in zip((1, 3), tags)]
    version = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["VersionId"]

    def length(number: int, **of_version: str) -> int:
        return int(s3.head_object(Bucket=bucket, Key="k", PartNumber=number, **of_version)["ContentLength"])

    latest = (length(1), length(3))
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    return latest == (length(1, VersionId=version), length(3, VersionId=version)) == (least, 3) and length(1) == len(b"whole")


def event_versions(cloud: Cloud) -> bool:
    """Put, multipart upload and copy each name the version that they made."""
    s3, bucket = cloud.client("s3"), cloud.bucket()
    queue = cloud.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    made = {"put": s3.put_object(Bucket=bucket, Key="put", Body=b"1")["VersionId"]}
    made["copy"] = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "put"})["VersionId"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"1")["ETag"]}
    done = s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [part]})
    made["parts"] = done["VersionId"]
    objects = [json.loads(body)["detail"]["object"] for body in cloud.received(queue, expected=3)]
    return {described["key"]: described.get("version-id") for described in objects} == made


def point_in_time_recovery(cloud: Cloud) -> bool:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    }
    name = cloud.output(cloud.deploy({"Table": table}, {"Table": {"Ref": "Table"}}), "Table")
    backups = cloud.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return bool(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED")


def metric_math_alarms(cloud: Cloud) -> bool:
    name = cloud.name("alarm")
    metric = {"Namespace": "Ledgerline", "MetricName": "RowsRejected"}
    alarm = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 0.05,
            "Metrics": [
                {"Id": "rate", "Expression": "bad / 100", "ReturnData": True},
                {"Id": "bad", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
            ],
        },
    }
    if not _accepted(cloud, {"Alarm": alarm}):
        return False
    described = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return [alarm["StateValue"] for alarm in described] == ["INSUFFICIENT_DATA"]


def throttling(cloud: Cloud) -> bool:
    """A function that may not run at all, by its own limit or by the account's, is caught by the name that Lambda gives it."""
    functions, states = cloud.client("lambda"), cloud.client("stepfunctions")
    function = cloud.function("def handler(event, context): return 1\n")
    catch = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "Throttled"}]
    arn = functions.get_function_configuration(FunctionName=function)["FunctionArn"]
    tried = {"Type": "Task", "Resource": arn, "Catch": catch, "End": True}
    definition = {"StartAt": "Try", "States": {"Try": tried, "Throttled": {"Type": "Pass", "Result": "throttled", "End": True}}}
    role = f"arn:aws:iam::{cloud.emulator.account}:role/any"
    machine = states.create_state_machine(name=cloud.name("machine"), definition=json.dumps(definition), roleArn=role)["stateMachineArn"]

    def outcome() -> Any:
        execution = states.start_execution(stateMachineArn=machine)["executionArn"]
        eventually(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
        return json.loads(states.describe_execution(executionArn=execution).get("output", "null"))

    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    reserved = outcome()
    functions.delete_function_concurrency(FunctionName=function)
    try:
        return (reserved, _while_one_runs(cloud, outcome), outcome()) == ("throttled", "throttled", 1)
    except LocalError:
        return False


def _while_one_runs(cloud: Cloud, outcome: Callable[[], Any]) -> Any:
    """*outcome* while a function uses up all that the account may run."""
    with tempfile.TemporaryDirectory() as directory:
        begun, over = Path(directory, "begun"), Path(directory, "over")
        waits = f"import os, time\ndef handler(event, context):\n  open({str(begun)!r}, 'w')\n"
        busy = cloud.function(waits + f"  while not os.path.exists({str(over)!r}): time.sleep(0.05)\n", Timeout=60)
        cloud.emulator.configure({"lambda_svc._ACCOUNT_CONCURRENCY_CAP": "1"})
        thread = threading.Thread(target=cloud.invoke, args=(busy,))
        thread.start()
        try:
            assert eventually(begun.exists)
            return outcome()
        finally:
            over.touch()
            thread.join()
            cloud.emulator.configure({"lambda_svc._ACCOUNT_CONCURRENCY_CAP": "0"})


def undeclared_parameters(cloud: Cloud) -> bool:
    """What a template declares may be given, and nothing else, in whichever way a stack is made or changed."""
    cloudformation = cloud.client("cloudformation")
    template = json.dumps({"Parameters": {"Known": {"Type": "String", "Default": "1"}}, "Resources": {"Role": ROLE}})
    given = [{"ParameterKey": key, "ParameterValue": "2"} for key in ("Known", "Other", "Another")]
    request = {"TemplateBody": template, "Capabilities": ["CAPABILITY_IAM"]}
    created = cloud.name("declared")
    cloudformation.create_stack(StackName=created, Parameters=given[:1], **request)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=created, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def refusal(call: Callable[..., Any], **more: Any) -> str:
        try:
            call(**more, Parameters=given, **request)
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return ""

    said = {
        refusal(cloudformation.create_stack, StackName=cloud.name("undeclared")),
        refusal(cloudformation.create_change_set, StackName=cloud.name("undeclared"), ChangeSetName="a", ChangeSetType="CREATE"),
        refusal(cloudformation.create_change_set, StackName=created, ChangeSetName="b", ChangeSetType="UPDATE"),
        refusal(cloudformation.update_stack, StackName=created),
    }
    return said == {"Parameters: [Other, Another] do not exist in the template"}


def accepted_types(cloud: Cloud) -> bool:
    """A type of the list is accepted, all of them; on AWS each would be."""
    return all(_accepted(cloud, {"Thing": {"Type": accepted.type, "Properties": {}}}) for accepted in ACCEPTED)


def _accepted(cloud: Cloud, resources: dict[str, Any]) -> bool:
    try:
        cloud.deploy({"Role": ROLE, **resources})
    except (ClientError, WaiterError):
        return False
    return True


PROBES: dict[str, Callable[[Cloud], bool]] = {
    "interpreters": interpreters,
    "error names": error_names,
    "shared layers": shared_layers,
    "bucket properties": bucket_properties,
    "full buckets": full_buckets,
    "versioned ranges": versioned_ranges,
    "object parts": object_parts,
    "event versions": event_versions,
    "point-in-time recovery": point_in_time_recovery,
    "metric math alarms": metric_math_alarms,
    "throttling": throttling,
    "undeclared parameters": undeclared_parameters,
    "accepted types": accepted_types,
}
