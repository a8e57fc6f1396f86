from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from ops.follow import Progress
from ops.live import upload_bar, watch


def _looks() -> list[Progress]:
    def chunk(status: str) -> dict[str, Any]:
        return {"status": status, "start": 0, "end": 5_000_000, "rows_accepted": 90, "rows_rejected": 10}

    return [
        Progress(None, (), 0.0),
        *(
            Progress({"file_status": "PROCESSING", "chunks": 20}, (chunk("DONE"),) * done + (chunk("RUNNING"),) * (20 - done), 1.0 + done)
            for done in range(21)
        ),
        Progress({"file_status": "SUCCEEDED", "chunks": 20}, (chunk("DONE"),) * 20, 25.0),
    ]


def test_a_log_gets_a_line_for_each_state_and_each_tenth_of_the_chunks() -> None:
    console = Console(file=io.StringIO(), width=200)
    assert watch(console, _looks()).status == "SUCCEEDED"
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split()[0] for line in lines] == ["WAITING", *["PROCESSING"] * 11, "SUCCEEDED"]
    assert lines[-1] == "SUCCEEDED   20/20 chunks · 1,800 accepted · 200 rejected · 4.0 MB/s · 25.0 s"


def test_what_was_done_before_counts_in_no_rate() -> None:
    """After a redrive the first look already finds chunks that are done: nobody saw how long they took."""
    console = Console(file=io.StringIO(), width=200)
    watch(console, [Progress(look.file, look.chunks, 0.001 * index) for index, look in enumerate(_looks()[-1:] * 2)])
    watch(console, [Progress(look.file, look.chunks, seconds) for look, seconds in zip(_looks()[11:13], (0.0, 1.0))])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.count("/s") for line in lines[:-1]] == [0] * (len(lines) - 1)
    assert lines[0].startswith("SUCCEEDED   20/20 chunks")


def test_a_rate_counts_what_was_done_since_the_first_look() -> None:
    console = Console(file=io.StringIO(), width=200)
    watch(console, [Progress(look.file, look.chunks, seconds) for look, seconds in zip(_looks()[11:14:2], (0.0, 2.0))])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert "/s" not in lines[0]
    assert "12/20 chunks" in lines[1]
    assert "5.0 MB/s" in lines[1]


def test_a_terminal_is_redrawn_in_place_and_left_clean() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    assert watch(console, _looks()).status == "SUCCEEDED"
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "20/20 chunks" in shown
    assert shown.endswith("\x1b[2K")


def test_the_upload_says_what_went_and_never_trusts_a_name() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    with upload_bar(console, "[red]a\x1b[2J.csv", 1_500_000) as advance:
        advance(1_500_000)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Uploaded [red]a\\x1b[2J.csv (1.5 MB)" in shown
    assert "\x1b[2J" not in shown
