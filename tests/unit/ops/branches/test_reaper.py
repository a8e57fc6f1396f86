"""The reaper removes what events missed, and believes nothing doubtful (D6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops.branches.errors import BranchListDoubtful
from ops.branches.lock import Locks
from ops.branches.reaper import Reaper
from ops.branches.stages import branch_stages, due
from ops.branches.teardown import Teardown
from pipeline import slugs
from tests.unit.ops.branches.conftest import LOCKS
from tests.unit.ops.branches.stacks import BEGAN, CloudFormation, Stack, later


def stack(branch, *, hours="72", **more):
    tags = {"Branch": branch, "BranchDigest": slugs.digest(branch), **({"TimeToLiveHours": hours} if hours else {})}
    return Stack(f"etl-{slugs.suffix(branch)}", tags=tags, **more)


@pytest.fixture
def reaper(aws, repository, tell):
    def make(*stacks, holder="reaper"):
        aws.__dict__["cloudformation"] = CloudFormation(*stacks)
        teardown = Teardown(aws, tell, sleep=lambda _: None, clock=iter(range(0, 10_000, 10)).__next__)
        return Reaper(aws, repository, "main", Locks(aws.dynamodb, LOCKS, holder), teardown, tell)

    return make


def test_a_stage_whose_branch_is_gone_goes_and_the_others_stay(aws, git, reaper, told):
    git.update("refs/heads/kept")
    report = reaper(stack("gone"), stack("kept"), Stack("etl-prod"), Stack("etl-prod-dr")).run(later(1), dry_run=False)
    assert report.removed == [slugs.suffix("gone")]
    assert aws.cloudformation.deleted == [f"etl-{slugs.suffix('gone')}"]
    assert f"{slugs.suffix('gone')}: the repository has no branch gone" in told


def test_a_stage_that_outlived_its_time_goes_though_its_branch_is_there(git, reaper):
    git.update("refs/heads/kept")
    assert reaper(stack("kept")).run(later(71), dry_run=False).removed == []
    assert reaper(stack("kept")).run(later(72), dry_run=False).removed == [slugs.suffix("kept")]


def test_a_list_without_the_pipelines_own_branch_is_not_believed(aws, git, reaper):
    git.update("refs/heads/other")
    git.delete("refs/heads/main")
    with pytest.raises(BranchListDoubtful, match="lacks main"):
        reaper(stack("gone")).run(later(1), dry_run=False)
    assert aws.cloudformation.deleted == []


def test_a_dry_run_removes_nothing(aws, reaper):
    report = reaper(stack("gone")).run(later(1), dry_run=True)
    assert (list(report.due), report.removed, aws.cloudformation.deleted) == ([slugs.suffix("gone")], [], [])


def test_a_stage_that_another_build_works_on_is_left_to_it(aws, reaper):
    with Locks(aws.dynamodb, LOCKS, "deploying").hold(slugs.suffix("gone"), 0):
        report = reaper(stack("gone"), stack("gone-too")).run(later(1), dry_run=False)
    assert (report.busy, report.removed) == ([slugs.suffix("gone")], [slugs.suffix("gone-too")])


def test_a_branch_that_was_pushed_again_meanwhile_keeps_its_stage(aws, git, reaper, told):
    class PushedMeanwhile(Locks):
        def hold(self, suffix, wait_seconds):
            git.update("refs/heads/back")
            return super().hold(suffix, wait_seconds)

    made = reaper(stack("back"))
    late = Reaper(aws, made.repository, "main", PushedMeanwhile(aws.dynamodb, LOCKS, "reaper"), made.teardown, made.tell)
    assert late.run(later(1), dry_run=False).removed == []
    assert told[-1] == f"{slugs.suffix('back')}: is not due any more"


def test_one_stage_that_cannot_go_does_not_save_the_others(reaper):
    blocked = {"LogicalResourceId": "R", "ResourceType": "AWS::IAM::Role", "ResourceStatusReason": "no"}
    report = reaper(stack("a", blocked=[[blocked]] * 9), stack("b")).run(later(1), dry_run=False)
    assert report.removed == [slugs.suffix("b")]
    assert list(report.failed) == [slugs.suffix("a")]
    assert "R (AWS::IAM::Role): no" in report.failed[slugs.suffix("a")]


def test_what_is_left_without_a_stack_is_found(aws, git, reaper):
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/etl-x-{slugs.suffix('gone')}")
    git.update("refs/heads/gone")
    report = reaper().run(later(1), dry_run=False)
    assert report.removed == [slugs.suffix("gone")]
    assert report.due == {slugs.suffix("gone"): "its stack is gone and resources are left"}


def test_time_runs_from_the_last_deployment_and_no_time_to_live_is_for_ever():
    cloudformation = CloudFormation(stack("a", hours=None), stack("b", hours="x; rm"), stack("c", hours="1"))
    stages = branch_stages(cloudformation)
    assert [stage.time_to_live for stage in stages] == [None, None, timedelta(hours=1)]
    alive = {stage.suffix for stage in stages}
    assert [found.suffix for found in due(stages, alive, BEGAN + timedelta(days=999))] == [slugs.suffix("c")]
