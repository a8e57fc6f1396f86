"""Settings are checked before anything is built, and every complaint is one line that says where (G1)."""

from __future__ import annotations

import copy
import json

import pytest

from pipeline import settings as settings_module
from pipeline.settings import SettingsError, parse, read_context


@pytest.fixture
def good(context):
    return copy.deepcopy(context)


def test_the_example_settings_are_two_stages_of_one_class(context):  # D3
    first, second = parse(context).targets
    assert (first.name, first.region, first.suffix, first.approval) == ("Primary", "us-east-1", "prod", False)
    assert (second.name, second.region, second.suffix, second.approval) == ("Dr", "eu-west-1", "prod-dr", True)
    assert first.source_name == second.source_name == "prod", "a replica must be the same file"


def test_python_3_9_and_50_mb_are_the_defaults(context):  # E2, E12
    runtime = parse(context).runtime
    assert (runtime.runtime, runtime.chunk_bytes) == ("3.9", 50_000_000)


def test_what_a_compressed_file_may_become_has_a_default(good):
    for name in ("decoded_bytes", "decoded_ratio"):
        del good["ledgerline"][name]
    runtime = parse(good).runtime
    assert (runtime.decoded_bytes, runtime.decoded_ratio) == (20_000_000_000, 200)


def test_the_command_line_overrides_one_value(good):
    runtime = parse({**good, "ledgerline.runtime": "3.13", "ledgerline.chunk_bytes": "65536"}).runtime
    assert (runtime.runtime, runtime.chunk_bytes) == ("3.13", 65_536)


def replaced(*path, value):
    def change(context):
        place = context["ledgerline"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


WRONG = [
    (replaced("runtime", value="3.8"), "ledgerline.runtime: is '3.8'; choose one of 3.9, 3.10"),
    (replaced("runtime", value=None), "ledgerline.runtime: is missing"),
    (replaced("chunk_bytes", value=50_000_001), "ledgerline.chunk_bytes: is 50000001, not a whole number from 65,536 to 50,000,000"),
    (replaced("chunk_bytes", value=True), "ledgerline.chunk_bytes: is True"),
    (replaced("decoded_bytes", value=90_000_000_000), "ledgerline.decoded_bytes: is 90000000000, not a whole number from 50,000,000"),
    (replaced("decoded_ratio", value=0), "ledgerline.decoded_ratio: is 0, not a whole number from 1 to 1,100"),
    (replaced("targets", value=[]), "ledgerline.targets: is empty"),
    (replaced("targets", value="prod"), "ledgerline.targets: is not a list of objects"),
    (replaced("targets", 0, "account", value="12345"), r"ledgerline.targets[0].account: is '12345', which does not match"),
    (replaced("targets", 1, "account", value=210987654321), r"ledgerline.targets[1].account: is 210987654321, which does not match"),
    (replaced("targets", 1, "account", value="2109-8765-4321"), r"ledgerline.targets[1].account: is '2109-8765-4321'"),
    (replaced("pipeline", "account", value=None), "ledgerline.pipeline.account: is missing"),
    (replaced("targets", 0, "region", value="Virginia"), "ledgerline.targets[0].region: is 'Virginia'"),
    (replaced("targets", 0, "suffix", value="Prod"), "ledgerline.targets[0].suffix: is 'Prod', not 1 to 20 lower-case letters"),
    (replaced("targets", 0, "suffix", value="x" * 21), "ledgerline.targets[0].suffix"),
    (replaced("targets", 0, "suffix", value="prod-"), "ledgerline.targets[0].suffix"),
    (replaced("targets", 0, "name", value="the primary"), "ledgerline.targets[0].name"),
    (replaced("targets", 0, "approval", value="yes"), "ledgerline.targets[0].approval: is 'yes', not true or false"),
    (replaced("targets", 0, "trail", value=0), "ledgerline.targets[0].trail: is 0, not true or false"),
    (replaced("targets", 1, "suffix", value="prod"), "ledgerline.targets: suffix 'prod' is used twice"),
    (
        replaced("targets", 1, value={"name": "Dr", "account": "2" * 12, "region": "us-east-1", "suffix": "prod", "source_name": "prod"}),
        "ledgerline.targets: suffix 'prod' is used twice (the pipeline's suffix counts); each target needs its own, in every account",
    ),
    (replaced("targets", 1, "name", value="Primary"), "ledgerline.targets: name 'Primary' is used twice"),
    (replaced("pipeline", "suffix", value="prod"), "ledgerline.targets: suffix 'prod' is used twice"),
    (
        replaced("pipeline", "source", "kind", value="gitlab"),
        "ledgerline.pipeline.source.kind: is 'gitlab'; choose one of github, codecommit",
    ),
    (replaced("pipeline", "source", "connection_arn", value="arn:x"), "ledgerline.pipeline.source.connection_arn: is 'arn:x'"),
    (replaced("pipeline", "source", "repository", value="ledgerline"), "ledgerline.pipeline.source.repository: is 'ledgerline'"),
    (replaced("targets", 1, "suffix", value="br-x"), "ledgerline.targets: suffix 'br-x' holds the word 'br', which is for branches"),
    (replaced("targets", 0, "suffix", value="prod-br-1"), "suffix 'prod-br-1' holds the word 'br'"),
    (replaced("targets", 0, "suffix", value="prod-br-01234567"), "suffix 'prod-br-01234567' holds the word 'br'"),
    (replaced("targets", 1, "suffix", value="a-br-b"), "suffix 'a-br-b' holds the word 'br'"),
    (replaced("targets", 1, "suffix", value="x-br"), "suffix 'x-br' holds the word 'br'"),
    (replaced("targets", 1, "suffix", value="br"), "suffix 'br' holds the word 'br'"),
    (replaced("targets", 0, "name", value="Br"), "ledgerline.targets: name 'Br' holds the word 'br', which is for branches"),
    (replaced("targets", 0, "name", value="PrimaryBr"), "name 'PrimaryBr' holds the word 'br'"),
    (replaced("pipeline", "suffix", value="br-"), "ledgerline.pipeline.suffix: is 'br-'"),
    (replaced("pipeline", "suffix", value="br-main"), "ledgerline.pipeline: suffix 'br-main' holds the word 'br'"),
    (replaced("pipeline", "suffix", value="main-br-2"), "suffix 'main-br-2' holds the word 'br'"),
    (replaced("branches", value="yes"), "ledgerline.branches: is 'yes', not an object"),
    (replaced("branches", "qualifier", value="hnb659fds"), "ledgerline.branches.qualifier: is 'hnb659fds'"),
    (replaced("branches", "qualifier", value="Ledger-br"), "ledgerline.branches.qualifier: is 'Ledger-br'"),
    (replaced("branches", "time_to_live_hours", value=0), "ledgerline.branches.time_to_live_hours: is 0, not a whole number from 1"),
    (replaced("branches", "reap_every_hours", value=25), "ledgerline.branches.reap_every_hours: is 25"),
    (replaced("pipeline", "source", value="github"), "ledgerline.pipeline.source: is 'github', not an object"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said.split(":")[0] + f" {index}" for index, (_, said) in enumerate(WRONG)])
def test_a_wrong_setting_is_named_in_one_line(good, change, said):
    change(good)
    with pytest.raises(SettingsError) as raised:
        parse(good)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("change", [replaced("targets", 0, "suffix", value="brno-abr"), replaced("targets", 0, "name", value="Brno")])
def test_br_is_for_branches_as_a_word_alone(good, change):
    change(good)
    assert parse(good).targets


def test_a_target_has_a_trail_unless_it_says_otherwise(good):  # G7
    good["ledgerline"]["targets"][1]["trail"] = False
    assert [target.trail for target in parse(good).targets] == [True, False]


def test_a_codecommit_source_needs_no_connection(good):
    good["ledgerline"]["pipeline"]["source"] = {"kind": "codecommit", "repository": "ledgerline", "branch": "main"}
    assert parse(good).pipeline.source.connection_arn is None


@pytest.mark.parametrize(
    ("source", "runbook"),
    [
        ({"repository": "bank/files", "branch": "release/2"}, "https://github.com/bank/files/blob/release/2/docs/runbook.md"),
        ({"kind": "codecommit", "repository": "files"}, "docs/runbook.md"),
    ],
    ids=["github", "codecommit"],
)
def test_an_alarm_names_a_page_that_can_be_opened_from_a_mail(good, source, runbook):  # E9
    good["ledgerline"]["pipeline"]["source"] |= source
    assert parse(good).runtime.runbook == runbook


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", json.dumps({"context": []})])
def test_a_broken_settings_file_is_a_readable_error(tmp_path, content):
    path = tmp_path / "cdk.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match="context"):
        read_context(path)


def test_all_overrides_belong_to_the_one_key():
    assert all(name.startswith(f"{settings_module.KEY}.") for name in settings_module.OVERRIDES)
