"""``python -m pipeline.review``: what a delivery would change, as ``review.html``, ``review.md`` and a line in ``summary.txt``.

Exit status: 0 the review is written, whatever it says; 2 there is nothing to compare.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Sequence

from etl import names
from pipeline import settings
from pipeline.json_file import Unreadable, read_json
from pipeline.review.cost import price_table
from pipeline.review.document import html, markdown
from pipeline.review.review import Review, Subject, make
from pipeline.templates import NoAssembly, NotATemplate, Template, commit_hash, read, templates

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
    stack = names.stack(target.suffix)
    template = next((each for each in templates(options.assembly, [target.suffix]) if each.stack_name == stack), None)
    if template is None:
        raise NoAssembly(f"{options.assembly} has no stack {stack}; synthesize it with these settings")
    source = chosen.pipeline.source
    repository = source.repository if source.kind == settings.GITHUB else None
    return make(
        Subject(stack=stack, region=target.region, commit=options.commit, repository=repository),
        _deployed(options.deployed),
        template,
        table=price_table(),
        today=today,
    )


def _deployed(path: Path) -> Template | None:
    try:
        body = read_json(path)
    except Unreadable as error:
        raise NotATemplate(f"{path} cannot be read as JSON ({error}); write it with `python -m ops template`") from error
    return read(body, str(path)) if body else None


if __name__ == "__main__":
    sys.exit(main())
