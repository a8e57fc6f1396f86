"""``python -m pipeline.gates [--assembly cdk.out]``: exit status 0 when every template passes every gate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from pipeline import settings
from pipeline.gates import lint, rules
from pipeline.gates.assembly import NoAssembly, Template, templates

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.gates", description="Check every template of a cloud assembly.")
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", metavar="DIRECTORY", help="what pipeline_app.py wrote")
    assembly: Path = parser.parse_args(arguments).assembly
    try:
        regions = _regions(settings.parse(settings.read_context(ROOT / "cdk.json")))
        found = templates(assembly, regions)
    except (settings.SettingsError, NoAssembly) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    problems = [problem for template in found for problem in check(template, regions)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"{len(found)} templates, {len(rules.RULES)} rules and cfn-lint: {len(problems)} findings\n")
    return 1 if problems else 0


def check(template: Template, regions: dict[str, str]) -> list[str]:
    """All findings of all gates on one template."""
    return [*rules.breaches(template), *lint.findings(template, regions[template.suffix])]


def _regions(chosen: settings.Settings) -> dict[str, str]:
    """Region by suffix; resources of the support stacks are in every region alike."""
    return {chosen.pipeline.suffix: chosen.pipeline.region, **{target.suffix: target.region for target in chosen.targets}}


if __name__ == "__main__":
    sys.exit(main())
