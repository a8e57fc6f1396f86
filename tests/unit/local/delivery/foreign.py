"""A small pipeline that is not this project's, as a plain template: what the rehearsal must execute without knowing it.

Source → it deploys its own stack → a build → two builds together → a stack by change set → an approval → a build
that is told the stack's output.
"""

from __future__ import annotations

import json
from typing import Any

PIPELINE, STACK, APP = "foreign", "foreign-pipeline", "foreign-app"
FAR, FAR_BUCKET = "eu-west-1", "foreign-far"


def build_spec(*commands: str, **more: Any) -> dict[str, Any]:
    return {"version": 0.2, "phases": {"build": {"commands": list(commands)}}, **more}


def project(name: str, spec: dict[str, Any] | str) -> dict[str, Any]:
    source = {"Type": "CODEPIPELINE", "BuildSpec": spec if isinstance(spec, str) else json.dumps(spec)}
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": name,
            "ServiceRole": {"Fn::GetAtt": ["Role", "Arn"]},
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Source": source,
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "Image": "aws/codebuild/standard:7.0",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": [{"Name": "GREETING", "Value": "hello", "Type": "PLAINTEXT"}],
            },
        },
    }


def action(name: str, provider: str, category: str, configuration: dict[str, Any], order: int = 1, **more: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "ActionTypeId": kind, "Configuration": configuration, "RunOrder": order, **more}


def build(name: str, project_id: str, inputs: list[str], outputs: list[str], order: int = 1, **more: Any) -> dict[str, Any]:
    configuration = {"ProjectName": {"Ref": project_id}, **more.pop("Configuration", {})}
    files = {"InputArtifacts": [{"Name": each} for each in inputs], "OutputArtifacts": [{"Name": each} for each in outputs]}
    return action(name, "CodeBuild", "Build", configuration, order, **files, **more)


def stack_action(name: str, stack: str, mode: str, order: int = 1, **more: Any) -> dict[str, Any]:
    configuration = {"StackName": stack, "ActionMode": mode, **more.pop("Configuration", {})}
    return action(name, "CloudFormation", "Deploy", configuration, order, **more)


def stages(extra: list[dict[str, Any]]) -> list[dict[str, Any]]:
    connection = {"ConnectionArn": "arn:aws:codeconnections:us-east-1:123456789012:connection/x", "FullRepositoryId": "some/one"}
    source = action(
        "Repository",
        "CodeStarSourceConnection",
        "Source",
        {**connection, "BranchName": "main"},
        OutputArtifacts=[{"Name": "Code"}],
        Namespace="Source",
    )
    itself = {"TemplatePath": "Code::pipeline.json", "Capabilities": "CAPABILITY_NAMED_IAM"}
    app = {"ChangeSetName": "Change", "TemplatePath": "Built::app.json", "ParameterOverrides": '{"Suffix": "#{Made.SUFFIX}"}'}
    variables = [{"name": "QUEUE", "value": "#{App.QueueName}"}, {"name": "COMMIT", "value": "#{Source.CommitId}"}]
    asked = {"CustomData": "Is the queue right?", "NotificationArn": {"Ref": "Topic"}}
    told = {"EnvironmentVariables": json.dumps(variables)}
    return [
        {"Name": "Source", "Actions": [source]},
        {
            "Name": "Itself",
            "Actions": [stack_action("Update", STACK, "CREATE_UPDATE", InputArtifacts=[{"Name": "Code"}], Configuration=itself)],
        },
        {"Name": "Build", "Actions": [build("Make", "Maker", ["Code"], ["Built"], Namespace="Made")]},
        {"Name": "Test", "Actions": [build("Left", "Lefty", ["Built", "Code"], []), build("Right", "Righty", ["Built"], [])]},
        *extra,
        {
            "Name": "Deploy",
            "Actions": [
                stack_action("Prepare", APP, "CHANGE_SET_REPLACE", 1, InputArtifacts=[{"Name": "Built"}], Configuration=app),
                stack_action("Execute", APP, "CHANGE_SET_EXECUTE", 2, Namespace="App", Configuration={"ChangeSetName": "Change"}),
                action("Approve", "Manual", "Approval", asked, 3, TimeoutInMinutes=5),
                build("Verify", "Verifier", ["Code"], [], 4, Configuration=told),
            ],
        },
    ]


def template(together: str, extra: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """*together* is a directory in which the two builds of one run order wait for each other."""
    meet = 'touch "$0/$1"; for i in $(seq 100); do [ -e "$0/$2" ] && exit 0; sleep 0.1; done; exit 1'
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "RoleName": {"Fn::Sub": "role-${AWS::StackName}"}}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "foreign-approvals"}},
            "Maker": project("foreign-make", "make.json"),
            "Lefty": project(
                "foreign-left",
                build_spec("grep -q queue app.json", "ls $CODEBUILD_SRC_DIR_Code/run.sh", f"sh -c '{meet}' {together} left right"),
            ),
            "Righty": project("foreign-right", build_spec(f"sh -c '{meet}' {together} right left")),
            "Reader": project("foreign-read", build_spec("cat outputs.json")),
            "Verifier": project("foreign-verify", build_spec('echo "verified $QUEUE at $COMMIT"')),
            "Pipeline": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {
                    "Name": PIPELINE,
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "ArtifactStores": [
                        {"Region": "us-east-1", "ArtifactStore": {"Type": "S3", "Location": {"Ref": "Bucket"}}},
                        {"Region": FAR, "ArtifactStore": {"Type": "S3", "Location": FAR_BUCKET}},
                    ],
                    "RestartExecutionOnUpdate": True,
                    "Stages": stages(extra or []),
                },
            },
        },
    }


def make_spec(*more: str) -> str:
    """The buildspec in the repository: it takes the suffix from a file, and hands the template on, and what *more* commands make."""
    return json.dumps(
        build_spec(
            './run.sh "$GREETING"',
            "mkdir out && cp app.json out/",
            "export SUFFIX=$(cat suffix.txt)",
            *more,
            artifacts={"base-directory": "out", "files": ["**/*"]},
            env={"exported-variables": ["SUFFIX"]},
        )
    )


def app_template() -> str:
    return json.dumps(
        {
            "Parameters": {"Suffix": {"Type": "String"}},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "queue-${Suffix}"}}}},
            "Outputs": {"QueueName": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
        }
    )


def files(pipeline: dict[str, Any], suffix: str = "one") -> dict[str, str]:
    """The repository that the pipeline delivers."""
    return {
        "pipeline.json": json.dumps(pipeline),
        "app.json": app_template(),
        "make.json": make_spec(),
        "run.sh": '#!/bin/sh\necho "$1 from the script"\n',
        "suffix.txt": suffix,
    }
