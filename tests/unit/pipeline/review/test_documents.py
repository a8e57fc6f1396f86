"""The review as people read it (D5)."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from pipeline.review.cost import price_table
from pipeline.review.document import html, markdown
from pipeline.review.review import Subject, make
from pipeline.templates import NotATemplate, read
from tests.unit.pipeline.review.templates import policy, role, statement, template

OLD, NEW = "a" * 40, "b" * 40


def review(before, after, repository="example/ledgerline", commit=NEW):
    subject = Subject("etl-prod-dr", "eu-west-1", commit, repository)
    return make(subject, before, after, table=price_table(), today=date(2026, 12, 1))


def changed():
    before = template(
        OLD,
        Data=("AWS::S3::Bucket", {}),
        F=("AWS::Lambda::Function", {"MemorySize": 1}),
        **role(),
        **policy(statement("s3:GetObject", "a")),
    )
    after = template(
        NEW,
        Board=("AWS::CloudWatch::Dashboard", {}),
        F=("AWS::Lambda::Function", {"MemorySize": 2}),
        **role(),
        **policy(statement("s3:*", "*")),
    )
    return review(before, after)


def test_the_summary_says_data_then_changes_then_permissions_then_money():
    assert changed().summary == ("DATA AT RISK in Data; 1 removed, 2 changed, 1 added; permissions broadened for 1; +$3.00 a month")


def test_the_summary_of_no_change_says_so():
    same = template(OLD, F=("AWS::Lambda::Function", {}))
    assert review(same, same).summary == "no resource changes; no permission broadened; $0.00 a month"


def test_the_summary_fits_the_words_of_an_approval():
    before = template(OLD, **{f"Bucket{number}{'x' * 100}": ("AWS::S3::Bucket", {}) for number in range(200)})
    assert len(review(before, template(NEW)).summary) < 800  # CodePipeline takes 1,000 characters


def test_the_commit_range_is_linked_where_both_ends_are_known():
    assert changed().compare_url == f"https://github.com/example/ledgerline/compare/{OLD}...{NEW}"
    assert review(template(), template()).compare_url == f"https://github.com/example/ledgerline/commit/{NEW}"
    assert review(template(OLD), template(NEW), repository=None).compare_url is None
    assert review(template(OLD), template(NEW)).commits == f"{OLD}...{NEW}"
    assert review(template(), template(), commit=None).commits == "unknown...unknown"


def test_a_first_delivery_says_that_it_is_the_first():
    first = review(None, template(NEW, Data=("AWS::S3::Bucket", {})))
    assert first.summary.startswith("first delivery; 1 added")
    assert first.commits == f"{NEW} (first delivery)"


@pytest.mark.parametrize("render", [markdown, html])
def test_both_documents_have_every_part_in_order(render):
    text = render(changed())
    titles = ["Summary", "Removed, replaced and changed", "Added", "Permissions broadened", "Estimated cost of a month"]
    headings = [re.sub(r"^## |<h2>|</h2>", "", line) for line in text.splitlines() if line.startswith(("## ", "<h2>"))]
    assert headings == titles
    assert "loses every object" in text


@pytest.mark.parametrize("render", [markdown, html])
def test_both_documents_say_what_the_estimate_rests_on(render):
    """D5: an amount is worth what its volume, its date and its source are."""
    text = " ".join(render(changed()).split())
    assert "Assumed: 1,000 GB a month in 1,000 files" in text
    assert f"Prices of {price_table().as_of} (" in text
    assert "pipeline/review/prices.json says where each is from" in text


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.links += [value for name, value in attrs if name == "href"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


HOSTILE = "</td><script>alert(1)</script>|[x](javascript:y)`\u202e\n# heading"


def test_a_hostile_template_stays_text():
    hostile = template("javascript:alert(1)", **{HOSTILE: ("AWS::X::Y", {HOSTILE: "a"})}, **role(HOSTILE + "r"))
    before = template(**{HOSTILE: ("AWS::X::Y", {HOSTILE: HOSTILE})})
    found = review(before, hostile)
    tags = Tags()
    tags.feed(html(found))
    assert tags.open == []
    assert not tags.seen & {"script", "img", "iframe"}
    assert tags.links == [f"https://github.com/example/ledgerline/commit/{NEW}"]
    text = markdown(found)
    assert "<script>" not in text
    assert "\n# heading" not in text
    assert "[x](" not in text


def test_the_page_may_run_nothing():
    assert "default-src 'none'" in html(changed())


def test_long_values_are_cut():
    before, after = (template(F=("AWS::Lambda::Function", {"Description": letter * 5000})) for letter in "ab")
    assert len(markdown(review(before, after))) < 2500


def test_all_rows_of_a_table_have_the_columns_of_its_header():
    tables = [block.splitlines() for block in markdown(changed()).split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for lines in tables:
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


@pytest.mark.parametrize("body", [[], {}, {"Resources": []}, {"Resources": {"A": {}}}, "text", None])
def test_what_is_no_template_is_refused_by_name(body):
    with pytest.raises(NotATemplate, match="deployed"):
        read(body, "deployed.json")
