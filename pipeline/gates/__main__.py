"""Check templates and files: ``python -m pipeline.gates [--assembly cdk.out] [--only templates|files]``; status 0 without a finding.

It needs no network; :mod:`pipeline.gates.advisories`, which does, is a command of its own.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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
    parser.add_argument("--only", choices=("templates", "files"), help="check one of the two; both by default")
    options = parser.parse_args(arguments)
    assembly: Path = options.assembly
    try:
        regions = _regions(settings.parse(settings.read_context(ROOT / "cdk.json")), options.branch)
        stacks = templates(assembly, regions) if options.only != "files" else []
        files = tree.files(ROOT) if options.only != "templates" else []
    except (settings.SettingsError, NoAssembly, BranchRefused, tree.NoTree) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    # Half of the time is for the files: beside the templates, in a process of their own. It starts as a copy of this one.
    with ProcessPoolExecutor(1, get_context("fork")) as beside:
        of_files = beside.submit(_of_files, files)
        problems = [problem for template in stacks for problem in check(template, regions)] + of_files.result()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    checked = []
    if options.only != "files":
        checked.append(f"{len(stacks)} templates by cfn-lint, {len(rules.RULES)} rules of our own and IAM's reference of {version()}")
    if options.only != "templates":
        checked.append(f"{len(files)} files for secrets, {len(locks.python_locks(files)) + 1} locks")
    sys.stdout.write(f"{', '.join(checked)}: {len(problems)} findings\n")
    return 1 if problems else 0


def check(template: Template, regions: dict[str, str]) -> list[str]:
    """The findings of all gates on one template."""
    region = regions[template.suffix]
    return [*rules.breaches(template), *lint.findings(template, region), *iam.findings(template, region)]


def check_files(root: Path, files: Sequence[str]) -> list[str]:
    """The findings of all gates on the files of the repository."""
    return [*locks.findings(root, files), *secrets.findings(root, files)]


def _of_files(files: Sequence[str]) -> list[str]:
    """In the process beside: a name that the pool can send, looked up there."""
    return check_files(ROOT, files)


def _regions(chosen: settings.Settings, branch: str | None) -> dict[str, str]:
    """The region of each suffix. The support stacks have the pipeline's suffix, and their resources exist in every region."""
    if branch is not None:
        target = branch_target(branch, chosen)
        return {target.suffix: target.region}
    return {chosen.pipeline.suffix: chosen.pipeline.region, **{target.suffix: target.region for target in chosen.targets}}


if __name__ == "__main__":
    sys.exit(main())
