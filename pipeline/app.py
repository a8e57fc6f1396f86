"""The CDK app: the pipeline and its stages, or the stage of a branch, and cdk-nag on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping

from aws_cdk import Annotations, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import Construct

from etl.guardrails import guard
from etl.target import TAGS
from pipeline import acknowledgements
from pipeline.acknowledgements import Acknowledged
from pipeline.branches.acknowledgements import builds
from pipeline.branches.target import branch_target
from pipeline.settings import Settings
from pipeline.stack import PipelineStack
from pipeline.templates import COMMIT
from runtime.formats.registry import load_contracts
from stages.branch_stage import BranchStage, BranchTarget
from stages.etl_stage import EtlStage

#: AWS's dates for runtimes that it retires (E12).
RUNTIME_DATES = {"3.9": "functions can be created until 2027-02-01 and updated until 2027-03-03; set ledgerline.runtime to 3.13 before"}


def new_app(context: Mapping[str, Any], outdir: str) -> App:
    """A new app. It loads the CDK, after ``pipeline/__init__.py`` has set its environment."""
    return App(context=context, outdir=outdir, analytics_reporting=False)


def build(app: App, settings: Settings, *, layer_path: Path, commit: str | None = None) -> None:
    """Add the pipeline and all stages of *settings* to *app*; raise ContractInvalid for an invalid contract (G3).

    Each stage's template names the *commit* that it was made from (``docs/adr/0012``).
    """
    load_contracts()
    stages = [EtlStage(app, target=target, settings=settings.runtime, layer_path=layer_path) for target in settings.targets]
    if commit:
        for stage in stages:
            stage.etl.template_options.metadata = {COMMIT: commit}
    PipelineStack(app, settings=settings.pipeline, stages=stages, branches=settings.branches)
    guard(app, suffix=settings.pipeline.suffix, tags=TAGS)
    warn_of_runtime(app, settings.runtime.runtime)


def build_branch(app: App, settings: Settings, branch: str, *, layer_path: Path) -> BranchTarget:
    """Add only the stage of *branch* to *app* (D6); raise BranchRefused, SettingsError, ContractInvalid."""
    load_contracts()
    target = branch_target(branch, settings)
    BranchStage(app, target=target, settings=settings.runtime, layer_path=layer_path)
    warn_of_runtime(app, settings.runtime.runtime)
    return target


def accepted_findings(app: App, settings: Settings) -> list[Acknowledged]:
    """All accepted findings of cdk-nag for these *settings*, in the order of the stacks."""
    stages = [finding for target in settings.targets for finding in acknowledgements.stage(target)]
    branches = builds(settings.pipeline) if settings.branches else ()
    return [*stages, *acknowledgements.pipeline_stacks(app, settings), *branches]


def judge(app: App, accepted: Iterable[Acknowledged]) -> None:
    """Run cdk-nag when *app* is synthesized; a finding that is not *accepted* stops the synthesis (D8)."""
    acknowledgements.acknowledge(app, accepted)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def warn_of_runtime(scope: Construct, runtime: str) -> None:
    if runtime in RUNTIME_DATES:
        Annotations.of(scope).add_warning_v2("ledgerline:runtime", f"Python {runtime} on Lambda is deprecated: {RUNTIME_DATES[runtime]}")
