from __future__ import annotations

import pytest

from runtime.contracts.code_pages import CODE_PAGES, UNDEFINED, canonical, characters, is_ebcdic


@pytest.mark.parametrize("page", [page for page in CODE_PAGES if page not in ("cp1047", "cp1141", "cp1148")])
def test_pages_that_python_knows_are_pythons(page):  # F1
    assert characters(page) == bytes(range(256)).decode(page, "replace")


def test_the_open_systems_page_moves_six_characters_of_037():  # F1
    changed = {code: pair for code, pair in enumerate(zip(characters("cp037"), characters("cp1047"))) if pair[0] != pair[1]}
    assert changed == {
        0x5F: ("¬", "^"),
        0xAD: ("Ý", "["),
        0xB0: ("^", "¬"),
        0xBA: ("[", "Ý"),
        0xBB: ("]", "¨"),
        0xBD: ("¨", "]"),
    }
    assert set(characters("cp1047")) == set(characters("cp037"))


@pytest.mark.parametrize(("page", "base"), [("cp1148", "cp500"), ("cp1141", "cp273"), ("cp1140", "cp037")])
def test_newer_pages_have_the_euro_where_the_currency_sign_was(page, base):  # F1
    assert characters(page) == characters(base).replace("¤", "€")


@pytest.mark.parametrize(
    ("name", "page"),
    [("IBM037", "cp037"), ("ibm-1047", "cp1047"), ("CP1148", "cp1148"), ("latin-1", "iso8859-1"), ("utf-8", None), ("nonsense", None)],
)
def test_names_of_pages(name, page):  # F1
    assert canonical(name) == page


def test_what_tells_ebcdic():  # F1
    assert [page for page in CODE_PAGES if not is_ebcdic(page)] == ["ascii", "iso8859-1"]
    assert characters("ascii")[0x80] == UNDEFINED
