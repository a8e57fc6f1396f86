"""``python -m pipeline.gates [--assembly cdk.out]``: exit status 0 when every template and every file passes every gate.

It needs no network; :mod:`pipeline.gates.advisories`, which does, is a command of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from pipeline import settings
from pipeline.branches.target import branch_target
from pipeline.gates import lint, locks, rules, secrets, tree
from pipeline.gates.iam import checks as iam
from pipeline.gates.iam.reference import version
from pipeline.slugs import BranchRefused
from pipeline.templates import NoAssembly, Template, templates

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.gates", description="Check every template of a cloud assembly, and the files it is made from."
    )
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", metavar="DIRECTORY", help="what pipeline_app.py wrote")
    parser.add_argument("--branch", metavar="NAME", help="the branch that the assembly was synthesized for, if it was for one")
    options = parser.parse_args(arguments)
    assembly: Path = options.assembly
    try:
        regions = _regions(settings.parse(settings.read_context(ROOT / "cdk.json")), options.branch)
        stacks = templates(assembly, regions)
        files = tree.files(ROOT)
    except (settings.SettingsError, NoAssembly, BranchRefused, tree.NoTree) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    problems = [problem for template in stacks for problem in check(template, regions)] + check_files(ROOT, files)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(
        f"{len(stacks)} templates by cfn-lint, {len(rules.RULES)} rules of our own and IAM's reference of {version()}, "
        f"{len(files)} files for secrets, {len(locks.python_locks(files)) + 1} locks: {len(problems)} findings\n"
    )
    return 1 if problems else 0


def check(template: Template, regions: dict[str, str]) -> list[str]:
    """The findings of all gates on one template."""
    region = regions[template.suffix]
    return [*rules.breaches(template), *lint.findings(template, region), *iam.findings(template, region)]


def check_files(root: Path, files: Sequence[str]) -> list[str]:
    """The findings of all gates on the files of the repository."""
    return [*locks.findings(root, files), *secrets.findings(root, files)]


def _regions(chosen: settings.Settings, branch: str | None) -> dict[str, str]:
    """The region of each suffix. The support stacks have the pipeline's suffix, and their resources exist in every region."""
    if branch is not None:
        target = branch_target(branch, chosen)
        return {target.suffix: target.region}
    return {chosen.pipeline.suffix: chosen.pipeline.region, **{target.suffix: target.region for target in chosen.targets}}


if __name__ == "__main__":
    sys.exit(main())
