"""cfn-lint over a template, with the findings that stand."""

from __future__ import annotations

from typing import Callable, Iterator, Mapping

from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.match import Match  # type: ignore[import-untyped]

from pipeline.gates.assembly import Template

#: Rule id to what it may be found at (a resource's type), and why it stands there.
STANDING: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "W3005": (lambda _: True, "The CDK says twice that a resource depends on its role; once would do, twice does no harm"),
    "W2531": (lambda kind: kind == "AWS::Lambda::Function", "Requirement E12 fixes the runtime, and the synth warns of its dates"),
    "E3703": (lambda kind: kind == "AWS::CodePipeline::Pipeline", "A matter of style in what the CDK writes for the pipeline's roles"),
}


def findings(template: Template, region: str) -> Iterator[str]:
    """What cfn-lint says of *template* in *region* and does not stand, one line each."""
    body = template.path.read_text(encoding="utf-8")
    for match in lint(body, regions=[region]):
        if not _stands(match, template):
            where = "/".join(map(str, match.path or []))
            yield f"{template.stack_name}/{where}: {match.rule.id} {match.message}"


def _stands(match: Match, template: Template) -> bool:
    path = list(match.path or [])
    kind = template.resources[str(path[1])]["Type"] if len(path) > 1 and path[0] == "Resources" else ""
    standing = STANDING.get(match.rule.id)
    return standing is not None and standing[0](kind)
