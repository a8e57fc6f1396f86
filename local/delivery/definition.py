"""A pipeline as its template defines it: stages of actions, with no intrinsic function left."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.delivery.errors import DefinitionError

#: What a stage may declare here. A stage that says more (conditions, retries, rollbacks) would be executed wrongly, so it is refused.
_STAGE_PROPERTIES = {"Name", "Actions", "Blockers"}
_MODES = {"SUPERSEDED"}


@dataclass(frozen=True)
class Action:
    """One action; configuration values may hold pipeline variables, ``#{namespace.Name}``."""

    stage: str
    name: str
    category: str
    owner: str
    provider: str
    run_order: int
    region: str
    configuration: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None
    role: str | None
    timeout_minutes: int | None

    @property
    def label(self) -> str:
        return f"{self.stage} / {self.name}"


@dataclass(frozen=True)
class Stage:
    name: str
    actions: tuple[Action, ...]

    @property
    def groups(self) -> list[list[Action]]:
        """Actions of one run order run together; the groups one after the other."""
        ordered = sorted(self.actions, key=lambda action: action.run_order)
        return [list(group) for _, group in itertools.groupby(ordered, key=lambda action: action.run_order)]


@dataclass(frozen=True)
class Pipeline:
    """``stores`` names each region's artifact bucket; ``digest`` changes whenever anything of the definition does."""

    name: str
    region: str
    stages: tuple[Stage, ...]
    stores: Mapping[str, str]
    restart_on_update: bool
    variables: Mapping[str, str]
    digest: str

    @property
    def actions(self) -> list[Action]:
        return [action for stage in self.stages for action in stage.actions]


def parse(properties: Mapping[str, Any], *, name: str, region: str) -> Pipeline:
    """A Pipeline out of the resolved properties of ``AWS::CodePipeline::Pipeline``; raise DefinitionError."""
    mode = properties.get("ExecutionMode", "SUPERSEDED")
    if mode not in _MODES:
        raise DefinitionError(f"pipeline {name}: execution mode {mode} is not rehearsed; only {', '.join(sorted(_MODES))} is")
    closed = [transition["StageName"] for transition in properties.get("DisableInboundStageTransitions", [])]
    if closed:
        raise DefinitionError(f"pipeline {name}: the transition into {closed[0]} is disabled, so no execution can end; enable it")
    stages = tuple(_stage(stage, region) for stage in properties["Stages"])
    _refuse_missing_inputs(name, stages)
    return Pipeline(
        name=name,
        region=region,
        stages=stages,
        stores=_stores(properties, name, region),
        restart_on_update=_flag(properties.get("RestartExecutionOnUpdate", False)),
        variables={variable["Name"]: variable.get("DefaultValue", "") for variable in properties.get("Variables", [])},
        digest=hashlib.sha256(json.dumps(properties, sort_keys=True, default=str).encode()).hexdigest(),
    )


def _stage(stage: Mapping[str, Any], region: str) -> Stage:
    unknown = set(stage) - _STAGE_PROPERTIES
    if unknown:
        raise DefinitionError(f"stage {stage['Name']} declares {', '.join(sorted(unknown))}, which is not rehearsed")
    return Stage(stage["Name"], tuple(_action(action, stage["Name"], region) for action in stage["Actions"]))


def _action(action: Mapping[str, Any], stage: str, region: str) -> Action:
    kind = action["ActionTypeId"]
    timeout = action.get("TimeoutInMinutes")
    return Action(
        stage=stage,
        name=action["Name"],
        category=kind["Category"],
        owner=kind["Owner"],
        provider=kind["Provider"],
        run_order=int(action.get("RunOrder", 1)),
        region=action.get("Region", region),
        configuration=action.get("Configuration", {}),
        inputs=_names(action.get("InputArtifacts", [])),
        outputs=_names(action.get("OutputArtifacts", [])),
        namespace=action.get("Namespace"),
        role=action.get("RoleArn"),
        timeout_minutes=int(timeout) if timeout is not None else None,
    )


def _names(artifacts: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(artifact["Name"] for artifact in artifacts)


def _stores(properties: Mapping[str, Any], name: str, region: str) -> dict[str, str]:
    single = properties.get("ArtifactStore")
    several = [(store["Region"], store["ArtifactStore"]) for store in properties.get("ArtifactStores", [])]
    stores = {place: store["Location"] for place, store in ([(region, single)] if single else several)}
    if region not in stores:
        raise DefinitionError(f"pipeline {name} has no artifact store in {region}, where it lives")
    return stores


def _refuse_missing_inputs(name: str, stages: tuple[Stage, ...]) -> None:
    made: set[str] = set()
    for stage in stages:
        for group in stage.groups:
            for action in group:
                missing = sorted(set(action.inputs) - made)
                if missing:
                    raise DefinitionError(f"pipeline {name}: {action.label} takes {missing[0]}, which nothing before it makes")
            made.update(output for action in group for output in action.outputs)


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"
