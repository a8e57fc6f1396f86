"""cfn-lint on a template, without the accepted findings."""

from __future__ import annotations

from typing import Iterator

from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.match import Match  # type: ignore[import-untyped]

from pipeline.gates import NO_COMMAND
from pipeline.gates.accepted_findings import LINTS
from pipeline.templates import Template


def findings(template: Template, region: str) -> Iterator[str]:
    """The findings of cfn-lint on *template* in *region* that are not accepted, one line each."""
    body = template.path.read_text(encoding="utf-8")
    for match in lint(body, regions=[region]):
        if not _accepted(match, template):
            where = "/".join(map(str, match.path or []))
            yield f"{template.stack_name}/{where}: {match.rule.id} {match.message}"


def _accepted(match: Match, template: Template) -> bool:
    path = list(match.path or [])
    kind = template.resources[str(path[1])]["Type"] if len(path) > 1 and path[0] == "Resources" else ""
    return any(match.rule.id == accepted.rule and (not accepted.types or kind in accepted.types) for accepted in LINTS)


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
