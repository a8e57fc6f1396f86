"""``python -m pipeline.review``: what a delivery would change, as ``review.html``, ``review.md`` and a line in ``summary.txt``.

Exit status: 0 the review is written, whatever it says, for a person decides; 2 there is nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Sequence

from pipeline import settings
from pipeline.gates.assembly import NoAssembly, templates
from pipeline.review.cost import price_table
from pipeline.review.html import html
from pipeline.review.markdown import markdown
from pipeline.review.review import Review, Subject, make
from pipeline.review.template import NotATemplate, Template, commit_hash, read

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        review = _review(options, settings.parse(settings.read_context(ROOT / "cdk.json")), datetime.now(timezone.utc).date())
    except (settings.SettingsError, NoAssembly, NotATemplate) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    options.output.mkdir(parents=True, exist_ok=True)
    text = markdown(review)
    for name, content in {"review.html": html(review), "review.md": text, "summary.txt": f"{review.summary}\n"}.items():
        (options.output / name).write_text(content, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.review", description="Compare a stage's deployed template with an assembly's."
    )
    parser.add_argument("--stage", required=True, metavar="SUFFIX", help="the target to review, by its suffix")
    parser.add_argument("--deployed", required=True, type=Path, metavar="FILE", help="the deployed template as JSON; {} when there is none")
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", metavar="DIRECTORY", help="what pipeline_app.py wrote")
    parser.add_argument("--commit", type=commit_hash, metavar="HASH", help="the commit that the assembly was made from")
    parser.add_argument("--output", type=Path, required=True, metavar="DIRECTORY", help="where the review is written")
    return parser.parse_args(arguments)


def _review(options: argparse.Namespace, chosen: settings.Settings, today: date) -> Review:
    target = next((target for target in chosen.targets if target.suffix == options.stage), None)
    if target is None:
        known = ", ".join(target.suffix for target in chosen.targets)
        raise settings.SettingsError("ledgerline.targets", f"has no suffix {options.stage!r}; choose one of {known}")
    stack = f"etl-{target.suffix}"
    found = next((template for template in templates(options.assembly, [target.suffix]) if template.stack_name == stack), None)
    if found is None:
        raise NoAssembly(f"{options.assembly} has no stack {stack}; synthesize it with these settings")
    source = chosen.pipeline.source
    repository = source.repository if source.kind == settings.GITHUB else None
    return make(
        Subject(stack=stack, region=target.region, commit=options.commit, repository=repository),
        _deployed(options.deployed),
        read(_json(found.path), str(found.path)),
        table=price_table(),
        today=today,
    )


def _deployed(path: Path) -> Template | None:
    body = _json(path)
    return read(body, str(path)) if body else None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotATemplate(f"{path} cannot be read as JSON ({error}); write it with `python -m ops template`") from error


if __name__ == "__main__":
    sys.exit(main())
