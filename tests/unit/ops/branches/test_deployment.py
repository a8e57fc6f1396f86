"""A branch's stage is deployed out of whatever state it was left in, and never over another branch's (D6)."""

from __future__ import annotations

import pytest

from ops.branches.deployment import STUCK, Deployment
from ops.branches.errors import DeploymentFailed, SuffixTaken
from ops.branches.teardown import Teardown
from pipeline import slugs
from tests.unit.ops.branches.stacks import CloudFormation, Stack

BRANCH = "feature/x"
STACK = f"etl-{slugs.suffix(BRANCH)}"
TAGS = {"Branch": BRANCH, "BranchDigest": slugs.digest(BRANCH)}


@pytest.fixture
def cli(tmp_path):
    """Stands for the CDK CLI: writes down what it was told, and ends as the file ``status`` says."""
    script = tmp_path / "cdk"
    script.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" > {tmp_path}/said\nexit $(cat {tmp_path}/status)\n')
    script.chmod(0o755)
    (tmp_path / "status").write_text("0")
    return script


@pytest.fixture
def deploy(aws, tell, cli, tmp_path):
    def run(*stacks):
        aws.__dict__["cloudformation"] = CloudFormation(*stacks)
        teardown = Teardown(aws, tell, sleep=lambda _: None, clock=iter(range(0, 10_000, 10)).__next__)
        return Deployment(teardown, cli, tmp_path / "cdk.out", tell).run(BRANCH)

    return run


def test_the_assembly_is_deployed_and_the_branchs_name_is_no_argument(deploy, tmp_path):
    assert deploy() == slugs.suffix(BRANCH)
    said = (tmp_path / "said").read_text().splitlines()
    assert said[:4] == ["deploy", "**", "--app", str(tmp_path / "cdk.out")]
    assert BRANCH not in said


@pytest.mark.parametrize("status", sorted(STUCK))
def test_a_stage_that_is_stuck_is_taken_down_first(status, aws, deploy, tmp_path):
    deploy(Stack(STACK, status=status, tags=TAGS))
    assert aws.cloudformation.deleted == [STACK]
    assert (tmp_path / "said").exists()


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stage_that_can_be_updated_is_not_taken_down(status, aws, deploy):
    deploy(Stack(STACK, status=status, tags=TAGS), Stack("etl-prod", status="ROLLBACK_COMPLETE"))
    assert aws.cloudformation.deleted == []


def test_what_a_killed_build_left_running_is_waited_for(aws, deploy):
    deploy(Stack(STACK, status="CREATE_IN_PROGRESS", tags=TAGS, pending=["ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]))
    assert aws.cloudformation.deleted == [STACK]


def test_two_branches_of_one_suffix_are_told_apart(aws, deploy, tmp_path):
    with pytest.raises(SuffixTaken, match="is that of branch 'other', which is deployed; rename"):
        deploy(Stack(STACK, tags={"Branch": "other", "BranchDigest": slugs.digest("other")}))
    assert not (tmp_path / "said").exists()


def test_a_deployment_that_fails_is_an_error(deploy, tmp_path):
    (tmp_path / "status").write_text("3")
    with pytest.raises(DeploymentFailed, match="ended with status 3"):
        deploy()
