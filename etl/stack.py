"""The stack of a stage, ``etl-<suffix>``: all of its constructs, and its outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from etl.arrivals import Arrivals
from etl.deployment_check import DeploymentCheck
from etl.functions import Functions
from etl.monitoring import Alarms, Dashboard, StageMetrics
from etl.outcomes import Outcomes
from etl.storage import Storage
from etl.target import RuntimeSettings, Target
from etl.tracking import Tracking
from etl.trail import Trail
from etl.workflow import Workflow


class EtlStack(Stack):
    """``outputs`` tell tools where the stage's parts are; their names are an interface. ``delegations`` serves a pipeline elsewhere."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target, settings: RuntimeSettings, layer_path: Path) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=names.stack(target.suffix),
            env=Environment(account=target.account, region=target.region),
            description=f"Ledgerline ETL, stage {target.suffix}",
            tags=target.tags,
        )
        self.storage = Storage(self, "Storage", target=target)
        self.tracking = Tracking(self, "Tracking", target=target)
        self.outcomes = Outcomes(self, "Outcomes", target=target)
        self.functions = Functions(
            self,
            "Functions",
            target=target,
            settings=settings,
            layer_path=layer_path,
            bucket=self.storage.data,
            table=self.tracking.table,
        )
        self.workflow = Workflow(
            self,
            "Workflow",
            target=target,
            functions=self.functions.by_name,
            bucket_arn=self.storage.data.bucket_arn,
            table=self.tracking.table,
            outcomes=self.outcomes,
        )
        self.arrivals = Arrivals(self, "Arrivals", target=target, bucket_name=self.storage.data.bucket_name, machine=self.workflow.machine)
        if target.trail:
            Trail(self, "Trail", target=target, data=self.storage.data, logs=self.storage.logs, table=self.tracking.table)
        self.alarms = self._monitor(target, settings.runbook)
        self.outputs = self._outputs(target)
        self.delegations = Delegations(self, "Delegations", target=target)
        DeploymentCheck(
            self,
            "DeploymentCheck",
            function=self.functions.check,
            bucket=self.storage.data,
            workflow_name=names.physical("workflow", target.suffix),
        )

    def _monitor(self, target: Target, runbook: str) -> Alarms:
        metrics = StageMetrics(
            suffix=target.suffix,
            machine=self.workflow.machine,
            functions=self.functions.by_name,
            table=self.tracking.table,
            queues={
                "results": self.outcomes.results,
                "dead-results": self.outcomes.dead_results,
                "dead-events": self.arrivals.dead_events,
            },
            # By name, as in the metric's dimension: the rule's attributes are "<bus>|<name>" and an ARN.
            rules={kind: names.physical(kind, target.suffix) for kind in ("arrived", "ended-badly", "sweep-due")},
        )
        alarms = Alarms(self, "Alarms", suffix=target.suffix, metrics=metrics, topic=self.outcomes.alerts, runbook=runbook)
        region, console = target.region, f"https://{target.region}.console.aws.amazon.com"
        Dashboard(
            self,
            "Dashboard",
            suffix=target.suffix,
            metrics=metrics,
            alarms=list(alarms.alarms.values()),
            links={
                "Workflow": f"{console}/states/home?region={region}#/statemachines/view/{self.workflow.machine.state_machine_arn}",
                "Files": f"{console}/dynamodbv2/home?region={region}#item-explorer?table={names.physical('tracking', target.suffix)}",
                "Data": f"https://s3.console.aws.amazon.com/s3/buckets/{self.storage.data.bucket_name}",
                "Traces": f"{console}/cloudwatch/home?region={region}#xray:service-map/map",
            },
            runbook=runbook,
        )
        return alarms

    def _outputs(self, target: Target) -> dict[str, CfnOutput]:
        return {
            name: CfnOutput(self, name, value=value)
            for name, value in {
                "Stage": target.suffix,
                "SourceName": target.source_name,
                "DataBucketName": self.storage.data.bucket_name,
                "TrackingTableName": self.tracking.table.table_name,
                "StateMachineArn": self.workflow.machine.state_machine_arn,
                "ResultsQueueUrl": self.outcomes.results.queue_url,
                "AlertsTopicArn": self.outcomes.alerts.topic_arn,
                "FunctionNames": ",".join(function.function_name for function in (*self.functions.by_name.values(), self.functions.check)),
                "AlarmPrefix": names.alarm_prefix(target.suffix),
                # Without the prefix: the whole names would nearly fill an output.
                "AlarmNames": ",".join(f"{kind}-{target.suffix}" for kind in self.alarms.alarms),
                "DashboardName": names.physical("dashboard", target.suffix),
                "ChunkBytesParameter": self.functions.chunk_bytes.parameter_name,
            }.items()
        }


class Delegations(Construct):
    """Roles of the stage by which a pipeline in another account acts on it (D9). A stage in the pipeline's own account has none."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        self._target = target

    def grant(self, kind: str, *, account: str, role_name: str, statements: Iterable[iam.PolicyStatement]) -> str:
        """Add a role with *statements* that only the role called *role_name* in *account* can assume; returns its ARN.

        The trusted role stands in a condition, not as the principal: IAM stores a principal by its id and would refuse
        a role that was deleted and created again under the same name.
        """
        trusted = f"arn:aws:iam::{account}:role/{role_name}"
        name = names.physical(kind, self._target.suffix)
        role = iam.Role(
            self,
            kind.capitalize(),
            role_name=name,
            assumed_by=iam.AccountPrincipal(account).with_conditions({"ArnEquals": {"aws:PrincipalArn": trusted}}),
            description=f"What {role_name} of account {account} may do to stage {self._target.suffix}",
        )
        for statement in statements:
            role.add_to_policy(statement)
        return f"arn:aws:iam::{self._target.account}:role/{name}"
