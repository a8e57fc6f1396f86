"""A review as one HTML page without scripts, which the S3 console opens as it is."""

from __future__ import annotations

from html import escape
from typing import Sequence

from pipeline.review.document import Block, Link, Table, sections, title
from pipeline.review.review import Review

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #16191f; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #d5dbdb; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #f2f3f3; } td { overflow-wrap: anywhere; white-space: pre-line; font-size: .9rem; }
tr.loud td { background: #fdecea; } tr.loud td:first-child { font-weight: 600; }
"""


def html(review: Review) -> str:
    body = [f"<h1>{escape(title(review))}</h1>"]
    for section in sections(review):
        body.append(f"<h2>{escape(section.title)}</h2>")
        body += [_block(block) for block in section.blocks]
    head = (
        '<meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title(review))}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _block(block: Block) -> str:
    if isinstance(block, Table):
        header = "".join(f"<th>{escape(cell)}</th>" for cell in block.header)
        rows = "".join(_row(row, number in block.loud) for number, row in enumerate(block.rows))
        return f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    if isinstance(block, Link):
        return f'<p><a href="{escape(block.url)}" rel="noreferrer">{escape(block.label)}</a></p>'
    return f"<p>{escape(block)}</p>"


def _row(row: Sequence[str], loud: bool) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
    return f'<tr class="loud">{cells}</tr>' if loud else f"<tr>{cells}</tr>"
