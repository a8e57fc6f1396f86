"""What ``ops redrive`` starts, refuses and says. What an execution then does is tested with the workflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from typer.testing import Result

from ops.dead_letters import redrive_dead_letters
from ops.errors import RedriveRefused
from ops.redrive import Redriver
from runtime.core.models import FileStatus, FileTask, Redrive
from tests.unit.ops.deployed_stage import OUTPUTS, DeployedStage

KEY = "incoming/sales/acme/a.csv"
Run = Callable[..., Result]


class Clock:
    """Seconds that pass only when somebody sleeps; *meanwhile* happens then."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.now, self._meanwhile = 0.0, meanwhile

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._meanwhile()


@pytest.fixture
def workflow(environment: None) -> str:
    return "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-test"


@pytest.fixture
def stack(deployed: DeployedStage, workflow: str) -> DeployedStage:
    boto3.client("cloudformation").delete_stack(StackName="etl-test")
    deployed.create_stack({**OUTPUTS, "StateMachineArn": workflow})
    role = "arn:aws:iam::123456789012:role/workflow"
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Succeed"}}})
    boto3.client("stepfunctions").create_state_machine(name="etl-workflow-test", definition=definition, roleArn=role)
    boto3.client("sqs").create_queue(QueueName="etl-events-dlq-test")
    return deployed


def failed(stage: DeployedStage) -> FileTask:
    task = stage.arrive(KEY)
    stage.fail(task, FileStatus.FAILED, "AccessRefused", "refused")
    return task


def opens(stage: DeployedStage, task: FileTask) -> Callable[[], None]:
    """What the execution does in its own time."""

    def reopen() -> None:
        stage.tracking.reopen(
            task, FileStatus.VALIDATED, (FileStatus.FAILED,), {}, {}, execution="arn:new", lease_seconds=1, without=("error_type",)
        )

    return reopen


def executions(workflow: str) -> list[dict[str, Any]]:
    states = boto3.client("stepfunctions")
    found = states.list_executions(stateMachineArn=workflow)["executions"]
    return [json.loads(states.describe_execution(executionArn=entry["executionArn"])["input"]) for entry in found]


def test_a_redrive_says_which_attempt_it_saw_and_ends_when_the_next_is_open(stack: DeployedStage, workflow: str) -> None:  # E25
    task = failed(stack)
    clock = Clock(opens(stack, task))
    states = boto3.client("stepfunctions")
    redriver = Redriver(states, workflow, stack.tracking, clock, clock.sleep)
    wish = Redrive(task.file_id, 1, "arn:ada", from_start=False)
    assert redriver.take_up(wish, 10)["attempt"] == 2
    (started,) = executions(workflow)
    assert Redrive.from_event(started) == wish


def test_an_execution_that_leaves_the_file_is_an_error(stack: DeployedStage, workflow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task, clock = failed(stack), Clock()
    states = boto3.client("stepfunctions")
    monkeypatch.setattr(states, "describe_execution", lambda executionArn: {"status": "SUCCEEDED"})  # noqa: N803 - boto3's
    with pytest.raises(RedriveRefused, match="ended SUCCEEDED without it"):
        Redriver(states, workflow, stack.tracking, clock, clock.sleep).take_up(Redrive(task.file_id, 1, "ada", from_start=False), 10)


def test_an_execution_that_does_not_come_to_the_file_is_not_waited_for_forever(stack: DeployedStage, workflow: str) -> None:
    task, clock = failed(stack), Clock()
    with pytest.raises(RedriveRefused, match="was not taken up in 10 s"):
        Redriver(boto3.client("stepfunctions"), workflow, stack.tracking, clock, clock.sleep).take_up(
            Redrive(task.file_id, 1, "ada", from_start=False), 10
        )


def test_the_command_names_the_attempt_that_is_open(stack: DeployedStage, workflow: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    task = failed(stack)
    monkeypatch.setattr("ops.commands.redrive.time.sleep", lambda _: opens(stack, task)())
    done = run("redrive", task.file_id, "--stage", "test", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"file_id": task.file_id, "attempt": 2, "execution": "arn:new"})
    (started,) = executions(workflow)
    assert started["detail"]["requester"].startswith("arn:aws:")


@pytest.mark.parametrize(("status", "said"), [("REJECTED", "--from-start"), ("PROCESSING", "owns it until it ends")])
def test_a_file_that_cannot_be_taken_up_is_refused_in_one_line(
    stack: DeployedStage, workflow: str, run: Run, status: str, said: str
) -> None:
    task = stack.arrive(KEY)
    if status == FileStatus.REJECTED:
        stack.fail(task, status, "EmptyFile", "empty")
    else:
        stack.plan(task, 1)
    done = run("redrive", task.file_id, "--stage", "test")
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (1, 1)
    assert said in done.stderr
    assert executions(workflow) == []


def test_a_file_that_has_succeeded_needs_nothing(stack: DeployedStage, workflow: str, run: Run) -> None:
    task = stack.arrive(KEY)
    stack.finish_chunk(stack.plan(task, 1)[0], 5)
    stack.succeed(task)
    done = run("redrive", task.file_id, "--stage", "test", "--wait")
    assert done.exit_code == 0
    assert "nothing left to do" in done.stderr
    assert executions(workflow) == []
    unfollowed = run("redrive", task.file_id, "--stage", "test")
    assert (unfollowed.exit_code, unfollowed.stdout) == (0, "")


def test_an_interrupted_redrive_says_that_the_file_goes_on(
    stack: DeployedStage, workflow: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    task = failed(stack)
    monkeypatch.setattr("ops.commands.redrive.time.sleep", interrupt)
    done = run("redrive", task.file_id, "--stage", "test")
    assert done.exit_code == 130
    assert done.stderr.endswith(f"the file goes on. Follow it: python -m ops status {task.file_id} --stage test\n")


def test_a_file_that_nobody_knows_and_wrong_usage_are_told_apart(stack: DeployedStage, run: Run) -> None:
    assert run("redrive", "0" * 32, "--stage", "test").exit_code == 1
    assert run("redrive", "--stage", "test").exit_code == 2
    assert run("redrive", "0" * 32, "--dead-letters", "--stage", "test").exit_code == 2


def dead(*bodies: str) -> str:
    sqs = boto3.client("sqs")
    url = str(sqs.get_queue_url(QueueName="etl-events-dlq-test")["QueueUrl"])
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def waiting(url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)  # type: ignore[arg-type]
    return sum(int(count) for count in found["Attributes"].values())


def arrival(number: int) -> dict[str, Any]:
    return {"detail-type": "Object Created", "detail": {"object": {"key": f"incoming/{number}.csv"}}}


def test_each_dead_letter_starts_an_execution_with_its_event_and_is_deleted(stack: DeployedStage, workflow: str, run: Run) -> None:  # E25
    events = [arrival(number) for number in range(23)]
    url = dead(*map(json.dumps, events))
    done = run("redrive", "--dead-letters", "--stage", "test", "--json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["started"]) == 23
    assert sorted(executions(workflow), key=str) == sorted(events, key=str)
    assert waiting(url) == 0
    assert run("redrive", "--dead-letters", "--stage", "test").stdout.startswith("0 executions")


def test_a_dead_letter_is_kept_until_its_execution_was_accepted(stack: DeployedStage, workflow: str) -> None:  # G2
    url = dead(json.dumps(arrival(1)))
    with pytest.raises(Exception, match="StateMachineDoesNotExist"):
        list(redrive_dead_letters(boto3.client("sqs"), boto3.client("stepfunctions"), url, f"{workflow}-gone"))
    assert waiting(url) == 1


def test_what_is_no_event_is_left_and_said(stack: DeployedStage, workflow: str, run: Run) -> None:
    url = dead("not json", json.dumps(arrival(1)), "[]")
    done = run("redrive", "--dead-letters", "--stage", "test")
    assert done.exit_code == 1
    assert "2 messages of etl-events-dlq-test" in done.stderr.splitlines()[-1]
    assert (len(executions(workflow)), waiting(url)) == (1, 2)
