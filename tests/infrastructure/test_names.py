"""Names: one function each, bounded, and apart (E15)."""

from __future__ import annotations

import pytest

from etl import names


def test_a_name_is_kind_and_suffix():
    assert names.physical("tracking", "prod") == "etl-tracking-prod"


@pytest.mark.parametrize(
    ("text", "expected"), [("ProcessChunk", "process-chunk"), ("process_chunk", "process-chunk"), ("S3 Keys!", "s3-keys")]
)
def test_any_case_becomes_kebab(text, expected):
    assert names.kebab(text) == expected


@pytest.mark.parametrize("suffix", ["prod", "prod-dr", "a", "x" * 20, "br-1"])
def test_a_suffix_is_short_and_plain(suffix):
    assert names.is_suffix(suffix)


@pytest.mark.parametrize("suffix", ["", "-a", "a-", "x" * 21, "Prod", "a_b", "a.b", "ü", "a\n"])
def test_what_could_break_a_name_is_no_suffix(suffix):
    assert not names.is_suffix(suffix)


def test_a_bucket_kind_that_leaves_no_room_is_refused():
    with pytest.raises(ValueError, match="longer than 12 characters"):
        names.bucket("artifacts", "1" * 12, "us-east-1", "prod")


def test_derived_names_are_bounded_and_stay_apart():
    long = ["Pipeline", "Source", "x" * 80, "ActionRole"]
    one, other = (names.derived([*long, last], "etl-pipeline-main", "main") for last in ("A", "B"))
    assert len(one) == len(other) == 64
    assert one != other
    assert one.startswith("etl-pipeline-pipeline-source-x")
    assert one.endswith("-main")


def test_derived_names_of_two_stacks_differ():
    assert names.derived(["Role"], "etl-pipe-eu-west-1-main", "main") == "etl-pipe-eu-west-1-role-main"
    assert names.derived(["Role"], "etl-pipeline-main", "main") == "etl-pipeline-role-main"
    assert names.derived(["Role"], "etl-prod", "prod") == "etl-role-prod"


def test_no_suffix_makes_one_stages_alarm_prefix_the_beginning_of_anothers():
    assert not names.alarm("queue-depth", "prod-dr").startswith(names.alarm_prefix("prod"))
