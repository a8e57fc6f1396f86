"""Any branch name becomes a bounded, plain suffix that is no other's (D6)."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import names
from pipeline import slugs

LONGEST_REGION = "ap-southeast-2"
HOSTILE = (
    "../../main",
    "main",
    "prod",
    "prod-dr",
    "br-prod",
    "feature/A",
    "feature-a",
    "feature/a",
    "🚀/🚀",
    "$(rm -rf ~)",
    "-c",
    "a" * 200,
    "x/" * 100 + "y",
    "' OR 1=1",
    "émile",
    "e\u0301mile",
    "---",
    "refs/heads/main",
    "A",
    "a-559aead0",
)


def thousands() -> list[str]:
    """10,000 names, most of them near each other; the seed is fixed, since 32 bits of hash are not collision-free by proof."""
    rng = random.Random(20261120)
    found = set(HOSTILE)
    alphabet = string.ascii_letters + string.digits + "/-_.#é🚀"
    for number in range(3_000):
        found |= {f"feature/{number}", f"Feature/{number}", f"feature-{number}"}
    while len(found) < 10_000:
        found.add("".join(rng.choices(alphabet, k=rng.randint(1, 200))))
    return sorted(found)


def test_ten_thousand_names_do_not_meet_and_break_no_limit():
    branches = thousands()
    suffixes = [slugs.suffix(branch) for branch in branches]
    assert len(branches) == 10_000
    assert len(set(suffixes)) == len(suffixes)
    assert all(names.is_suffix(suffix) and slugs.is_branch_suffix(suffix) for suffix in suffixes)
    longest = max(suffixes, key=len)
    assert len(longest) == 19
    assert all(len(names.bucket(kind, "1" * 12, LONGEST_REGION, longest)) <= 63 for kind in ("data", "logs", "x" * 8))


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300))
def test_any_text_is_a_name(branch):
    suffix = slugs.suffix(branch)
    assert names.is_suffix(suffix)
    assert slugs.is_branch_suffix(suffix)
    assert suffix.endswith(slugs.digest(branch)[:8])
    assert slugs.suffix_in(names.physical("tracking", suffix)) == suffix


@pytest.mark.parametrize("target", ["main", "prod", "prod-dr"])
def test_no_branch_has_the_suffix_of_another_stage(target):
    assert slugs.suffix(target) != target
    assert not slugs.is_branch_suffix(target)


def test_the_word_is_the_names_last_part():
    assert slugs.slug("feature/ABC-123-imports").startswith("abc-123-")
    assert slugs.slug("🚀") == slugs.digest("🚀")[:8]


@pytest.mark.parametrize(("branch", "said"), [("", "is empty"), ("caf\udce9", "is not UTF-8")])
def test_a_name_that_can_have_no_stage_is_refused_in_one_line(branch, said):
    with pytest.raises(slugs.BranchRefused) as raised:
        slugs.suffix(branch)
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("branch", HOSTILE)
def test_a_tags_value_takes_any_name(branch):
    import re

    assert re.fullmatch(r"[A-Za-z0-9_.:/=+@ -]{1,256}", slugs.label(branch))


@pytest.mark.parametrize(
    "name",
    [
        "etl-tracking-{}",
        "etl-{}",
        "etl-results-{}.fifo",
        "/etl/{}/chunk-bytes",
        "etl-{}/queue-depth-{}",
        "/aws/lambda/etl-process-chunk-{}",
        "alias/etl-alerts-{}",
        "arn:aws:sns:us-east-1:123456789012:etl-alerts-{}",
        "http://localhost:4566/123456789012/etl-results-{}.fifo",
        "etl-data-123456789012-us-east-1-{}",
    ],
)
@pytest.mark.parametrize("branch", ["feature/x", "br-1", "🚀", "br", "a-b-c-d"])
def test_the_suffix_is_found_in_a_name(name, branch):
    suffix = slugs.suffix(branch)
    assert slugs.suffix_in(name.replace("{}", suffix)) == suffix


@pytest.mark.parametrize(
    "name",
    [
        "etl-tracking-prod",
        "etl-tracking-prod-dr",
        "etl-deploy-branch-main",
        "etl-branch-locks-main",
        "other-br-x-01234567",
        "etl-tracking-br-x-01234567-more",
        "etl-tracking-br-x-0123456g",
        "cdk-ledgerbr-assets-123456789012-us-east-1",
        "/aws/lambda/etl-process-chunk-prod",
        "metl-x-br-01234567",
    ],
)
def test_what_is_not_a_branchs_has_no_suffix(name):
    assert slugs.suffix_in(name) is None
