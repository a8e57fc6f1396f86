from __future__ import annotations

import re

import pytest

from runtime.core import errors
from runtime.core.errors import (
    DeploymentFault,
    FileRejected,
    HeaderMismatch,
    LedgerlineError,
    PermanentError,
    TransientError,
    error_class,
    error_names,
    is_deployment_fault,
)


def test_transient_names_hold_the_subclasses_since_step_functions_knows_no_inheritance() -> None:  # E7
    assert error_names(TransientError) == [
        "ParametersThrottled", "ParametersUnavailable", "StorageThrottled", "StorageUnavailable", "Throttled", "TrackingThrottled",
        "TrackingUnavailable", "TransientError",
    ]  # fmt: skip


def test_no_error_is_of_two_kinds() -> None:  # G2
    kinds = [set(error_names(kind)) for kind in (TransientError, DeploymentFault, PermanentError)]
    assert sum(map(len, kinds)) == len(set().union(*kinds)) == len(error_names(LedgerlineError)) - 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("AccessRefused", True),
        ("ModuleNotFoundError", True),
        ("Runtime.ImportModuleError", True),
        ("Runtime.ExitError", False),
        ("Lambda.TooManyRequestsException", False),
        ("StorageUnavailable", False),
        ("HeaderMismatch", False),
    ],
)
def test_what_nobody_foresaw_is_a_fault_of_the_deployment(name: str, fault: bool) -> None:  # E24
    assert is_deployment_fault(name) is fault


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
