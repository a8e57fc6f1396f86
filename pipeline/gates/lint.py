"""cfn-lint over a template, with the findings that stand."""

from __future__ import annotations

from typing import Iterator

from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.match import Match  # type: ignore[import-untyped]

from pipeline.gates import NO_COMMAND
from pipeline.gates.assembly import Template
from pipeline.gates.standing import LINTS


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
    return any(match.rule.id == standing.rule and (not standing.types or kind in standing.types) for standing in LINTS)


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
