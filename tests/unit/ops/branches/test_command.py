"""``python -m ops branch`` (D6)."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import ops.commands.branch as command
from ops.cli import app
from pipeline import slugs
from tests.unit.ops.branches.conftest import LOCKS
from tests.unit.ops.branches.stacks import CloudFormation, Stack

STACK = f"etl-{slugs.suffix('feature/x')}"


@pytest.fixture
def run(aws, monkeypatch):
    aws.__dict__["cloudformation"] = CloudFormation(Stack(STACK, tags={"Branch": "feature/x", "TimeToLiveHours": "72"}), Stack("etl-prod"))
    monkeypatch.setattr(command, "Aws", lambda _region: aws)
    monkeypatch.setattr(command, "WAIT", 0)
    monkeypatch.setattr("ops.branches.teardown.POLL", 0)
    for name in ("LEDGERLINE_REPOSITORY_URL", "LEDGERLINE_BRANCH_LOCKS"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["branch", *arguments])

    return invoke


def test_stages_are_listed(run):
    (stage,) = json.loads(run("list", "--json").stdout)
    assert (stage["suffix"], stage["branch"], stage["expires_at"]) == (STACK[4:], "feature/x", "2026-11-23T00:00:00+00:00")
    assert "feature/x" in run("list").stdout


def test_a_branch_that_is_gone_is_destroyed(run, aws, git):
    ended = run("destroy", "--branch", "feature/x", "--repository", git.url, "--locks", LOCKS)
    assert ended.exit_code == 0, ended.output
    assert aws.cloudformation.deleted == [STACK]


def test_a_branch_that_is_there_is_not_destroyed(run, aws, git):
    git.update("refs/heads/feature/x")
    ended = run("destroy", "--branch", "feature/x", "--repository", git.url, "--locks", LOCKS)
    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"error: Stage {STACK[4:]} stays: the repository still has branch 'feature/x'")
    by_suffix = run("destroy", "--stage", STACK[4:], "--repository", git.url, "--locks", LOCKS)
    assert by_suffix.exit_code == 1
    spared = run("destroy", "--branch", "feature/x", "--if-gone", "--repository", git.url, "--locks", LOCKS)
    assert spared.exit_code == 0, "an event that came too late is no failure"
    assert aws.cloudformation.deleted == []


def test_a_closed_pull_request_takes_its_own_branchs_stage_and_a_forks_takes_none(run, aws, git):
    git.point("refs/pull/7/head", git.update("refs/heads/feature/x"))
    git.update("refs/pull/8/head")
    options = ("--branch", "feature/x", "--repository", git.url, "--locks", LOCKS)
    assert run("destroy", *options, "--pull-request", "8").exit_code == 1
    assert aws.cloudformation.deleted == []
    assert run("destroy", *options, "--pull-request", "7").exit_code == 0
    assert aws.cloudformation.deleted == [STACK]


@pytest.mark.parametrize("stage", ["prod", "prod-dr", "main", "br-"])
def test_no_other_stage_can_be_named(run, aws, stage):
    ended = run("destroy", "--stage", stage, "--locks", LOCKS)
    assert ended.exit_code == 2
    assert "is not the suffix of a branch's stage" in ended.stderr
    assert aws.cloudformation.deleted == []


@pytest.mark.parametrize("arguments", [(), ("--branch", "x", "--stage", "br-01234567")])
def test_a_branch_or_a_stage_is_named(run, arguments):
    assert run("destroy", *arguments, "--locks", LOCKS).exit_code == 2


def test_the_pipelines_own_branch_is_refused_whatever_it_is_called(run, aws):
    ended = run("destroy", "--branch", "trunk", "--base", "trunk", "--locks", LOCKS)
    assert ended.exit_code == 2
    assert "branch 'trunk' is the pipeline's own" in ended.stderr
    assert aws.cloudformation.deleted == []


def test_without_the_table_of_locks_the_error_names_it_and_the_option(run, aws):
    ended = run("destroy", "--branch", "feature/x", "--locks", "etl-branch-locks-other")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("error: Table etl-branch-locks-other is not in us-east-1")
    assert "--region" in ended.stderr
    assert "--locks" in ended.stderr
    assert aws.cloudformation.deleted == []


def test_a_stage_in_anothers_hands_is_an_error(run, aws):
    from ops.branches.lock import Locks

    with Locks(aws.dynamodb, LOCKS, "build 7").hold(STACK[4:], 0):
        ended = run("destroy", "--branch", "feature/x", "--locks", LOCKS)
    assert ended.exit_code == 1
    assert "in the hands of build 7" in ended.stderr


def test_a_branch_that_is_gone_by_then_is_not_deployed(run, git, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "Deployment", lambda *_: pytest.fail("deployed a branch that is gone"))
    ended = run("deploy", "--branch", "feature/x", "--assembly", str(tmp_path), "--repository", git.url, "--locks", LOCKS)
    assert ended.exit_code == 0
    assert "nothing is deployed" in ended.stderr


def test_a_deployed_branch_is_validated_before_its_lock_is_given_back(run, aws, git, monkeypatch, tmp_path):
    git.update("refs/heads/feature/x")
    seen = []

    class Deployed:
        def __init__(self, *_):
            pass

        def run(self, branch):
            return slugs.suffix(branch)

    monkeypatch.setattr(command, "Deployment", Deployed)
    monkeypatch.setattr(command, "validate", lambda **options: seen.append((options, aws.dynamodb.scan(TableName=LOCKS)["Count"])))
    ended = run("deploy", "--branch", "feature/x", "--assembly", str(tmp_path), "--repository", git.url, "--locks", LOCKS)
    assert ended.exit_code == 0, ended.output
    assert seen == [({"stage": STACK[4:], "region": "us-east-1", "record": True}, 1)]


def test_the_reaper_reports_what_it_removed(run, git):
    ended = run("reap", "--repository", git.url, "--locks", LOCKS, "--json")
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["removed"] == [STACK[4:]]


def test_a_reaper_that_could_not_remove_fails(run, aws, git):
    blocked = {"LogicalResourceId": "R", "ResourceType": "AWS::IAM::Role", "ResourceStatusReason": "no"}
    aws.cloudformation.stacks[STACK].blocked = [[blocked]] * 9
    ended = run("reap", "--repository", git.url, "--locks", LOCKS)
    assert ended.exit_code == 1
    assert "error: 1 stage is not gone" in ended.stderr
