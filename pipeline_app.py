"""Synthesizes the delivery pipeline and every stage that it deploys.

Run by the CDK CLI, or by hand: ``python pipeline_app.py`` writes ``cdk.out`` (or ``$CDK_OUTDIR``)
without network and without an AWS account. ``-c ledgerline.runtime=3.13`` overrides a setting;
``-c branch=NAME`` synthesizes only the stage of that branch.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Sequence

from etl.layers import LayerError, archive, built_layer
from pipeline import acknowledgements, settings
from pipeline.app import accepted_findings, build, build_branch, judge, new_app
from pipeline.slugs import BranchRefused
from pipeline.templates import commit_hash
from runtime.core.errors import ContractInvalid

ROOT = Path(__file__).resolve().parent
#: The context key with the name of a branch whose stage is synthesized instead.
BRANCH = "branch"


def main(arguments: Sequence[str] | None = None) -> int:
    context = settings.read_context(ROOT / "cdk.json") | _overrides(arguments)
    # The CLI passes its own -c options to the app in CDK_CONTEXT_JSON, which takes precedence.
    app = new_app(context, os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out")))
    chosen = settings.parse({key: app.node.try_get_context(key) for key in (settings.KEY, *settings.OVERRIDES)})
    layer, branch = archive(built_layer(chosen.runtime.runtime)), app.node.try_get_context(BRANCH)
    if branch is None:
        # CodeBuild names the commit in the pipeline. Elsewhere the templates do not depend on it.
        commit = commit_hash(os.environ.get("CODEBUILD_RESOLVED_SOURCE_VERSION", ""))
        build(app, chosen, layer_path=layer, commit=commit)
        judge(app, accepted_findings(app, chosen))
    else:
        target = build_branch(app, chosen, str(branch), layer_path=layer)
        judge(app, acknowledgements.stage(target))
    app.synth()
    return 0


def _overrides(arguments: Sequence[str] | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="pipeline_app.py", description="Synthesize the pipeline and its stages.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="for example ledgerline.runtime=3.13")
    given: list[str] = parser.parse_args(arguments).context
    for pair in given:
        if "=" not in pair:
            parser.error(f"-c {pair}: write KEY=VALUE")
    overrides: dict[str, Any] = dict(pair.split("=", 1) for pair in given)
    # An unknown name would be ignored silently.
    names = {*overrides, *json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))}
    unknown = sorted(name for name in names if name.startswith(f"{settings.KEY}.") and name not in settings.OVERRIDES)
    if unknown:
        parser.error(f"-c {unknown[0]}: no such setting can be overridden; there are {', '.join(settings.OVERRIDES)}")
    return overrides


def run() -> None:
    """Run :func:`main`; an error in the settings, a contract or the layer ends it with one line."""
    try:
        sys.exit(main())
    except (settings.SettingsError, BranchRefused, ContractInvalid, LayerError) as error:
        sys.exit(f"error: {error}")
    except RuntimeError as error:
        if not str(error).startswith("ValidationFailed:"):
            raise
        sys.exit("error: the synthesized stacks do not pass the checks reported above")


if __name__ == "__main__":
    run()
