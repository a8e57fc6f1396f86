"""What executes each kind of action; a kind that is not here is refused before anything runs."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local.delivery import approval
from local.delivery.approval import Request
from local.delivery.artifacts import ArtifactStore, pack
from local.delivery.cloud import Cloud
from local.delivery.cloudformation import StackAction
from local.delivery.codebuild import Build, find_project
from local.delivery.definition import Action, Pipeline
from local.delivery.errors import ActionFailed, DefinitionError
from local.delivery.execution import Execution
from local.delivery.files import write_json
from local.delivery.roles import bootstrap_advice
from local.delivery.source import PROVIDERS, Revision, provide
from local.delivery.variables import Namespaces, substitute, substitute_json

#: CodePipeline's own default for an approval is seven days; here an action that sets no time-out waits this long.
APPROVAL_MINUTES = 60


@dataclass(frozen=True)
class Policy:
    """How the person at this machine wants approvals decided."""

    approve: bool = False
    approval_minutes: int = APPROVAL_MINUTES


@dataclass(frozen=True)
class Work:
    """What an action may use. ``scratch`` is its own directory, deleted after it."""

    cloud: Cloud
    pipeline: Pipeline
    execution: Execution
    revision: Revision
    action: Action
    known: Namespaces
    store: ArtifactStore
    scratch: Path
    cache: Path
    policy: Policy
    context: Mapping[str, str]
    log: TextIO
    stop: threading.Event
    tell: Callable[[str], None]
    clock: Callable[[], float]

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The action's configuration with the pipeline's variables in it."""
        given = {name: value for name, value in self.action.configuration.items() if name != "EnvironmentVariables"}
        configuration: Mapping[str, Any] = substitute(given, self.known)
        return configuration


@dataclass(frozen=True)
class Result:
    """Variables for later actions, and a few words for the console."""

    variables: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


def perform(work: Work) -> Result:
    """Execute the action; raise ActionFailed, Stopped or DefinitionError."""
    try:
        return _performer(work.action)(work)
    except (KeyError, ValueError) as error:
        raise ActionFailed(f"its configuration cannot be used: {error!r}") from error


def refuse_unknown(pipeline: Pipeline) -> None:
    """Raise DefinitionError for the first action that nothing here executes."""
    for action in pipeline.actions:
        _performer(action)


def _performer(action: Action) -> Callable[[Work], Result]:
    kind = (action.category, action.owner, action.provider)
    if kind not in _PERFORMERS:
        known = ", ".join("/".join(each) for each in _PERFORMERS)
        raise DefinitionError(f"{action.label} is of kind {'/'.join(kind)}, which is not rehearsed; these are: {known}")
    return _PERFORMERS[kind]


def _source(work: Work) -> Result:
    variables = provide(work.action, work.revision)
    archive = work.scratch / "source.zip"
    work.revision.archive(archive)
    for name in work.action.outputs:
        work.store.put(name, archive)
    return Result(variables, f"{work.revision.commit[:8]} {work.revision.message}")


def _build(work: Work) -> Result:
    configuration = work.configuration
    if configuration.get("BatchEnabled", "false").lower() == "true":
        raise ActionFailed("batch builds are not rehearsed")
    primary = configuration.get("PrimarySource") or next(iter(work.action.inputs), "")
    names = sorted(work.action.inputs, key=lambda name: name != primary)
    build = Build(
        project=find_project(work.cloud, configuration["ProjectName"], work.action.region),
        cloud=work.cloud,
        scratch=work.scratch,
        cache=work.cache,
        log=work.log,
        stop=work.stop,
        environment=substitute_json(work.action.configuration.get("EnvironmentVariables") or "[]", work.known),
        facts={
            "CODEBUILD_INITIATOR": f"codepipeline/{work.pipeline.name}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": work.revision.commit,
            **({"CDK_CONTEXT_JSON": json.dumps(dict(work.context))} if work.context else {}),
        },
        tell=work.tell,
    )
    try:
        outputs, variables = build.run({name: _fetcher(work, name) for name in names}, work.action.outputs)
    except ActionFailed as failed:
        advice = bootstrap_advice(work.execution.log_file(work.action).read_text(encoding="utf-8", errors="replace"), work.cloud.account)
        raise ActionFailed(f"{failed}. {advice}") if advice else failed from None
    _give(work, outputs)
    return Result(variables)


def _deploy_stack(work: Work) -> Result:
    inputs = {name: work.scratch / name for name in work.action.inputs}
    for name, directory in inputs.items():
        _fetcher(work, name)(directory)
    said = ""

    def tell(words: str) -> None:
        nonlocal said
        said = words
        work.tell(words)

    account = _account(work.action.role)
    action = StackAction(
        client=work.cloud.client("cloudformation", work.action.region, account),
        account=account,
        region=work.action.region,
        configuration=work.configuration,
        inputs=inputs,
        store=work.store,
        log=work.log,
        stop=work.stop,
        tell=tell,
    )
    outputs = action.run()
    output_file = work.configuration.get("OutputFileName")
    if output_file and work.action.outputs:
        _give(work, {name: {output_file: _json_file(work.scratch, outputs)} for name in work.action.outputs})
    return Result(outputs, said)


def _approve(work: Work) -> Result:
    configuration = work.configuration
    minutes = work.action.timeout_minutes or work.policy.approval_minutes
    request = Request(
        pipeline=work.pipeline.name,
        execution=work.execution.record.id,
        stage=work.action.stage,
        action=work.action.name,
        custom_data=configuration.get("CustomData", ""),
        review_url=configuration.get("ExternalEntityLink", ""),
        commit=work.revision.commit,
        expires=approval.expiry(minutes, work.clock()),
        file=str(work.execution.approval_file(work.action)),
    )
    topic = configuration.get("NotificationArn")
    if topic:
        approval.publish(work.cloud.client("sns", work.action.region), topic, request, work.action.region)
    for line in (request.custom_data, request.review_url):
        if line:
            work.log.write(f"{line}\n")
            work.tell(line)
    if work.policy.approve:
        return Result(summary="approved by APPROVE=yes")
    work.tell(f"waits up to {minutes} minutes; from another shell: python -m local approve, or reject ({request.execution})")
    return Result(summary=approval.wait_for_decision(request, work.stop, work.clock))


_PERFORMERS: Mapping[tuple[str, str, str], Callable[[Work], Result]] = {
    **{("Source", "AWS", provider): _source for provider in PROVIDERS},
    ("Build", "AWS", "CodeBuild"): _build,
    ("Test", "AWS", "CodeBuild"): _build,
    ("Deploy", "AWS", "CloudFormation"): _deploy_stack,
    ("Approval", "AWS", "Manual"): _approve,
}


def _fetcher(work: Work, name: str) -> Callable[[Path], None]:
    return lambda directory: work.store.fetch(name, work.action.region, directory)


def _give(work: Work, outputs: Mapping[str, Mapping[str, Path]]) -> None:
    for name, files in outputs.items():
        archive = work.scratch / f"{name}.zip"
        pack(files, archive)
        work.store.put(name, archive)
        archive.unlink()


def _account(role: str | None) -> str | None:
    """An action acts in the account of its role."""
    return role.split(":")[4] if role else None


def _json_file(scratch: Path, content: Mapping[str, str]) -> Path:
    path = scratch / "output.json"
    write_json(path, dict(content))
    return path


def clean(scratch: Path) -> None:
    """Delete a scratch directory; a build may have left files without the right to delete them."""
    for directory in [scratch, *(path for path in scratch.rglob("*") if path.is_dir() and not path.is_symlink())]:
        directory.chmod(0o700)
    shutil.rmtree(scratch)
