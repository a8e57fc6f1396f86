"""The state machine, state by state (E1, E7, E11, E17 to E19, E25)."""

from __future__ import annotations

import json

import pytest

from etl.permissions import ACCESS
from pipeline.templates import text
from runtime.core import allocation, errors
from tests.infrastructure.reading import only

LAMBDA_RETRIES = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
]
BACKOFF = {"IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2, "JitterStrategy": "FULL"}
#: A throttled function delays a file (E23): minutes, not seconds, and after its retries it begins anew.
THROTTLED = {
    "ErrorEquals": ["Lambda.TooManyRequestsException"],
    "IntervalSeconds": 60,
    "MaxAttempts": 3,
    "BackoffRate": 4,
    "JitterStrategy": "FULL",
}
#: A deployment and its rollback take minutes; jitter could make the three waits nothing (E24, docs/adr/0001).
OUTLAST = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3, "BackoffRate": 4, "JitterStrategy": "NONE"}
RETRY = [
    THROTTLED,
    {"ErrorEquals": [*errors.error_names(errors.TransientError), *LAMBDA_RETRIES], **BACKOFF},
    {"ErrorEquals": errors.error_names(errors.PermanentError), "MaxAttempts": 0},
    OUTLAST,
]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "RecordFailure"}]
EVENT = {"event.$": "$", "execution.$": "$$.Execution.Id"}
THROTTLING = ["Lambda.TooManyRequestsException", "ParametersThrottled", "StorageThrottled", "Throttled", "TrackingThrottled"]


def delayed(state):
    """The catch of a *state* that is still throttled after its retries: its input stays as it was."""
    return {"ErrorEquals": THROTTLING, "ResultPath": None, "Next": f"Delay{state}"}


@pytest.fixture(scope="module")
def machine(stage):
    return only(stage, "AWS::StepFunctions::StateMachine", StateMachineName="etl-workflow-prod")[1]


@pytest.fixture(scope="module")
def definition(machine):
    return json.loads(text(machine["DefinitionString"]))


@pytest.fixture(scope="module")
def states(definition):
    return definition["States"]


def routes(state):
    """Where a Choice leads: by the comparison that it makes, and by default."""
    rules = {
        (choice["Variable"], next(value for key, value in choice.items() if key not in ("Variable", "Next"))): choice["Next"]
        for choice in state["Choices"]
    }
    return {**rules, "default": state["Default"]}


def test_the_machine_is_standard_traced_and_bounded(machine, definition):
    assert machine["StateMachineType"] == "STANDARD"
    assert definition["QueryLanguage"] == "JSONPath"
    assert definition["TimeoutSeconds"] == 12 * 3600
    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_the_states_are_these_and_no_others(definition, states):
    assert definition["StartAt"] == "RouteEvent"
    assert set(states) == {
        "RouteEvent", "RegisterFile", "IsNewFile", "NothingToDo", "ValidateFile", "PlanChunks", "HasChunks", "ProcessChunks",
        "FinalizeFile", "IsProved", "RecordFailure", "IsFailureNew", "IsPublished", "PublishResult", "RecordDelivery",
        "NotifyUndelivered", "ResultUndelivered", "IsAlert", "NotifyFailure", "HowEnded", "FileFailed", "FileRejected", "FileSucceeded",
        "ProbeEnded", "SweepFiles", "Swept", "AlertUndelivered", "DelayRegisterFile", "DelayValidateFile", "DelayPlanChunks",
        "DelayFinalizeFile", "DelayRecordFailure", "DelaySweepFiles",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            "RouteEvent",
            {
                ("$['detail-type']", "Step Functions Execution Status Change"): "RecordFailure",
                ("$['detail-type']", "Sweep Due"): "SweepFiles",
                "default": "RegisterFile",
            },
        ),
        ("IsNewFile", {("$.decision", "PROCESS"): "ValidateFile", "default": "NothingToDo"}),
        ("HasChunks", {("$.chunks", 0): "FinalizeFile", "default": "ProcessChunks"}),
        ("IsProved", {("$.decision", "REPLAN"): "PlanChunks", "default": "IsAlert"}),
        ("IsFailureNew", {("$.decision", "NOTHING"): "NothingToDo", "default": "IsAlert"}),
        ("IsAlert", {("$.outcome.alert", True): "NotifyFailure", "default": "IsPublished"}),
        # D4: however a probe ended, its execution is not among those that failed.
        ("IsPublished", {("$.outcome.publish", True): "PublishResult", "default": "ProbeEnded"}),
        (
            "HowEnded",
            {
                ("$.unalerted", True): "AlertUndelivered",
                ("$.outcome.status", "FAILED"): "FileFailed",
                ("$.outcome.status", "REJECTED"): "FileRejected",
                "default": "FileSucceeded",
            },
        ),
    ],
)
def test_choices_lead_where_the_protocol_says(states, state, expected):
    assert routes(states[state]) == expected


@pytest.mark.parametrize(
    ("state", "function", "following", "catch", "payload"),
    [
        ("RegisterFile", "FunctionsRegisterFile9C562D04", "IsNewFile", CATCH, EVENT),
        ("ValidateFile", "FunctionsValidateFile85705FD6", "PlanChunks", CATCH, None),
        ("PlanChunks", "FunctionsPlanChunksE269A2BF", "HasChunks", CATCH, None),
        ("FinalizeFile", "FunctionsFinalizeFile577F8B88", "IsProved", CATCH, None),
        ("RecordFailure", "FunctionsRecordFailure6674325C", "IsFailureNew", [], EVENT),
        ("SweepFiles", "FunctionsSweepFilesA30E2BE9", "Swept", [], {"workflow.$": "$$.StateMachine.Id"}),
    ],
)
def test_a_function_is_called_retried_and_caught(states, state, function, following, catch, payload):
    task = dict(states[state])
    expected = {"Type": "Task", "Resource": f"<{function}.Arn>", "Next": following, "Retry": RETRY}
    expected["Catch"] = [delayed(state), *catch]
    assert task == expected | ({"Parameters": payload} if payload else {})


@pytest.mark.parametrize(
    "state", ["RegisterFile", "ValidateFile", "PlanChunks", "ProcessChunk", "FinalizeFile", "RecordFailure", "SweepFiles"]
)
def test_what_throttling_outlasts_begins_anew_until_the_executions_time_is_over(states, state):  # E23
    every = states | states["ProcessChunks"]["ItemProcessor"]["States"]
    assert every[every[state]["Catch"][0]["Next"]] == {"Type": "Wait", "Seconds": 60, "Next": state}


def test_every_function_of_the_workflow_is_delayed_by_throttling(states):  # E23
    every = states | states["ProcessChunks"]["ItemProcessor"]["States"]
    functions = {name for name, state in every.items() if ".Arn>" in state.get("Resource", "") and "Functions" in state["Resource"]}
    assert {f"Delay{name}" for name in functions} == {name for name in every if name.startswith("Delay")}


def deciding(name):
    """The retrier that Step Functions takes for an error: the first that has its name."""
    return next(retrier for retrier in RETRY if {name, "States.ALL"} & set(retrier["ErrorEquals"]))


@pytest.mark.parametrize("name", errors.error_names(errors.LedgerlineError)[1:])
def test_an_errors_class_decides_whether_and_when_it_is_tried_again(name):  # E7 G2
    known = errors.error_class(name)
    kinds = {errors.TransientError: (2, 3), errors.DeploymentFault: (60, 3), errors.PermanentError: (None, 0)}
    (expected,) = [waits for kind, waits in kinds.items() if issubclass(known, kind)] or [(60, 3)]
    assert (deciding(name).get("IntervalSeconds"), deciding(name)["MaxAttempts"]) == expected


@pytest.mark.parametrize("name", ["KeyError", "Runtime.ImportModuleError", "Runtime.HandlerNotFound", *LAMBDA_RETRIES, "AccessRefused"])
def test_the_check_of_a_deployment_calls_a_fault_what_is_retried_after_minutes(name):  # E24
    assert errors.is_deployment_fault(name) is (deciding(name) is OUTLAST)


def test_the_last_try_comes_after_the_longest_deployment_that_is_rolled_back(stage):  # E24
    tries = [OUTLAST["IntervalSeconds"] * OUTLAST["BackoffRate"] ** number for number in range(OUTLAST["MaxAttempts"])]
    _, check = only(stage, "Custom::DeploymentCheck")
    longest_check, rest = int(check["ServiceTimeout"]), 5 * 60
    assert sum(tries) >= longest_check + rest


def test_nothing_is_retried_more_than_three_times(states):  # E7
    children = states["ProcessChunks"]["ItemProcessor"]["States"].values()
    attempts = [retrier["MaxAttempts"] for state in (*states.values(), *children) for retrier in state.get("Retry", [])]
    assert max(attempts) == 3


def test_chunks_are_read_from_the_plan_and_run_ten_at_a_time(states):  # E11
    chunks = dict(states["ProcessChunks"])
    child = chunks.pop("ItemProcessor")
    assert chunks == {
        "Type": "Map",
        "Label": "Chunks",
        "MaxConcurrency": 10,
        "ItemReader": {
            "Resource": "arn:<Partition>:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket.$": "$.manifest.bucket", "Key.$": "$.manifest.key"},
        },
        "ItemSelector": {"chunk.$": "$$.Map.Item.Value", "attempt.$": "$.attempt", "execution.$": "$$.Execution.Id"},
        "ResultPath": None,
        "Retry": [{"ErrorEquals": ["States.ItemReaderFailed"], **BACKOFF}],
        "Catch": CATCH,
        "Next": "FinalizeFile",
    }
    assert child["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def test_a_chunk_returns_nothing_so_2001_of_them_fit(states):  # E2
    child = states["ProcessChunks"]["ItemProcessor"]
    assert child["StartAt"] == "ProcessChunk"
    assert child["States"] == {
        "ProcessChunk": {
            "Type": "Task",
            "Resource": "<FunctionsProcessChunkBE57C5A8.Arn>",
            "Retry": RETRY,
            "Catch": [delayed("ProcessChunk")],
            "ResultSelector": {},
            "End": True,
        },
        "DelayProcessChunk": {"Type": "Wait", "Seconds": 60, "Next": "ProcessChunk"},
    }


def test_the_map_is_tried_again_where_its_plan_could_not_be_read_and_for_nothing_else(states):  # E7: its chunks have had their retries
    assert states["ProcessChunks"]["Retry"] == [{"ErrorEquals": ["States.ItemReaderFailed"], **BACKOFF}]


def test_every_outcome_is_published_in_order_per_partner(states):  # E17
    publish = states["PublishResult"]
    assert publish["Resource"] == "arn:<Partition>:states:::sqs:sendMessage"
    assert publish["Parameters"] == {
        "QueueUrl": "<OutcomesResultsB374236A>",
        "MessageBody.$": "$.outcome.body",
        "MessageGroupId.$": "$.outcome.group",
        "MessageDeduplicationId.$": "$.outcome.deduplication",
    }
    assert publish["Next"] == "RecordDelivery"
    assert publish["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "NotifyUndelivered"}]


def test_a_delivery_is_noted_of_the_attempt_that_it_tells_of(states):  # E25
    noted = states["RecordDelivery"]
    assert noted["Parameters"] == {
        "TableName": "<TrackingTable3514576F>",
        "Key": {"file_id": {"S.$": "$.file_id"}, "chunk_id": {"S": "#file"}},
        "UpdateExpression": "SET published_at = :now ADD revision :one",
        "ConditionExpression": "attempt = :attempt",
        "ExpressionAttributeValues": {
            ":now": {"S.$": "$$.State.EnteredTime"},
            ":one": {"N": "1"},
            ":attempt": {"N.$": "States.Format('{}', $.attempt)"},
        },
    }
    assert noted["Retry"][0] == {"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "MaxAttempts": 0}
    assert noted["Catch"] == [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "ResultPath": None, "Next": "HowEnded"}]
    # The alert was sent before: what is noted as delivered was told to everybody.
    assert noted["Next"] == "HowEnded"


def test_failures_are_told_with_their_subject(states):  # E19
    assert states["NotifyFailure"]["Parameters"] == {
        "TopicArn": "<OutcomesAlerts8329E5B0>",
        "Subject.$": "$.outcome.subject",
        "Message.$": "$.outcome.body",
    }
    assert states["NotifyFailure"]["Next"] == "IsPublished"
    # A topic that is lost keeps no outcome from its partner.
    assert states["NotifyFailure"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.unalerted", "Next": "IsPublished"}]
    assert states["NotifyUndelivered"]["Next"] == "ResultUndelivered"


def test_delivery_leaves_the_outcome_as_it_is(states):
    delivery = ("PublishResult", "RecordDelivery", "NotifyFailure", "NotifyUndelivered")
    assert {state: states[state]["ResultPath"] for state in delivery} == dict.fromkeys(delivery)


def test_only_failed_files_and_lost_deliveries_fail_the_execution(states):
    assert {name for name, state in states.items() if state["Type"] == "Fail"} == {
        "FileFailed",
        "ResultUndelivered",
        "AlertUndelivered",
    }
    assert {name for name, state in states.items() if state["Type"] == "Succeed"} == {
        "FileSucceeded",
        "FileRejected",
        "ProbeEnded",
        "NothingToDo",
        "Swept",
    }
    assert states["FileFailed"] == {"Type": "Fail", "Error": "FileFailed", "CausePath": "$.outcome.subject"}


def test_no_error_leads_to_recordfailure_after_the_file_has_ended(states):
    caught = {name for name, state in states.items() if "RecordFailure" in [catch["Next"] for catch in state.get("Catch", [])]}
    assert caught == {"RegisterFile", "ValidateFile", "PlanChunks", "ProcessChunks", "FinalizeFile"}


def test_every_function_of_ours_keeps_its_memory_in_one_heap(stage):  # E8
    ours = [body for _, body in stage.of_type("AWS::Lambda::Function") if body["Handler"].startswith("runtime.handlers.")]
    assert len(ours) >= len(ACCESS)
    for function in ours:
        assert function["Environment"]["Variables"].items() >= allocation.ENVIRONMENT.items()
