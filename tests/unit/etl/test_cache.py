"""What is kept to be fast is bounded: the newest few by their last use, and nothing that another process may be using."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from etl.cache import keep_newest, prune, publish


def made(directory: Path, name: str, hours_old: float, *, file: bool = False) -> Path:
    entry = directory / name
    if file:
        entry.write_text("x")
    else:
        entry.mkdir()
        (entry / "inside").write_text("x")
    used = time.time() - hours_old * 3600
    os.utime(entry, (used, used))
    return entry


def names(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir()}


def test_what_was_used_last_stays(tmp_path: Path) -> None:
    for name, hours in {"a": 9, "b": 8, "c": 7, "d": 6}.items():
        made(tmp_path, name, hours, file=name == "b")
    prune(tmp_path, 2)
    assert names(tmp_path) == {"c", "d"}


def test_use_counts_not_age(tmp_path: Path) -> None:
    entries = [made(tmp_path, name, hours) for name, hours in {"a": 9, "b": 8, "c": 7}.items()]
    keep_newest(entries[0], 2)
    assert names(tmp_path) == {"a", "c"}


def test_what_was_used_within_an_hour_stays_however_many_there_are(tmp_path: Path) -> None:
    for number in range(5):
        made(tmp_path, str(number), 0.5)
    prune(tmp_path, 2)
    assert len(names(tmp_path)) == 5


def test_what_is_being_made_stays_and_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    made(tmp_path, ".building-new", 0.1)
    made(tmp_path, ".building-old", 2)
    for name in "ab":
        made(tmp_path, name, 5)
    prune(tmp_path, 2)
    assert names(tmp_path) == {".building-new", "a", "b"}


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    cache, target = tmp_path / "cache", tmp_path / "target"
    cache.mkdir()
    target.mkdir()
    (target / "precious").write_text("x")
    (cache / "link").symlink_to(target)
    old = time.time() - 7200
    os.utime(target, (old, old))
    prune(cache, 0)
    assert names(cache) == set()
    assert (target / "precious").exists()


def test_a_directory_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    prune(tmp_path / "none", 2)


def test_of_two_that_make_the_same_the_first_one_stays(tmp_path: Path) -> None:
    finished = made(tmp_path, "finished", 0)
    publish(made(tmp_path, ".unfinished", 0), finished)
    assert finished.is_dir()
    with pytest.raises(OSError, match="No such file"):
        publish(tmp_path / "none", tmp_path / "other")
