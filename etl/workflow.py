"""The state machine: a file's way from its arrival to its outcome.

What the states hand to each other is described in :mod:`runtime.core.models`; what happens when one of
them dies, in ``docs/commit-protocol.md``.
"""

from __future__ import annotations

from typing import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from etl import names
from etl.outcomes import Outcomes
from etl.retries import BACKOFF, delay_throttled, retry_function
from etl.target import Target
from etl.workflow_role import workflow_role
from runtime.core.models import FILE_ITEM, SWEEP_DUE

TIMEOUT = Duration.hours(12)
MAX_CONCURRENCY = 10
EXECUTION_ENDED = "Step Functions Execution Status Change"

#: Why the alert of a file's end could not be sent.
_UNALERTED = "$.unalerted"

_EVENT = {"event.$": "$", "execution.$": "$$.Execution.Id"}


class Workflow(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: Target,
        functions: Mapping[str, lambda_.IFunction],
        bucket_arn: str,
        table: dynamodb.ITable,
        outcomes: Outcomes,
    ) -> None:
        super().__init__(scope, construct_id)
        self._functions, self._table, self._outcomes = functions, table, outcomes
        name = names.physical("workflow", target.suffix)
        log_group = logs.LogGroup(
            self,
            "Logs",
            # Step Functions' log groups belong under this prefix: the account's one resource policy for logs is bounded in size.
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = workflow_role(
            self, "Role", target=target, name=name, functions=functions, bucket_arn=bucket_arn, table=table, outcomes=outcomes
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            query_language=sfn.QueryLanguage.JSON_PATH,
            # The role says all there is to say; the tasks' own grants would widen it.
            role=role.without_policy_updates(),
            timeout=TIMEOUT,
            tracing_enabled=True,
            # Without data: keys and totals are in the table, and rows are nobody's business here.
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ERROR, include_execution_data=False),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # The construct's own statement of what the map needs; the role has it already, by name.
        self.machine.node.try_remove_child("DistributedMapPolicy")
        self.machine.node.add_dependency(role)

    def _definition(self) -> sfn.IChainable:
        record_failure = self._call("RecordFailure", payload=_EVENT)
        nothing = sfn.Succeed(self, "NothingToDo", comment="A duplicate event, a folder, or a file that has already ended")
        register = self._call("RegisterFile", payload=_EVENT, on_error=record_failure)
        validate = self._call("ValidateFile", on_error=record_failure)
        plan = self._call("PlanChunks", on_error=record_failure)
        finalize = self._call("FinalizeFile", on_error=record_failure)
        process = self._process_chunks(record_failure)
        published = self._ending()

        register.next(sfn.Choice(self, "IsNewFile").when(sfn.Condition.string_equals("$.decision", "PROCESS"), validate).otherwise(nothing))
        validate.next(plan)
        plan.next(
            sfn.Choice(self, "HasChunks", comment="A file with a header and no rows has none")
            .when(sfn.Condition.number_equals("$.chunks", 0), finalize)
            .otherwise(process)
        )
        process.next(finalize)
        finalize.next(
            sfn.Choice(self, "IsProved", comment="A boundary that was guessed wrong is planned again, exactly")
            .when(sfn.Condition.string_equals("$.decision", "REPLAN"), plan)
            .otherwise(published)
        )
        record_failure.next(
            sfn.Choice(self, "IsFailureNew").when(sfn.Condition.string_equals("$.decision", "NOTHING"), nothing).otherwise(published)
        )
        sweep = self._call("SweepFiles", payload={"workflow.$": "$$.StateMachine.Id"})
        sweep.next(sfn.Succeed(self, "Swept", comment="What was found goes its way in executions of its own"))
        return (
            sfn.Choice(
                self, "RouteEvent", comment="An object arrived, a file is taken up again, an execution ended badly, or a sweep is due"
            )
            .when(sfn.Condition.string_equals("$['detail-type']", EXECUTION_ENDED), record_failure)
            .when(sfn.Condition.string_equals("$['detail-type']", SWEEP_DUE), sweep)
            .otherwise(register)
        )

    def _call(self, state: str, *, payload: Mapping[str, str] | None = None, on_error: sfn.IChainable | None = None) -> tasks.LambdaInvoke:
        """A Lambda task that replaces the state's data with the function's answer; without *payload* it is given that data."""
        task = tasks.LambdaInvoke(
            self,
            state,
            lambda_function=self._functions[names.kebab(state).replace("-", "_")],
            payload=sfn.TaskInput.from_object(dict(payload)) if payload else None,
            payload_response_only=True,
            retry_on_service_exceptions=False,
        )
        retry_function(task)
        delay_throttled(self, task)
        if on_error is not None:
            task.add_catch(on_error, errors=["States.ALL"], result_path="$.error")
        return task

    def _process_chunks(self, on_error: sfn.IChainable) -> sfn.DistributedMap:
        """E11. What a chunk did is in the table: 2,001 results would not fit into a state's 256 KB."""
        chunk = tasks.LambdaInvoke(
            self,
            "ProcessChunk",
            lambda_function=self._functions["process_chunk"],
            payload_response_only=True,
            retry_on_service_exceptions=False,
            result_selector={},
        )
        retry_function(chunk)
        delay_throttled(self, chunk)
        chunks = sfn.DistributedMap(
            self,
            "ProcessChunks",
            label="Chunks",
            max_concurrency=MAX_CONCURRENCY,
            map_execution_type=sfn.StateMachineType.STANDARD,
            item_reader=sfn.S3JsonItemReader(
                bucket_name_path=sfn.JsonPath.string_at("$.manifest.bucket"), key=sfn.JsonPath.string_at("$.manifest.key")
            ),
            item_selector={
                "chunk.$": "$$.Map.Item.Value",
                "attempt.$": "$.attempt",
                "execution.$": "$$.Execution.Id",
            },
            result_path=sfn.JsonPath.DISCARD,
        )
        chunks.item_processor(chunk)
        # The map reads its manifest itself, and S3 may fail it as it may fail a function; what its chunks did stays done.
        chunks.add_retry(errors=["States.ItemReaderFailed"], **BACKOFF)
        chunks.add_catch(on_error, errors=["States.ALL"], result_path="$.error")
        return chunks

    def _ending(self) -> sfn.IChainable:
        """From here on the file has ended, whatever happens: a failure costs a delivery, not the file.

        The alert comes first, so a delivery that is on record says that both were made.
        """
        publication = self._publication()
        return (
            sfn.Choice(self, "IsAlert")
            .when(
                sfn.Condition.boolean_equals("$.outcome.alert", True),
                self._notify_failure(publication),
            )
            .otherwise(publication)
        )

    def _notify_failure(self, publication: sfn.IChainable) -> sfn.IChainable:
        """An alert that cannot be sent keeps no outcome from its partner: it is remembered, and fails the execution at its end."""
        notify = self._notify("NotifyFailure", sfn.JsonPath.string_at("$.outcome.subject"))
        notify.add_catch(publication, errors=["States.ALL"], result_path=_UNALERTED)
        return notify.next(publication)

    def _publication(self) -> sfn.IChainable:
        ended = self._how_ended()
        publish = tasks.SqsSendMessage(
            self,
            "PublishResult",
            queue=self._outcomes.results,
            message_body=sfn.TaskInput.from_json_path_at("$.outcome.body"),
            message_group_id=sfn.JsonPath.string_at("$.outcome.group"),
            message_deduplication_id=sfn.JsonPath.string_at("$.outcome.deduplication"),
            result_path=sfn.JsonPath.DISCARD,
        )
        publish.add_retry(errors=["States.TaskFailed"], **BACKOFF)
        delivered = tasks.DynamoUpdateItem(
            self,
            "RecordDelivery",
            table=self._table,
            key={
                "file_id": tasks.DynamoAttributeValue.from_string(sfn.JsonPath.string_at("$.file_id")),
                "chunk_id": tasks.DynamoAttributeValue.from_string(FILE_ITEM),
            },
            update_expression="SET published_at = :now ADD revision :one",
            # What was told of an attempt says nothing of the next one.
            condition_expression="attempt = :attempt",
            expression_attribute_values={
                ":now": tasks.DynamoAttributeValue.from_string(sfn.JsonPath.string_at("$$.State.EnteredTime")),
                # A change of the item like any other: one that was prepared before it must not undo it.
                ":one": tasks.DynamoAttributeValue.from_number(1),
                ":attempt": tasks.DynamoAttributeValue.number_from_string(sfn.JsonPath.format("{}", sfn.JsonPath.string_at("$.attempt"))),
            },
            result_path=sfn.JsonPath.DISCARD,
        )
        # An attempt that is over, or a file that is not there, will not come back.
        delivered.add_retry(errors=["DynamoDB.ConditionalCheckFailedException"], max_attempts=0)
        delivered.add_retry(errors=["States.TaskFailed"], **BACKOFF)
        delivered.add_catch(ended, errors=["DynamoDB.ConditionalCheckFailedException"], result_path=sfn.JsonPath.DISCARD)
        undelivered = self._notify("NotifyUndelivered", "Outcome not delivered").next(
            sfn.Fail(
                self,
                "ResultUndelivered",
                error="ResultUndelivered",
                cause="The file has ended, but its outcome could not be put on the results queue",
            )
        )
        publish.add_catch(undelivered, errors=["States.ALL"], result_path="$.error")
        publish.next(delivered).next(ended)
        return (
            sfn.Choice(self, "IsPublished")
            .when(sfn.Condition.boolean_equals("$.outcome.publish", True), publish)
            .otherwise(sfn.Succeed(self, "ProbeEnded", comment="How it ended is for whoever sent it; it raises no alarm of the partners'"))
        )

    def _how_ended(self) -> sfn.IChainable:
        return (
            sfn.Choice(self, "HowEnded")
            .when(
                sfn.Condition.is_present(_UNALERTED),
                sfn.Fail(
                    self,
                    "AlertUndelivered",
                    error="AlertUndelivered",
                    cause="The file has ended and its outcome is published, but nobody could be alerted through the topic",
                ),
            )
            .when(
                sfn.Condition.string_equals("$.outcome.status", "FAILED"),
                sfn.Fail(self, "FileFailed", error="FileFailed", cause_path="$.outcome.subject"),
            )
            .when(
                sfn.Condition.string_equals("$.outcome.status", "REJECTED"),
                sfn.Succeed(self, "FileRejected", comment="The workflow did its work; the file was not good"),
            )
            .otherwise(sfn.Succeed(self, "FileSucceeded"))
        )

    def _notify(self, state: str, subject: str) -> tasks.SnsPublish:
        task = tasks.SnsPublish(
            self,
            state,
            topic=self._outcomes.alerts,
            subject=subject,
            message=sfn.TaskInput.from_json_path_at("$.outcome.body"),
            result_path=sfn.JsonPath.DISCARD,
        )
        task.add_retry(errors=["States.TaskFailed"], **BACKOFF)
        return task
