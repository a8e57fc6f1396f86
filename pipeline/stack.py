"""The stack of the pipeline: source, synth, self-mutation, assets, then each target with its validation (D1)."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from aws_cdk import Duration, Environment, Stack, pipelines
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as codepipeline_actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl import names
from etl.target import TAGS, Target
from pipeline.accounts import keyed_regions
from pipeline.approval import ReviewedApproval, review_step
from pipeline.artifacts import ArtifactBucket, SupportStack
from pipeline.branches.builds import BranchBuilds
from pipeline.builds import ENVIRONMENT, buildspec, log_options
from pipeline.checkout import fetch_through_connection
from pipeline.drift import DriftDetection
from pipeline.json_file import read_json
from pipeline.notifications import Notifications
from pipeline.scheduled import AdvisoryScan
from pipeline.settings import GITHUB, BranchSettings, PipelineSettings, Source
from pipeline.validation import validation_step
from stages.etl_stage import EtlStage

#: The newest. It reads assemblies up to schema 54, which aws-cdk-lib 2.273 writes.
CDK_ASSETS_VERSION = "4.7.3"
_PACKAGE = Path(__file__).resolve().parent.parent / "package.json"


class PipelineStack(Stack):
    """``delivery`` updates itself, then deploys *stages* in their order."""

    def __init__(
        self, scope: Construct, *, settings: PipelineSettings, stages: Sequence[EtlStage], branches: BranchSettings | None = None
    ) -> None:
        super().__init__(
            scope,
            "Pipeline",
            stack_name=names.physical("pipeline", settings.suffix),
            env=Environment(account=settings.account, region=settings.region),
            description="Ledgerline delivery pipeline",
            tags=dict(TAGS),
        )
        self._settings = settings
        self._notifications = Notifications(self, "Notifications", suffix=settings.suffix)
        pipeline = codepipeline.Pipeline(
            self,
            "Pipeline",
            pipeline_name=names.physical("pipeline", settings.suffix),
            pipeline_type=codepipeline.PipelineType.V2,
            # One commit at a time; a newer one replaces one that waits.
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
            restart_execution_on_update=True,
            cross_region_replication_buckets=self._artifact_buckets(scope, [stage.target for stage in stages]),
            role=iam.Role(
                self,
                "Role",
                role_name=names.physical("pipeline", settings.suffix),
                assumed_by=iam.ServicePrincipal("codepipeline.amazonaws.com"),
                description="What the delivery pipeline may do",
            ),
        )
        source = self._source(settings.source)
        self._assembly = self._synth(source)
        self.delivery = pipelines.CodePipeline(
            self,
            "Delivery",
            code_pipeline=pipeline,
            synth=self._assembly,
            cli_version=cdk_cli_version(),
            cdk_assets_cli_version=CDK_ASSETS_VERSION,
            # One project for all assets: with one per asset, new assets would change the pipeline, which would restart.
            publish_assets_in_parallel=False,
            code_build_defaults=pipelines.CodeBuildOptions(build_environment=ENVIRONMENT),
            self_mutation_code_build_defaults=self._options("self-mutate"),
            asset_publishing_code_build_defaults=self._options("assets"),
        )
        # Before the stages are added, which synthesizes them: it may add roles to them.
        DriftDetection(self, "Drift", settings=settings, stages=stages, notifications=self._notifications)
        for stage in stages:
            self._deploy(stage, source)
        self.delivery.build_pipeline()
        fetch_through_connection(pipeline, settings.source)
        self._notifications.notify_of_pipeline(names.physical("pipeline", settings.suffix))
        AdvisoryScan(self, "Advisories", settings=settings, notifications=self._notifications)
        if branches is not None:
            BranchBuilds(self, "Branches", settings=settings, branches=branches, notifications=self._notifications)

    def _source(self, source: Source) -> pipelines.CodePipelineSource:
        if source.kind == GITHUB and source.connection_arn is not None:
            return pipelines.CodePipelineSource.connection(
                source.repository, source.branch, connection_arn=source.connection_arn, trigger_on_push=True
            )
        repository = codecommit.Repository.from_repository_name(self, "Repository", source.repository)
        return pipelines.CodePipelineSource.code_commit(repository, source.branch, trigger=codepipeline_actions.CodeCommitTrigger.EVENTS)

    def _synth(self, source: pipelines.CodePipelineSource) -> pipelines.CodeBuildStep:
        kind = "synth"
        return pipelines.CodeBuildStep(
            "Synth",
            input=source,
            project_name=names.physical(kind, self._settings.suffix),
            partial_build_spec=buildspec(kind),
            commands=[],
            primary_output_directory="cdk.out",
            build_environment=ENVIRONMENT,
            logging=log_options(self, kind, self._settings.suffix),
            timeout=Duration.hours(1),
        )

    def _deploy(self, stage: EtlStage, source: pipelines.CodePipelineSource) -> None:
        target = stage.target
        kind, suffix = f"validate-{names.kebab(target.name)}", self._settings.suffix
        validate = validation_step(
            self,
            stage,
            settings=self._settings,
            project_name=names.physical(kind, suffix),
            logging=log_options(self, kind, suffix),
            source=source,
        )
        self.delivery.add_stage(stage, pre=self._approval(stage, source) if target.approval else [], post=[validate])

    def _approval(self, stage: EtlStage, source: pipelines.CodePipelineSource) -> list[pipelines.Step]:
        kind = f"review-{names.kebab(stage.target.name)}"
        review = review_step(
            stage,
            settings=self._settings,
            project_name=names.physical(kind, self._settings.suffix),
            logging=log_options(self, kind, self._settings.suffix),
            source=source,
            assembly=self._assembly,
        )
        return [review, ReviewedApproval(stage.target, review=review, topic=self._notifications.topic)]

    def _options(self, kind: str) -> pipelines.CodeBuildOptions:
        return pipelines.CodeBuildOptions(logging=log_options(self, kind, self._settings.suffix))

    def _artifact_buckets(self, scope: Construct, targets: Sequence[Target]) -> dict[str, s3.IBucket]:
        settings, keyed = self._settings, keyed_regions(targets, self._settings)
        own = ArtifactBucket(self, "Artifacts", settings=settings, region=settings.region, keyed=settings.region in keyed)
        buckets: dict[str, s3.IBucket] = {settings.region: own}
        for region in sorted({target.region for target in targets} - {settings.region}):
            support = SupportStack(scope, settings=settings, region=region, keyed=region in keyed)
            self.add_stack_dependency(support)
            buckets[region] = support.bucket
        return buckets


def cdk_cli_version() -> str:
    """The version of the CLI in ``package.json``, for developers' machines and the pipeline."""
    version: str = read_json(_PACKAGE, "devDependencies")["aws-cdk"]
    return version
