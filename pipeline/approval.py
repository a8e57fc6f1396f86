"""The steps before a target that a person must approve: the review of the changes, and the approval (D5)."""

from __future__ import annotations

from aws_cdk import Duration, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from etl import names
from etl.target import Target
from pipeline.accounts import acting_by, assume, lookup_role, stack_arn
from pipeline.builds import ENVIRONMENT, buildspec
from pipeline.settings import PipelineSettings
from stages.etl_stage import EtlStage

#: Exported by ``buildspec/review.yml``.
URL_VARIABLE, SUMMARY_VARIABLE = "REVIEW_URL", "REVIEW_SUMMARY"
#: Prefix of the reviews in the artifact bucket.
PREFIX = "reviews"
#: The directory of the build that holds the assembly.
ASSEMBLY = "assembly"
TIMEOUT = Duration.minutes(15)


def review_step(
    stage: EtlStage,
    *,
    settings: PipelineSettings,
    project_name: str,
    logging: codebuild.LoggingOptions,
    source: pipelines.IFileSetProducer,
    assembly: pipelines.IFileSetProducer,
) -> pipelines.CodeBuildStep:
    """Compares the deployed template of *stage* with the one in *assembly*, and writes the review to the artifact bucket."""
    target, acted_by = stage.target, lookup_role(stage, settings)
    bucket = names.bucket("pipe", settings.account, settings.region, settings.suffix)
    return pipelines.CodeBuildStep(
        "Review",
        input=source,
        additional_inputs={ASSEMBLY: assembly},
        project_name=project_name,
        partial_build_spec=buildspec("review"),
        commands=[],
        build_environment=ENVIRONMENT,
        logging=logging,
        timeout=TIMEOUT,
        env={
            "LEDGERLINE_STAGE": target.suffix,
            "LEDGERLINE_REGION": target.region,
            "LEDGERLINE_BUCKET": bucket,
            "LEDGERLINE_PREFIX": f"{PREFIX}/{target.suffix}",
            **acting_by(acted_by),
        },
        role_policy_statements=[assume(acted_by) if acted_by else read_template(target), publish_review(target, bucket)],
    )


class ReviewedApproval(pipelines.ManualApprovalStep):
    """Asks for approval, with the summary of the review and a link to it, in the console and by the topic."""

    def __init__(self, target: Target, *, review: pipelines.CodeBuildStep, topic: sns.ITopic) -> None:
        url = review.exported_variable(URL_VARIABLE)
        super().__init__(
            "Approve",
            comment=f"Deploy to {target.region} as stage {target.suffix}? The stages before it were deployed and validated. "
            f"{review.exported_variable(SUMMARY_VARIABLE)}",
            review_url=url,
            notification_topic=topic,
        )
        # The CDK finds variables of other steps in the comment only.
        self._discover_referenced_outputs(url)


def read_template(target: Target) -> iam.PolicyStatement:
    actions = ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"]
    return iam.PolicyStatement(sid="ReadTemplate", actions=actions, resources=[stack_arn(target)])


def publish_review(target: Target, bucket: str) -> iam.PolicyStatement:
    """To write reviews of this stage only."""
    return iam.PolicyStatement(
        sid="PublishReview", actions=["s3:PutObject"], resources=[f"arn:aws:s3:::{bucket}/{PREFIX}/{target.suffix}/*"]
    )
