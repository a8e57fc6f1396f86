"""The pipelines that are deployed in the emulator, read from their stacks' own templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from local.delivery.cloud import Cloud
from local.delivery.definition import Pipeline, parse
from local.delivery.errors import DefinitionError
from local.delivery.intrinsics import Scope, resolve

PIPELINE = "AWS::CodePipeline::Pipeline"

#: CloudFormation's API does not tell attributes, so these follow from a resource's type and physical id.
_ARNS = {
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{id}",
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::CodeBuild::Project": "arn:aws:codebuild:{region}:{account}:project/{id}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{id}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{id}",
    "AWS::StepFunctions::StateMachine": "{id}",
    "AWS::CodeStarConnections::Connection": "{id}",
}
_NAMES = {
    ("AWS::CodeCommit::Repository", "Name"),
    ("AWS::SNS::Topic", "TopicName"),
}


def find_pipelines(cloud: Cloud, region: str) -> dict[str, str]:
    """The stack of each pipeline deployed in *region*, by the pipeline's name."""
    cloudformation = cloud.client("cloudformation", region)
    stacks: dict[str, str] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            resources = cloudformation.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
            stacks |= {
                resource["PhysicalResourceId"]: stack["StackName"]
                for resource in resources
                if resource["ResourceType"] == PIPELINE and not resource["ResourceStatus"].startswith("DELETE")
            }
    return stacks


def read_pipeline(cloud: Cloud, region: str, stack: str) -> Pipeline:
    """The definition as it is stored now; raise DefinitionError when the stack holds none, or one that cannot be executed."""
    template = _template(cloud, region, stack)
    defined = {logical: resource for logical, resource in template["Resources"].items() if resource["Type"] == PIPELINE}
    if len(defined) != 1:
        raise DefinitionError(f"stack {stack} in {region} defines {len(defined)} pipelines, where one is needed")
    ((logical_id, resource),) = defined.items()
    scope = _scope(cloud, region, stack, template)
    # The pipeline's own role is left out: it is not needed, and it may be any construct's attribute.
    properties = {name: value for name, value in resource["Properties"].items() if name not in ("RoleArn", "Tags")}
    return parse(resolve(properties, scope), name=scope.physical_ids[logical_id], region=region)


def _template(cloud: Cloud, region: str, stack: str) -> Mapping[str, Any]:
    body = cloud.client("cloudformation", region).get_template(StackName=stack)["TemplateBody"]
    if isinstance(body, str):
        body = _TemplateLoader(body).get_single_data()
    return json.loads(json.dumps(body, default=str))  # type: ignore[no-any-return]


def _scope(cloud: Cloud, region: str, stack: str, template: Mapping[str, Any]) -> Scope:
    cloudformation = cloud.client("cloudformation", region)
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    physical_ids: dict[str, str] = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    types: dict[str, str] = {resource["LogicalResourceId"]: resource["ResourceType"] for resource in resources}
    exports = [export for page in cloudformation.get_paginator("list_exports").paginate() for export in page["Exports"]]

    def attribute(logical_id: str, name: str) -> str:
        kind, physical_id = types.get(logical_id, ""), physical_ids.get(logical_id, "")
        if name == "Arn" and physical_id.startswith("arn:"):
            return physical_id
        if name == "Arn" and kind in _ARNS:
            return _ARNS[kind].format(id=physical_id, region=region, account=cloud.account)
        if (kind, name) in _NAMES:
            return physical_id.rpartition(":")[2]
        raise DefinitionError(f"stack {stack}: the attribute {name} of {logical_id} ({kind or 'no resource'}) cannot be resolved here")

    return Scope(
        template=template,
        pseudo={
            "AWS::AccountId": cloud.account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": described["StackId"],
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        },
        parameters={parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in described.get("Parameters", [])},
        physical_ids=physical_ids,
        exports={export["Name"]: export["Value"] for export in exports},
        attribute=attribute,
    )


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        argument: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_scalar(node)  # type: ignore[arg-type]
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": argument}


_TemplateLoader.add_multi_constructor("!", _short_form)
