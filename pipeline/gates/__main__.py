"""``python -m pipeline.gates [--assembly cdk.out]``: exit status 0 when every template passes every gate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from pipeline import settings
from pipeline.branches.target import branch_target
from pipeline.gates import lint, rules
from pipeline.gates.assembly import NoAssembly, Template, templates
from pipeline.slugs import BranchRefused

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.gates", description="Check every template of a cloud assembly.")
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", metavar="DIRECTORY", help="what pipeline_app.py wrote")
    parser.add_argument("--branch", metavar="NAME", help="the branch that the assembly was synthesized for, if it was for one")
    options = parser.parse_args(arguments)
    assembly: Path = options.assembly
    try:
        regions = _regions(settings.parse(settings.read_context(ROOT / "cdk.json")), options.branch)
        found = templates(assembly, regions)
    except (settings.SettingsError, NoAssembly, BranchRefused) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    problems = [problem for template in found for problem in check(template, regions)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"{len(found)} templates, {len(rules.RULES)} rules and cfn-lint: {len(problems)} findings\n")
    return 1 if problems else 0


def check(template: Template, regions: dict[str, str]) -> list[str]:
    """All findings of all gates on one template."""
    return [*rules.breaches(template), *lint.findings(template, regions[template.suffix])]


def _regions(chosen: settings.Settings, branch: str | None) -> dict[str, str]:
    """Region by suffix; resources of the support stacks are in every region alike."""
    if branch is not None:
        target = branch_target(branch, chosen)
        return {target.suffix: target.region}
    return {chosen.pipeline.suffix: chosen.pipeline.region, **{target.suffix: target.region for target in chosen.targets}}


if __name__ == "__main__":
    sys.exit(main())
