"""The emulator's own process: fix the gaps, then serve. Started by :mod:`local.emulator`, which sets the environment."""

from __future__ import annotations

from local.gaps import fix_all


def main() -> None:
    fix_all()
    from ministack.app import main as serve  # noqa: PLC0415 — the fixes come first

    serve()


if __name__ == "__main__":
    main()
