"""``git push local`` delivers: first set-up, the pipeline, branches, all from an app that is not this project's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import emulator
from local.delivery import approval
from local.delivery import execution as executions
from local.delivery.cloud import Cloud
from local.delivery.deployed import read_pipeline
from local.delivery.execution import FAILED, IN_PROGRESS, INTERRUPTED, STOPPED, SUCCEEDED
from local.delivery.remote import Push, branch_variables, make_remote, pushes
from local.errors import LocalError
from tests.unit.local.clouds import eventually
from tests.unit.local.delivery import foreign
from tests.unit.local.delivery.repositories import Repository

pytestmark = pytest.mark.dear

#: An app that writes its assembly by hand: any program may be one.
APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir()
(out / "pipeline.json").write_text(pathlib.Path("pipeline.json").read_text())
stack = {"type": "aws:cloudformation:stack", "environment": "aws://123456789012/us-east-1",
         "properties": {"templateFile": "pipeline.json", "stackName": "%s"}}
(out / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": {"Pipeline": stack}}))
"""


class Developer:
    """A person with a checkout and a remote on this machine."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.together = directory / "together"
        self.repository = Repository(directory / "checkout")
        make_remote(self.state, self.repository.directory)

    def files(self, **more: str) -> dict[str, str]:
        template = foreign.template(str(self.together))
        for prefix, said in (("deploy", "up"), ("destroy", "down")):
            spec = foreign.build_spec(f'cat suffix.txt; echo "$CODEBUILD_WEBHOOK_HEAD_REF is {said}"', "git rev-parse HEAD")
            project = foreign.project(f"etl-{prefix}-branch-main", spec)
            project["Properties"]["Source"] |= {"Type": "GITHUB", "Location": "https://github.com/some/one.git"}
            project["Properties"]["Artifacts"] = {"Type": "NO_ARTIFACTS"}
            template["Resources"][f"{prefix.title()}Branch"] = project
        pipeline = {"account": "123456789012", "region": "us-east-1", "source": {"branch": "main"}}
        settings = {"app": "python app.py", "context": {"ledgerline": {"runtime": "3.9", "pipeline": pipeline}}}
        return {**foreign.files(template), "app.py": APP % foreign.STACK, "cdk.json": json.dumps(settings), **more}

    def push(self, *refs: str) -> str:
        """What the push printed."""
        self.together.mkdir(exist_ok=True)
        for file in self.together.iterdir():
            file.unlink()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {"APPROVE": "yes"}
        command = ["git", "-C", str(self.repository.directory), "push", "local", *refs]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
        return done.stderr

    def statuses(self) -> list[str]:
        return [record.status for record in executions.records(self.state / "delivery" / foreign.PIPELINE)]


@pytest.fixture
def developer(tmp_path: Path) -> Iterator[Developer]:
    made = Developer(tmp_path)
    yield made
    emulator.stop(made.state)


def test_pushes_deliver_and_bring_branches_up_and_down(developer: Developer) -> None:
    repository = developer.repository
    repository.commit(developer.files(), "The first")
    said = developer.push("main")
    assert "remote: First set-up: deploying stack Pipeline" in said
    assert "Deploy / Verify  Succeeded" in said
    assert "What a rehearsal cannot show" in said
    assert developer.statuses() == [SUCCEEDED], said

    repository.git("checkout", "--quiet", "-b", "feature/x")
    revision = repository.commit(developer.files(**{"suffix.txt": "of the branch\n"}))
    assert "Build etl-deploy-branch-main: succeeded" in developer.push("feature/x")
    assert "Build etl-destroy-branch-main: succeeded" in developer.push("--delete", "feature/x")
    logs = {file.parent.name: file.read_text(encoding="utf-8") for file in (developer.state / "delivery" / "projects").glob("*/*.log")}
    for name, word in (("etl-deploy-branch-main", "up"), ("etl-destroy-branch-main", "down")):
        assert "of the branch" in logs[name]
        assert f"refs/heads/feature/x is {word}" in logs[name]
        assert revision.commit in logs[name]
    assert developer.statuses() == [SUCCEEDED]

    repository.git("checkout", "--quiet", "main")
    repository.commit({}, "Interrupted by hand")
    interrupted_at_the_approval(developer)
    assert developer.statuses() == [SUCCEEDED, STOPPED]
    assert executions.records(developer.state / "delivery" / foreign.PIPELINE)[-1].reason == "a person or a signal stopped it"
    assert list(approval.waiting(developer.state / "delivery")) == []

    # The emulator is killed under an execution: that one says so and ends, and the next push starts from nothing.
    repository.commit({}, "Left without an emulator")
    said = loses_its_emulator(developer)
    assert "the emulator does not answer: Could not connect to the endpoint URL" in said
    assert "Traceback" not in said
    repository.commit({"run.sh": "#!/bin/sh\nexit 9\n"})
    said = developer.push("main")
    assert "remote: First set-up: deploying stack Pipeline" in said
    assert "Build / Make: phase build: the command" in said
    assert developer.statuses() == [SUCCEEDED, STOPPED, FAILED, FAILED]

    # The execution is killed as well: the next push tells, once.
    running = emulator.running(developer.state)
    assert running is not None
    dies_in_the_middle(developer, running)
    emulator.stop(developer.state)
    repository.commit({"run.sh": "#!/bin/sh\n"})
    assert "was killed while it ran, and the emulator with it; this one starts cleanly" in developer.push("main")
    assert developer.statuses()[-2:] == [INTERRUPTED, SUCCEEDED]
    repository.commit({})
    assert "was killed" not in developer.push("main")


@contextmanager
def waiting_at_the_approval(developer: Developer) -> Iterator[subprocess.Popen[str]]:
    """A push without approving, once its execution waits."""
    for file in developer.together.iterdir():
        file.unlink()
    command = ["git", "-C", str(developer.repository.directory), "push", "--quiet", "local", "main"]
    environment = {name: value for name, value in os.environ.items() if name != "APPROVE"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as pushing:
        assert eventually(lambda: list(approval.waiting(developer.state / "delivery")), 120)
        yield pushing


def interrupted_at_the_approval(developer: Developer) -> None:
    """Press Ctrl-C while the execution waits."""
    with waiting_at_the_approval(developer) as pushing:
        os.killpg(pushing.pid, signal.SIGINT)
    (running,) = (developer.state / "delivery" / foreign.PIPELINE).glob("0002-*")
    assert eventually(lambda: not executions.is_running(running), 60)


def loses_its_emulator(developer: Developer) -> str:
    """Kill the emulator while the execution waits, then let it go on; returns what the push printed."""
    with waiting_at_the_approval(developer) as pushing:
        running = emulator.running(developer.state)
        assert running is not None
        os.killpg(running.pid, signal.SIGKILL)
        approval.decide(developer.state / "delivery", approval.APPROVED, "", None)
        return pushing.communicate(timeout=120)[1]


def dies_in_the_middle(developer: Developer, running: emulator.Emulator) -> None:
    """Leave what a process leaves that is killed in an execution: a record in progress that nobody holds, and a scratch directory."""
    pipeline = read_pipeline(Cloud(running), "us-east-1", foreign.STACK)
    scratch = developer.state / "left"
    scratch.mkdir()
    revision = developer.repository.commit({})
    home = developer.state / "delivery" / foreign.PIPELINE
    with executions.begin(home, pipeline, revision, trigger="push", emulator=running.pid, scratch=scratch) as execution:
        assert execution.record.status == IN_PROGRESS
        assert executions.records(home)[-1].status == IN_PROGRESS
    assert executions.records(home)[-1].status == INTERRUPTED


def test_a_commit_that_does_not_synthesize_is_said_in_the_push_and_the_next_one_works(developer: Developer) -> None:
    developer.repository.commit(developer.files(**{"app.py": "raise SystemExit('error: no such target')"}))
    said = developer.push("main")
    assert "remote: error: the commit does not synthesize: no such target" in said
    assert "Traceback" not in said


def test_a_branch_that_is_pushed_before_the_pipeline_exists_says_what_to_push(developer: Developer) -> None:
    developer.repository.commit(developer.files())
    assert "push the pipeline's branch first" in developer.push("main:refs/heads/feature/y")


def test_making_the_remote_again_keeps_it(developer: Developer) -> None:
    developer.repository.commit({"a": "b"})
    developer.repository.git("push", "--quiet", "local", "main:refs/tags/v1")
    bare = make_remote(developer.state, developer.repository.directory)
    assert developer.repository.git("ls-remote", "local") != ""
    assert developer.repository.git("remote", "get-url", "local") == str(bare)


def test_only_branches_start_anything() -> None:
    told = ["a b refs/tags/v1\n", f"a {'0' * 40} refs/heads/x/y\n", "\n"]
    assert pushes(told) == [Push("a", "0" * 40, "refs/heads/x/y")]
    assert pushes(told)[0].deletes
    assert pushes(told)[0].branch == "x/y"


def test_a_branch_name_is_a_value_and_nothing_else() -> None:
    assert branch_variables("$(touch x)", "PUSH")["CODEBUILD_WEBHOOK_HEAD_REF"] == "refs/heads/$(touch x)"


def test_a_checkout_that_is_no_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="remote failed: fatal: not a git repository"):
        make_remote(tmp_path / "state", tmp_path)
