"""A pipeline that is not this project's runs as it is defined, on the emulator."""

from __future__ import annotations

import io
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.delivery import approval
from local.delivery import execution as executions
from local.delivery.actions import Policy
from local.delivery.cloud import Cloud
from local.delivery.console import Board
from local.delivery.deployed import find_pipelines, read_pipeline
from local.delivery.errors import DefinitionError
from local.delivery.execution import CANCELLED, FAILED, SUCCEEDED, SUPERSEDED, Record
from local.delivery.runner import Runner
from local.delivery.source import Revision
from local.emulator import ROOT
from local.errors import LocalError
from tests.unit.local import clouds
from tests.unit.local.clouds import eventually
from tests.unit.local.delivery import foreign
from tests.unit.local.delivery.repositories import Repository

pytestmark = pytest.mark.dear

REGION = "us-east-1"


class Foreign:
    """The foreign pipeline, deployed; its repository; and executions of it."""

    def __init__(self, cloud: clouds.Cloud, directory: Path) -> None:
        self.cloud = Cloud(cloud.emulator)
        self.client = cloud.client
        self.state = directory / "delivery"
        self.together = directory / "together"
        self.cache = directory / "cache"
        self.said = io.StringIO()
        self.repository = Repository(directory / "repository")

    def set_up(self) -> None:
        body = json.dumps(foreign.template(str(self.together)))
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName=foreign.STACK, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        cloudformation.get_waiter("stack_create_complete").wait(StackName=foreign.STACK, WaiterConfig={"Delay": 1})
        self.cloud.client("s3", foreign.FAR).create_bucket(
            Bucket=foreign.FAR_BUCKET, CreateBucketConfiguration={"LocationConstraint": foreign.FAR}
        )

    def commit(self, suffix: str = "one", extra: list[dict[str, Any]] | None = None, **more: str) -> Revision:
        files = foreign.files(foreign.template(str(self.together), extra), suffix)
        return self.repository.commit({**files, **more})

    def runner(self, *, approve: bool = True, clock: Callable[[], float] = time.time) -> Runner:
        self.together.mkdir(exist_ok=True)
        for file in self.together.iterdir():
            file.unlink()
        return Runner(
            cloud=self.cloud,
            read=lambda: read_pipeline(self.cloud, REGION, foreign.STACK),
            state=self.state,
            cache=self.cache,
            board=Board(Console(file=self.said, width=160)),
            policy=Policy(approve=approve, approval_minutes=1),
            clock=clock,
        )

    def records(self) -> list[Record]:
        return executions.records(self.state / foreign.PIPELINE)

    def log(self, record: Record, stage: str, action: str) -> str:
        return (self.state / foreign.PIPELINE / record.id / "logs" / f"{stage}.{action}.log").read_text(encoding="utf-8")

    def artifacts(self) -> list[str]:
        """What is left in the artifact buckets, old versions included."""
        stores = read_pipeline(self.cloud, REGION, foreign.STACK).stores
        listed = [self.cloud.client("s3", region).list_object_versions(Bucket=bucket) for region, bucket in stores.items()]
        return [version["Key"] for each in listed for version in (*each.get("Versions", []), *each.get("DeleteMarkers", []))]

    def tear_down(self) -> None:
        self.cloud.client("s3", foreign.FAR).delete_bucket(Bucket=foreign.FAR_BUCKET)
        cloudformation = self.client("cloudformation")
        for stack in (foreign.APP, foreign.STACK):
            cloudformation.delete_stack(StackName=stack)
            cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clouds.Cloud]:
    """An emulator of its own: what is told here is all that an account holds."""
    yield from clouds.cloud(tmp_path_factory.mktemp("foreign"), fixed=True)


@pytest.fixture
def delivery(cloud: clouds.Cloud, tmp_path: Path) -> Iterator[Foreign]:
    made = Foreign(cloud, tmp_path)
    made.set_up()
    yield made
    made.tear_down()


def statuses(record: Record) -> dict[str, str]:
    return {f"{stage.name}.{action.name}": action.status for stage in record.stages for action in stage.actions}


def test_a_foreign_pipeline_runs_to_its_end(delivery: Foreign) -> None:
    revision = delivery.commit()
    record = delivery.runner().run(revision)
    assert set(statuses(record).values()) == {SUCCEEDED}, delivery.said.getvalue()
    assert record.status == SUCCEEDED
    assert "hello from the script" in delivery.log(record, "Build", "Make")
    assert f"verified queue-one at {revision.commit}" in delivery.log(record, "Deploy", "Verify")
    assert delivery.client("sqs").get_queue_url(QueueName="queue-one")
    assert delivery.artifacts() == []


def test_a_commit_that_changes_the_pipeline_is_executed_by_the_changed_one_once(delivery: Foreign) -> None:
    stage = {"Name": "Added", "Actions": [foreign.build("Again", "Verifier", ["Code"], [])]}
    record = delivery.runner().run(delivery.commit(extra=[stage]))
    assert [each.status for each in delivery.records()] == [CANCELLED, SUCCEEDED]
    assert statuses(record)["Added.Again"] == SUCCEEDED
    assert "Added.Again" not in statuses(delivery.records()[0])
    assert delivery.records()[0].commit == record.commit


def test_a_definition_that_never_comes_to_rest_is_stopped(delivery: Foreign) -> None:
    digests = itertools.count()
    runner = delivery.runner()
    restless = replace(runner, read=lambda: replace(runner.read(), digest=str(next(digests))))
    with pytest.raises(LocalError, match="changed 3 times in one push"):
        restless.run(delivery.commit())
    assert [record.status for record in delivery.records()] == [CANCELLED] * 3


def test_an_action_with_a_role_of_another_account_deploys_there(delivery: Foreign) -> None:  # D9
    other = "210987654321"
    role = f"arn:aws:iam::{other}:role/deployer"
    configuration = {"TemplatePath": "Built::app.json", "ParameterOverrides": '{"Suffix": "there"}'}
    inputs = [{"Name": "Built"}]
    update = foreign.stack_action("Update", "there", "CREATE_UPDATE", InputArtifacts=inputs, RoleArn=role, Configuration=configuration)
    revision = delivery.commit(extra=[{"Name": "Elsewhere", "Actions": [update]}])
    with pytest.raises(DefinitionError, match="the role deployer does not exist"):
        delivery.runner().run(revision)

    def there(service: str) -> Any:
        return delivery.cloud.client(service, REGION, other)

    there("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    record = delivery.runner().run(revision)
    assert record.status == SUCCEEDED, delivery.said.getvalue()
    assert f":{other}:" in there("cloudformation").describe_stacks(StackName="there")["Stacks"][0]["StackId"]
    names = [[url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] for sqs in (there("sqs"), delivery.client("sqs"))]
    assert names == [["queue-there"], ["queue-one"]]
    assert there("s3").list_buckets()["Buckets"] == [], "what the template was read from"
    there("cloudformation").delete_stack(StackName="there")
    there("iam").delete_role(RoleName="deployer")


def test_a_push_without_a_change_deploys_nothing_anew(delivery: Foreign) -> None:
    delivery.runner().run(delivery.commit())
    record = delivery.runner().run(delivery.commit())
    assert record.status == SUCCEEDED
    assert "there is nothing to do" in delivery.log(record, "Deploy", "Execute")
    assert f"verified queue-one at {record.commit}" in delivery.log(record, "Deploy", "Verify")


def test_a_failing_action_stops_the_pipeline_and_the_next_push_goes_through(delivery: Foreign) -> None:
    record = delivery.runner().run(delivery.commit(**{"run.sh": "#!/bin/sh\necho broken >&2\nexit 3\n"}))
    assert record.status == FAILED
    assert "Build / Make: phase build: the command './run.sh \"$GREETING\"' ended with status 3" in record.reason
    assert statuses(record)["Test.Left"] == executions.NOT_STARTED
    assert "| broken" in delivery.said.getvalue()
    assert delivery.runner().run(delivery.commit()).status == SUCCEEDED


def test_a_stack_whose_creation_fails_is_named_and_can_be_created_by_the_next_push(delivery: Foreign) -> None:
    broken = json.loads(foreign.app_template())
    broken["Resources"]["Rule"] = {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": {"Fn::Sub": "queue-${Suffix}"}, "FifoQueue": True},
    }
    broken["Resources"]["Rule"]["DependsOn"] = "Queue"
    record = delivery.runner().run(delivery.commit(**{"app.json": json.dumps(broken)}))
    assert record.status == FAILED, delivery.said.getvalue()
    assert "Deploy / Execute: stack foreign-app (us-east-1) ended as ROLLBACK_COMPLETE: Rule (AWS::SQS::Queue)" in record.reason
    record = delivery.runner().run(delivery.commit())
    assert record.status == SUCCEEDED
    assert "its creation failed before, so it is deleted first" in delivery.log(record, "Deploy", "Prepare")


def run_aside(runner: Runner, revision: Revision) -> threading.Thread:
    thread = threading.Thread(target=runner.run, args=(revision,))
    thread.start()
    return thread


def request_of(delivery: Foreign) -> approval.Request:
    found: list[approval.Request] = eventually(lambda: list(approval.waiting(delivery.state)), 60)
    assert found, delivery.said.getvalue()
    return found[0]


def test_an_approval_waits_is_announced_and_goes_on_when_approved(delivery: Foreign) -> None:
    sns, sqs = delivery.client("sns"), delivery.client("sqs")
    queue = sqs.create_queue(QueueName="announced")["QueueUrl"]
    topic = next(each["TopicArn"] for each in sns.list_topics()["Topics"] if each["TopicArn"].endswith(":foreign-approvals"))
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    running = run_aside(delivery.runner(approve=False), delivery.commit())
    request = request_of(delivery)
    assert request.custom_data == "Is the queue right?"
    message = json.loads(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"])
    assert json.loads(message["Message"])["approval"]["customData"] == "Is the queue right?"
    approval.decide(delivery.state, approval.APPROVED, "looks right", None)
    running.join(60)
    assert delivery.records()[-1].status == SUCCEEDED
    assert list(approval.waiting(delivery.state)) == []


def test_a_rejection_stops_the_pipeline_with_what_was_said(delivery: Foreign) -> None:
    running = run_aside(delivery.runner(approve=False), delivery.commit())
    request = request_of(delivery)
    approval.decide(delivery.state, approval.REJECTED, "not on a Friday", request.execution)
    running.join(60)
    record = delivery.records()[-1]
    assert (record.status, record.reason) == (FAILED, "Deploy / Approve: rejected: not on a Friday")
    assert statuses(record)["Deploy.Verify"] == executions.NOT_STARTED


def test_an_approval_that_nobody_gives_times_out_and_the_next_push_asks_again(delivery: Foreign) -> None:
    now = [1_800_000_000.0]
    running = run_aside(delivery.runner(approve=False, clock=lambda: now[0]), delivery.commit())
    request = request_of(delivery)
    assert request.expires == now[0] + 5 * 60, "the action's own time-out, not that of whoever runs it"
    now[0] = request.expires + 1
    running.join(60)
    record = delivery.records()[-1]
    assert record.status == FAILED
    assert record.reason == "Deploy / Approve: nobody decided before 2027-01-15T08:05Z: the approval timed out; the next push asks again"
    assert statuses(record)["Deploy.Verify"] == executions.NOT_STARTED
    assert list(approval.waiting(delivery.state)) == []
    again = run_aside(delivery.runner(approve=False), delivery.commit())
    approval.decide(delivery.state, approval.APPROVED, "", request_of(delivery).execution)
    again.join(60)
    assert delivery.records()[-1].status == SUCCEEDED


def test_of_two_pushes_during_an_approval_only_the_newest_follows(delivery: Foreign) -> None:
    first = run_aside(delivery.runner(approve=False), delivery.commit("one"))
    request = request_of(delivery)
    second = run_aside(delivery.runner(), delivery.commit("two"))
    assert eventually(lambda: "waiting for stage Deploy" in delivery.said.getvalue(), 60)
    third = run_aside(delivery.runner(), delivery.commit("three"))
    second.join(90)
    assert [record.status for record in delivery.records()][1] == SUPERSEDED
    approval.decide(delivery.state, approval.APPROVED, "", request.execution)
    for each in (first, third):
        each.join(90)
    assert [record.status for record in delivery.records()] == [SUCCEEDED, SUPERSEDED, SUCCEEDED]


def test_the_pipeline_is_found_by_what_is_deployed(delivery: Foreign) -> None:
    assert find_pipelines(delivery.cloud, REGION) == {foreign.PIPELINE: foreign.STACK}


def test_an_action_in_another_region_takes_its_artifact_there_and_gives_outputs_as_a_file(delivery: Foreign) -> None:
    far = {"TemplatePath": "Built::app.json", "ParameterOverrides": '{"Suffix": {"Fn::GetParam": ["Built", "far.json", "Suffix"]}}'}
    deploy = foreign.stack_action(
        "Far",
        "far-app",
        "CREATE_UPDATE",
        Region=foreign.FAR,
        InputArtifacts=[{"Name": "Built"}],
        OutputArtifacts=[{"Name": "Told"}],
        Configuration={**far, "OutputFileName": "outputs.json"},
    )
    read = foreign.build("Read", "Reader", ["Told"], [], 2)
    remove = foreign.stack_action("Remove", "far-app", "DELETE_ONLY", 3, Region=foreign.FAR)
    revision = delivery.commit(
        extra=[{"Name": "Far", "Actions": [deploy, read, remove]}],
        **{"make.json": foreign.make_spec('echo \'{"Suffix": "far"}\' > out/far.json')},
    )
    record = delivery.runner().run(revision)
    assert record.status == SUCCEEDED, delivery.said.getvalue()
    assert '"QueueName": "queue-far"' in delivery.log(record, "Far", "Read")
    assert "DELETE_COMPLETE" in delivery.log(record, "Far", "Remove")
    assert delivery.artifacts() == []


def test_a_configuration_that_cannot_be_used_fails_the_action_and_not_the_rehearsal(delivery: Foreign) -> None:
    added = foreign.stack_action("Wrong", "wrong", "CREATE_UPDATE", Configuration={"ParameterOverrides": "{"})
    record = delivery.runner().run(delivery.commit(extra=[{"Name": "Added", "Actions": [added]}]))
    assert record.status == FAILED
    assert record.reason.startswith("Added / Wrong: its configuration cannot be used")


def test_a_build_that_finds_no_bootstrap_says_the_command_that_makes_it(delivery: Foreign) -> None:
    said = "Etl: fail: No bucket named 'cdk-brnch1234-assets-123456789012-eu-west-1'. Is account 123456789012 bootstrapped?"
    record = delivery.runner().run(delivery.commit(**{"run.sh": f'#!/bin/sh\necho "{said}" >&2\nexit 1\n'}))
    template = "pipeline/branches/bootstrap.yml"
    named = "--qualifier brnch1234 --toolkit-stack-name CDKToolkit-brnch1234"
    assert record.reason.endswith(f"cdk bootstrap aws://123456789012/eu-west-1 --template {template} {named} --app ''")
    assert (ROOT / template).is_file()


def test_a_bootstrap_that_another_account_lacks_is_told_with_the_trust_that_it_needs(delivery: Foreign) -> None:  # D9
    role = "arn:aws:iam::210987654321:role/cdk-hnb659fds-deploy-role-210987654321-eu-west-1"
    added = foreign.stack_action("There", "there", "DELETE_ONLY", RoleArn=role)
    command = r"AWS_ACCESS_KEY_ID=210987654321 .*cdk bootstrap aws://210987654321/eu-west-1 --trust 123456789012 --cloudformation-exec"
    with pytest.raises(DefinitionError, match=command):
        delivery.runner().run(delivery.commit(extra=[{"Name": "Added", "Actions": [added]}]))


def test_a_role_that_does_not_exist_is_refused_with_the_command_that_makes_it(delivery: Foreign) -> None:
    role = "arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-ap-southeast-2"
    added = foreign.stack_action("Far", "far", "DELETE_ONLY", Region="ap-southeast-2", RoleArn=role)
    refused = r"Added / Far: the role cdk-.* does not exist.*cdk bootstrap aws://123456789012/ap-southeast-2 --app ''$"
    revision = delivery.commit(extra=[{"Name": "Added", "Actions": [added]}])
    with pytest.raises(DefinitionError, match=refused):
        delivery.runner().run(revision)
    # The definition is the pipeline's by now: the stage stays refused, and a commit that takes it back goes through.
    record = delivery.runner().run(revision)
    assert record.status == FAILED
    assert re.search(refused, record.reason)
    assert statuses(record)["Added.Far"] == executions.NOT_STARTED
    assert delivery.runner().run(delivery.commit()).status == SUCCEEDED
