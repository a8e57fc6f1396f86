"""Synthesizes the delivery pipeline and every stage that it deploys.

Run by the CDK CLI, or by hand: ``python pipeline_app.py`` writes ``cdk.out`` (or ``$CDK_OUTDIR``)
without network and without an AWS account. ``-c ledgerline.runtime=3.13`` overrides a setting.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Sequence

from aws_cdk import App

from etl.layers import LayerError, built_layer
from pipeline import settings
from pipeline.app import build, judge
from pipeline.review.template import commit_hash
from runtime.errors import ContractInvalid

ROOT = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    context = settings.read_context(ROOT / "cdk.json") | _overrides(arguments)
    # What the CLI was given (-c) comes to the app by CDK_CONTEXT_JSON, and wins there.
    app = App(context=context, outdir=os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out")), analytics_reporting=False)
    chosen = settings.parse({key: app.node.try_get_context(key) for key in (settings.KEY, *settings.OVERRIDES)})
    # In the pipeline CodeBuild says which commit it builds; elsewhere the templates do not depend on it.
    commit = commit_hash(os.environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", ""))
    build(app, chosen, layer_path=built_layer(chosen.runtime.runtime), commit=commit)
    judge(app, chosen)
    app.synth()
    return 0


def _overrides(arguments: Sequence[str] | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="pipeline_app.py", description="Synthesize the pipeline and its stages.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="for example ledgerline.runtime=3.13")
    pairs = (pair.partition("=") for pair in parser.parse_args(arguments).context)
    return {key: value for key, _, value in pairs}


def run() -> None:
    """Run :func:`main`; what is wrong with the settings, a contract or the layer ends it with one line."""
    try:
        sys.exit(main())
    except (settings.SettingsError, ContractInvalid, LayerError) as error:
        sys.exit(f"error: {error}")
    except RuntimeError as error:
        if not str(error).startswith("ValidationFailed:"):
            raise
        sys.exit("error: the synthesized stacks do not pass the checks reported above")


if __name__ == "__main__":
    run()
