"""What the app is made of: the pipeline and the stages that it deploys."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Annotations, App

from pipeline.settings import Settings
from stages.etl_stage import EtlStage

#: AWS's dates for the Python 3.9 runtime (E12).
RUNTIME_DATES = {"3.9": "functions can be created until 2027-02-01 and updated until 2027-03-03; set ledgerline.runtime to 3.13 before"}


def build(app: App, settings: Settings, *, layer_path: Path) -> None:
    """Put everything that *settings* ask for under *app*."""
    for target in settings.targets:
        EtlStage(app, target=target, settings=settings.runtime, layer_path=layer_path)
    _warn_of_runtime(app, settings.runtime.runtime)


def _warn_of_runtime(app: App, runtime: str) -> None:
    if runtime in RUNTIME_DATES:
        Annotations.of(app).add_warning_v2("ledgerline:runtime", f"Python {runtime} on Lambda is deprecated: {RUNTIME_DATES[runtime]}")
