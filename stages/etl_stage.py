"""The stage that is deployed everywhere: as primary, for disaster recovery, and for branches."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Mapping

from aws_cdk import Environment, Stage
from constructs import Construct

from etl.guardrails import guard
from etl.stack import EtlStack
from etl.target import RuntimeSettings, Target


class EtlStage(Stage):
    """The full ETL for *target* (D3), with its own guardrails, since aspects of the app do not reach into stages.

    *context* is CDK context for its stacks only.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        target: Target,
        settings: RuntimeSettings,
        layer_path: Path,
        context: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(scope, target.name, env=Environment(account=target.account, region=target.region))
        for key, value in context.items():
            self.node.set_context(key, value)
        self.target = target
        self.etl = EtlStack(self, "Etl", target=target, settings=settings, layer_path=layer_path)
        guard(self, suffix=target.suffix, tags=target.tags)
