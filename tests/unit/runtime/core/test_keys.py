from __future__ import annotations

import posixpath
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import keys
from runtime.core.errors import InvalidKey

FILE_ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("key", "dataset", "partner", "name"),
    [
        ("incoming/transactions/acme/a.csv", "transactions", "acme", "a.csv"),
        ("incoming/transactions/acme/2026/11/a b+ü.csv", "transactions", "acme", "2026/11/a b+ü.csv"),
        ("incoming/transactions/a.csv", "transactions", "_none", "a.csv"),
        ("incoming/a.csv", None, "_none", "a.csv"),
    ],
)
def test_a_key_says_dataset_partner_and_name(key: str, dataset: str | None, partner: str, name: str) -> None:
    assert keys.parse_incoming(key) == keys.IncomingKey(dataset, partner, name)


@pytest.mark.parametrize(
    "key",
    [
        "incoming/../a.csv",
        "incoming/transactions/../curated/a.csv",
        "incoming/transactions/acme/..",
        "incoming/transactions/acme//a.csv",
        "incoming//a.csv",
        "incoming/tra nsactions/acme/a.csv",
        "incoming/transactions/ac\u0000me/a.csv",
        "incoming/transactions/acme/a\n.csv",
        "incoming/transactions/%2e%2e/a.csv",
        "elsewhere/a.csv",
        "archived/transactions/acme/a.csv",
        "incoming/" + "d" * 65 + "/p/a.csv",
    ],
)
def test_a_key_that_reaches_elsewhere_is_refused(key: str) -> None:
    with pytest.raises(InvalidKey, match="upload to incoming/"):
        keys.parse_incoming(key)


def test_consoles_folders_are_known() -> None:
    assert keys.is_folder("incoming/transactions/", 0)
    assert not keys.is_folder("incoming/transactions/", 1), "what has content is somebody's"
    assert not keys.is_folder("incoming/transactions/acme/a.csv", 0)


def test_two_versions_of_a_key_do_not_hide_each_other() -> None:  # E21
    key = "incoming/transactions/acme/a.csv"
    first, second = (keys.archived(keys.PROCESSED, key, one * 32) for one in "12")
    assert first == f"processed/transactions/acme/{'1' * 32}-a.csv"
    assert first != second


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=1024).map(lambda text: "incoming/" + text))
def test_an_archived_key_stays_within_s3s_limit_and_its_prefix(key: str) -> None:
    archived = keys.archived(keys.FAILED, key, FILE_ID)
    assert archived.startswith("failed/")
    assert FILE_ID in archived
    assert len(archived.encode()) <= 1024
    assert "/../" not in archived


HOSTILE = st.text(alphabet=st.one_of(st.sampled_from("/.%\\_ab\0\n"), st.characters(exclude_categories=["Cs"])), max_size=40)


@given(HOSTILE)
def test_no_name_leads_out_of_its_partners_folder(name: str) -> None:  # D8: whatever a partner calls a file
    key = f"incoming/transactions/acme/{name}"
    try:
        assert keys.parse_incoming(key).partner == "acme"
    except InvalidKey:
        assert keys.archived(keys.PROCESSED, key, FILE_ID) == f"processed/_invalid/{FILE_ID}"
    else:
        archived = keys.archived(keys.PROCESSED, key, FILE_ID)
        assert posixpath.normpath(archived) == archived
        assert archived.startswith("processed/transactions/acme/")


@given(HOSTILE, HOSTILE)
def test_a_dataset_and_a_partner_are_one_plain_segment_or_refused(dataset: str, partner: str) -> None:
    try:
        found = keys.parse_incoming(f"incoming/{dataset}/{partner}/a.csv")
    except InvalidKey:
        return
    for key in (keys.chunk_parquet, keys.chunk_rejects, keys.chunk_key_digests):
        made = key(found.dataset or keys.NO_PARTNER, FILE_ID, "00000", "0" * 64)
        assert posixpath.normpath(made) == made
        assert made.count("/") == 3
    assert posixpath.basename(found.partner) == found.partner


@pytest.mark.parametrize("make", [keys.chunk_parquet, keys.chunk_rejects, keys.chunk_key_digests])
def test_an_output_tells_its_file(make: Callable[[str, str, str, str], str]) -> None:
    key = make("transactions", "a" * 32, "00007", "e" * 64)
    assert keys.file_of_output(key) == "a" * 32
    assert keys.file_of_output(key + "x") is None


def test_a_text_and_a_report_tell_their_file_and_a_commit_manifest_is_no_output() -> None:
    assert keys.file_of_output(keys.decoded_text("transactions", "a" * 32)) == "a" * 32
    assert keys.file_of_output(keys.reject_report("transactions", "a" * 32)) == "a" * 32
    assert keys.file_of_output(keys.commit_manifest("transactions", "a" * 32)) is None
    assert keys.file_of_output(f"incoming/transactions/{'a' * 32}/00000-{'e' * 16}.parquet") is None
