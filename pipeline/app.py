"""What the app is made of: the pipeline and the stages that it deploys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping

from aws_cdk import Annotations, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import Construct

from etl.guardrails import guard
from etl.target import TAGS
from pipeline.acknowledgements import Acknowledged, acknowledge
from pipeline.branches.target import branch_target
from pipeline.review.template import COMMIT
from pipeline.settings import Settings
from pipeline.stack import PipelineStack
from runtime.formats.registry import load_contracts
from stages.branch_stage import BranchStage, BranchTarget
from stages.etl_stage import EtlStage

#: AWS's dates for the Python 3.9 runtime (E12).
RUNTIME_DATES = {"3.9": "functions can be created until 2027-02-01 and updated until 2027-03-03; set ledgerline.runtime to 3.13 before"}


def new_app(context: Mapping[str, Any], outdir: str) -> App:
    """An app of its own. The CDK is loaded here and not before: ``pipeline/__init__.py`` says how."""
    return App(context=context, outdir=outdir, analytics_reporting=False)


def build(app: App, settings: Settings, *, layer_path: Path, commit: str | None = None) -> None:
    """Put everything that *settings* ask for under *app*; raise ContractInvalid for a contract that is wrong (G3).

    Each stage's template says which *commit* it was made from (``docs/adr/0012``).
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
    """Put the stage of *branch* alone under *app* (D6); raise BranchRefused, SettingsError, ContractInvalid."""
    load_contracts()
    target = branch_target(branch, settings)
    BranchStage(app, target=target, settings=settings.runtime, layer_path=layer_path)
    warn_of_runtime(app, settings.runtime.runtime)
    return target


def judge(app: App, findings: Iterable[Acknowledged]) -> None:
    """Have cdk-nag judge *app* when it is synthesized: what is found and not among *findings* stops the synth (D8)."""
    acknowledge(app, findings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def warn_of_runtime(scope: Construct, runtime: str) -> None:
    if runtime in RUNTIME_DATES:
        Annotations.of(scope).add_warning_v2("ledgerline:runtime", f"Python {runtime} on Lambda is deprecated: {RUNTIME_DATES[runtime]}")
