"""``python -m tests.hostile``: write docs/hostile-files.md anew from the table."""

from __future__ import annotations

import argparse
import sys

from tests.hostile.document import DOCUMENT, document


def main(arguments: list[str] | None = None) -> None:
    argparse.ArgumentParser(
        prog="python -m tests.hostile",
        description="Write docs/hostile-files.md anew from the table of hostile files that the tests send.",
        epilog="example: python -m tests.hostile && git diff docs/hostile-files.md",
    ).parse_args(arguments)
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"Wrote {DOCUMENT}\n")


if __name__ == "__main__":
    main()
