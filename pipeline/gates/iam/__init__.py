"""IAM lint: what a policy says, held against what IAM knows of actions, resources and condition keys."""

from __future__ import annotations

from typing import Iterator

from pipeline.gates.assembly import Template
from pipeline.gates.iam import checks
from pipeline.gates.standing import POLICIES


def findings(template: Template, region: str) -> Iterator[str]:
    """What is wrong with the policies of *template* and does not stand, one line each."""
    for finding in checks.findings(template, region):
        holder = finding.holder.removesuffix(f"-{template.suffix}")
        if not any(standing.covers(holder, finding.rule, finding.about) for standing in POLICIES):
            yield f"{template.stack_name}/{finding}"
