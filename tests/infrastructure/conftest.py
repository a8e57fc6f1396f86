"""One synth of the example settings for the whole session: templates, and what cdk-nag found before anything was acknowledged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from pipeline import settings as settings_module
from pipeline.acknowledgements import Acknowledged
from pipeline.app import accepted_findings, build
from pipeline.settings import Settings
from pipeline.templates import Template, templates

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Synthesis:
    settings: Settings
    directory: Path
    templates: dict[str, Template]
    acknowledged: list[Acknowledged]
    found: set[tuple[str, str]]

    @property
    def stage(self) -> Template:
        return self.templates["etl-prod"]

    @property
    def pipeline(self) -> Template:
        return self.templates["etl-pipeline-main"]


def synthesize(context: dict, directory: Path, damage: Callable[[App], None] = lambda _: None) -> Synthesis:
    """Synthesize with cdk-nag and without acknowledgements, what *damage* did included; the findings are read from its report."""
    layer = directory / "layer"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "library.py").write_text("")
    settings = settings_module.parse(context)
    app = App(context=context, outdir=str(directory / "cdk.out"), analytics_reporting=False)
    build(app, settings, layer_path=layer)
    accepted = accepted_findings(app, settings)
    damage(app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match=r"^ValidationFailed:"):
        app.synth()
    assembly = directory / "cdk.out"
    suffixes = [settings.pipeline.suffix, *(target.suffix for target in settings.targets)]
    found = {template.stack_name: template for template in templates(assembly, suffixes)}
    return Synthesis(settings, assembly, found, accepted, _found(assembly))


def _found(assembly: Path) -> set[tuple[str, str]]:
    reports = json.loads((assembly / "validation-report.json").read_text())["pluginReports"]
    (report,) = [report for report in reports if report["pluginName"] == "AwsSolutions"]
    return {(at["constructPath"], violation["ruleName"]) for violation in report["violations"] for at in violation["violatingConstructs"]}


@pytest.fixture(scope="session")
def context() -> dict:
    return settings_module.read_context(ROOT / "cdk.json")


@pytest.fixture(scope="session")
def synthesis(context, tmp_path_factory) -> Synthesis:
    return synthesize(context, tmp_path_factory.mktemp("synthesis"))


#: The account of a target that is not the pipeline's.
OTHER_ACCOUNT = "210987654321"


@pytest.fixture(scope="session")
def accounts(context, tmp_path_factory) -> Synthesis:
    """Targets beside the pipeline, in another account of its region, and in that account elsewhere (D9)."""
    settings = context["ledgerline"]
    primary, standby = settings["targets"]
    partner = {**primary, "name": "Partner", "suffix": "partner", "account": OTHER_ACCOUNT, "approval": True}
    targets = [primary, partner, {**standby, "account": OTHER_ACCOUNT}]
    return synthesize({**context, "ledgerline": {**settings, "targets": targets}}, tmp_path_factory.mktemp("accounts"))


@pytest.fixture(scope="session", params=["synthesis", "accounts"])
def walked(request) -> Synthesis:
    """Every set of settings that the rules must hold for, one after the other."""
    found: Synthesis = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def stage(synthesis) -> Template:
    return synthesis.stage


@pytest.fixture(scope="session")
def pipeline(synthesis) -> Template:
    return synthesis.pipeline
