"""``python -m tests.hostile``: write the page and the table of hostile files."""

from __future__ import annotations

import argparse
import sys

from tests.hostile.document import PAGE, TABLE, page, table


def main(arguments: list[str] | None = None) -> None:
    argparse.ArgumentParser(
        prog="python -m tests.hostile",
        description="Write docs/hostile-files.md, and every case with its outcome to .ledgerline/hostile-files.md.",
        epilog="example: python -m tests.hostile && git diff docs/hostile-files.md",
    ).parse_args(arguments)
    for path, text in ((PAGE, page()), (TABLE, table())):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"Wrote {path}\n")


if __name__ == "__main__":
    main()
