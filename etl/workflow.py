"""The state machine, from the arrival of a file to its published outcome.

:mod:`runtime.core.models` describes what one state passes to the next; ``docs/commit-protocol.md`` what happens when one of them dies.
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
from etl.guardrails import LOG_RETENTION
from etl.outcomes import Outcomes
from etl.retries import BACKOFF, delay_throttled, retry_function
from etl.target import Target
from etl.workflow_role import workflow_role
from runtime.core.models import EXECUTION_ENDED, FILE_ITEM, SWEEP_DUE

TIMEOUT = Duration.hours(12)
MAX_CONCURRENCY = 10

#: Path in the state's data: the error of an alert that could not be sent.
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
            retention=LOG_RETENTION,
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
            # The role lists every action; the tasks' own grants would widen it.
            role=role.without_policy_updates(),
            timeout=TIMEOUT,
            tracing_enabled=True,
            # Without data: keys and totals are in the table, and rows do not belong in a log.
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ERROR, include_execution_data=False),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # The construct would add a policy for the map; the role grants the same by name.
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
            sfn.Choice(self, "IsProved", comment="If a guessed boundary was wrong, the file is planned again, exactly")
            .when(sfn.Condition.string_equals("$.decision", "REPLAN"), plan)
            .otherwise(published)
        )
        record_failure.next(
            sfn.Choice(self, "IsFailureNew").when(sfn.Condition.string_equals("$.decision", "NOTHING"), nothing).otherwise(published)
        )
        sweep = self._call("SweepFiles", payload={"workflow.$": "$$.StateMachine.Id"})
        sweep.next(sfn.Succeed(self, "Swept", comment="Each file that was found continues in an execution of its own"))
        return (
            sfn.Choice(
                self, "RouteEvent", comment="An object arrived, a file is taken up again, an execution ended badly, or a sweep is due"
            )
            .when(sfn.Condition.string_equals("$['detail-type']", EXECUTION_ENDED), record_failure)
            .when(sfn.Condition.string_equals("$['detail-type']", SWEEP_DUE), sweep)
            .otherwise(register)
        )

    def _call(self, state: str, *, payload: Mapping[str, str] | None = None, on_error: sfn.IChainable | None = None) -> tasks.LambdaInvoke:
        """A Lambda task whose answer replaces the state's data. Without *payload* the function gets that data as its event."""
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
        """E11. Results are discarded, since each chunk writes its own to the table and 2,001 would not fit into a state's 256 KB."""
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
        # The map itself reads the manifest from S3, which may fail. A second try repeats no finished chunk.
        chunks.add_retry(errors=["States.ItemReaderFailed"], **BACKOFF)
        chunks.add_catch(on_error, errors=["States.ALL"], result_path="$.error")
        return chunks

    def _ending(self) -> sfn.IChainable:
        """The states after the end of the file: whatever fails here costs a message, not the file.

        The alert is sent before the outcome, so a recorded delivery implies that both were sent.
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
        """When the alert cannot be sent, the outcome is published all the same and the execution fails at its end."""
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
            # Condition: the file is still in the attempt whose outcome was published.
            condition_expression="attempt = :attempt",
            expression_attribute_values={
                ":now": tasks.DynamoAttributeValue.from_string(sfn.JsonPath.string_at("$$.State.EnteredTime")),
                # Every change of the item raises its revision, so that a write prepared before this one cannot undo it.
                ":one": tasks.DynamoAttributeValue.from_number(1),
                ":attempt": tasks.DynamoAttributeValue.number_from_string(sfn.JsonPath.format("{}", sfn.JsonPath.string_at("$.attempt"))),
            },
            result_path=sfn.JsonPath.DISCARD,
        )
        # Permanent: the attempt is over, or the file does not exist.
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
            .otherwise(sfn.Succeed(self, "ProbeEnded", comment="The sender of a probe reads the outcome from the table"))
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
