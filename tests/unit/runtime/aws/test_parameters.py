from __future__ import annotations

import pytest
from aws_lambda_powertools.utilities import parameters as powertools
from aws_lambda_powertools.utilities.parameters import BaseProvider
from botocore.exceptions import ClientError

from runtime.aws import parameters
from runtime.core.errors import InvalidInput, ParametersThrottled, ParametersUnavailable


def answering(monkeypatch: pytest.MonkeyPatch, answer: str | Exception) -> None:
    def get_parameter(*_: object, **__: object) -> str:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(powertools, "get_parameter", get_parameter)


def test_a_size_of_chunks_is_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:  # G1
    for text, size in (("25000000", 25_000_000), ("10000", 10_000), ("50000000", 50_000_000)):
        answering(monkeypatch, text)
        assert parameters.chunk_bytes("/etl/prod/chunk-bytes") == size


@pytest.mark.parametrize("text", ["", "0", "-1", "50", "9999", "50000001", "25 MB"])
def test_another_text_is_refused_with_the_parameters_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answering(monkeypatch, text)
    with pytest.raises(InvalidInput, match="/etl/prod/chunk-bytes"):
        parameters.chunk_bytes("/etl/prod/chunk-bytes")


@pytest.mark.parametrize(
    ("code", "expected"), [("ThrottlingException", ParametersThrottled), ("InternalServerError", ParametersUnavailable)]
)
def test_an_ssm_that_does_not_answer_is_worth_a_retry(monkeypatch: pytest.MonkeyPatch, code: str, expected: type[Exception]) -> None:  # G2
    """Through Powertools' own provider, which keeps SSM's answer as the error's context."""

    class Provider(BaseProvider):
        def _get(self, name: str, **_: object) -> str:
            raise ClientError({"Error": {"Code": code}}, "GetParameter")

        def _get_multiple(self, path: str, **_: object) -> dict[str, str]:
            raise NotImplementedError

    monkeypatch.setattr(powertools, "get_parameter", Provider().get)
    with pytest.raises(expected, match="/etl/prod/chunk-bytes"):
        parameters.chunk_bytes("/etl/prod/chunk-bytes")
