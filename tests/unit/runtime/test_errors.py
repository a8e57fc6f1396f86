from __future__ import annotations

import re

import pytest

from runtime import errors
from runtime.errors import FileRejected, HeaderMismatch, LedgerlineError, PermanentError, TransientError, error_class, error_names


def test_transient_names_hold_the_subclasses_since_step_functions_knows_no_inheritance() -> None:  # E7
    assert error_names(TransientError) == ["ParametersUnavailable", "StorageUnavailable", "TrackingUnavailable", "TransientError"]


def test_no_error_is_both_retried_and_final() -> None:  # G2
    assert not set(error_names(TransientError)) & set(error_names(PermanentError))


def test_the_tree_drawn_in_the_docstring_is_the_tree() -> None:
    drawn = set(re.findall(r"(?:├──|└──) (\w+)", errors.__doc__ or ""))
    assert drawn | {"LedgerlineError"} == set(error_names(LedgerlineError))


@pytest.mark.parametrize("name", error_names(LedgerlineError))
def test_a_name_leads_back_to_its_class(name: str) -> None:
    found = error_class(name)
    assert found is not None
    assert found.__name__ == name


def test_a_foreign_name_leads_nowhere() -> None:
    assert error_class("States.Timeout") is None


def test_header_mismatch_keeps_its_facts_and_says_what_to_mend() -> None:
    error = HeaderMismatch(["amount"], ["betrag"], [], ["id", "amount"])
    assert (error.missing, error.unexpected, error.duplicated) == (("amount",), ("betrag",), ())
    assert isinstance(error, FileRejected)
    assert str(error) == "Header: missing 'amount'; unexpected 'betrag'; expected id, amount"


def test_a_first_line_that_may_be_a_row_is_not_quoted() -> None:  # its values would travel to logs and queues
    error = HeaderMismatch(["id", "amount"], ["DE123456", "99.50"], [], ["id", "amount"])
    assert "DE123456" not in str(error)
    assert "is the header missing?" in str(error)


def test_a_name_without_end_is_cut() -> None:
    assert len(str(HeaderMismatch(["id"], ["x" * 100_000], [], ["id", "amount"]))) < 300


def test_header_mismatch_without_other_facts_says_order() -> None:
    assert "another order" in str(HeaderMismatch([], [], [], ["id", "amount"]))
