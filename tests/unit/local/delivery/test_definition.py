"""Pipelines out of their properties, and the variables between their actions."""

from __future__ import annotations

from typing import Any

import pytest

from local.delivery.actions import refuse_unknown
from local.delivery.definition import Pipeline, parse
from local.delivery.errors import ActionFailed, DefinitionError
from local.delivery.variables import substitute, substitute_json


def action(name: str, order: int = 1, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ActionTypeId": {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
        "RunOrder": order,
        "InputArtifacts": [{"Name": each} for each in inputs],
        "OutputArtifacts": [{"Name": each} for each in outputs],
        "Configuration": {"ProjectName": name},
        **more,
    }


def properties(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    store = {"Type": "S3", "Location": "artifacts"}
    return {"ArtifactStore": store, "Stages": [{"Name": "Stage", "Actions": list(actions)}], **more}


def pipeline(*actions: dict[str, Any], **more: Any) -> Pipeline:
    return parse(properties(*actions, **more), name="any", region="us-east-1")


def test_actions_of_one_run_order_are_one_group() -> None:
    (stage,) = pipeline(action("C", 2), action("A"), action("D", 2)).stages
    assert [[each.name for each in group] for group in stage.groups] == [["A"], ["C", "D"]]


def test_an_action_lives_where_it_says_and_else_with_the_pipeline() -> None:
    here, there = pipeline(action("Here"), action("There", Region="eu-west-1")).actions
    assert (here.region, there.region) == ("us-east-1", "eu-west-1")


def test_any_change_of_the_definition_changes_its_digest() -> None:
    assert pipeline(action("A")).digest == pipeline(action("A")).digest
    assert pipeline(action("A")).digest != pipeline(action("A", 2)).digest


def test_cloudformations_text_true_restarts() -> None:
    assert pipeline(action("A"), RestartExecutionOnUpdate="true").restart_on_update
    assert not pipeline(action("A"), RestartExecutionOnUpdate=False).restart_on_update


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (properties(action("A"), ExecutionMode="QUEUED"), "execution mode QUEUED is not rehearsed"),
        (properties(action("A", inputs=("Nothing",))), "Stage / A takes Nothing, which nothing before it makes"),
        (properties(action("A", outputs=("X",)), action("B", inputs=("X",))), "Stage / B takes X"),
        (properties(action("A"), DisableInboundStageTransitions=[{"StageName": "Stage", "Reason": "x"}]), "transition into Stage"),
        ({"Stages": [], "ArtifactStores": [{"Region": "eu-west-1", "ArtifactStore": {"Location": "x"}}]}, "no artifact store in us-east-1"),
        (
            {"ArtifactStore": {"Location": "x"}, "Stages": [{"Name": "S", "Actions": [], "OnFailure": {"Result": "ROLLBACK"}}]},
            "stage S declares OnFailure, which is not rehearsed",
        ),
    ],
)
def test_a_definition_that_would_be_executed_wrongly_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        parse(wrong, name="any", region="us-east-1")
    assert says in str(raised.value)


def test_an_unknown_provider_is_refused_by_name_before_anything_runs() -> None:
    kind = {"Category": "Deploy", "Owner": "AWS", "Provider": "ECS", "Version": "1"}
    with pytest.raises(DefinitionError, match="Stage / Ship is of kind Deploy/AWS/ECS, which is not rehearsed"):
        refuse_unknown(pipeline(action("A"), action("Ship", ActionTypeId=kind)))


def test_a_variable_is_replaced_wherever_it_stands() -> None:
    known = {"Build": {"Image": "x:1"}}
    assert substitute({"a": ["-#{Build.Image}-"], "b": 1}, known) == {"a": ["-x:1-"], "b": 1}


def test_a_value_with_quotes_cannot_change_the_document_it_goes_into() -> None:
    hostile = '","type":"PARAMETER_STORE","x":"'
    document = '[{"name": "V", "value": "#{Build.Message}"}]'
    assert substitute_json(document, {"Build": {"Message": hostile}}) == [{"name": "V", "value": hostile}]


@pytest.mark.parametrize("known", [{}, {"Build": {"Other": "x"}}])
def test_a_variable_without_a_value_fails_the_action(known: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ActionFailed, match=r"#\{Build\.Image\} has no value"):
        substitute("#{Build.Image}", known)
