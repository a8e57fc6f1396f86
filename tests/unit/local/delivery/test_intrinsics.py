"""Intrinsic functions of a deployed template."""

from __future__ import annotations

from typing import Any

import pytest

from local.delivery.deployed import _TemplateLoader
from local.delivery.errors import DefinitionError
from local.delivery.intrinsics import Scope, resolve


def attribute(logical_id: str, name: str) -> str:
    if logical_id != "Role":
        raise DefinitionError(f"no {logical_id}")
    return f"{logical_id}.{name}"


SCOPE = Scope(
    template={
        "Mappings": {"Sizes": {"eu-west-1": {"Small": "t3"}}},
        "Conditions": {
            "IsEurope": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
            "Never": {"Fn::And": [{"Condition": "IsEurope"}, {"Fn::Not": [{"Condition": "IsEurope"}]}]},
            "Always": {"Fn::Or": [{"Condition": "Never"}, {"Condition": "IsEurope"}]},
        },
    },
    pseudo={"AWS::Region": "eu-west-1", "AWS::Partition": "aws"},
    parameters={"Suffix": "prod"},
    physical_ids={"Bucket": "the-bucket"},
    exports={"Shared": "from-elsewhere"},
    attribute=attribute,
)


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ({"Ref": "Bucket"}, "the-bucket"),
        ({"Ref": "Suffix"}, "prod"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "Role.Arn"),
        ({"Fn::GetAtt": "Role.Arn"}, "Role.Arn"),
        ({"Fn::Sub": "${Bucket}/${!kept}/${AWS::Region}/${Role.Arn}"}, "the-bucket/${kept}/eu-west-1/Role.Arn"),
        ({"Fn::Sub": ["${Own}-${Bucket}", {"Own": {"Ref": "Suffix"}}]}, "prod-the-bucket"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Suffix"}]]}, "a-prod"),
        ({"Fn::Join": ["+", {"Fn::Split": ["-", {"Ref": "Bucket"}]}]}, "the+bucket"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Small"]}, "t3"),
        ({"Fn::ImportValue": {"Fn::Sub": "Shared"}}, "from-elsewhere"),
        ({"Fn::If": ["IsEurope", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Never", "yes", "no"]}, "no"),
        ({"Fn::If": ["Always", "yes", "no"]}, "yes"),
        ({"Fn::Base64": "x"}, "eA=="),
        ({"kept": {"Fn::If": ["Never", "x", {"Ref": "AWS::NoValue"}]}, "other": [{"Ref": "AWS::NoValue"}, 1]}, {"other": [1]}),
        ({"Ref": "Bucket", "beside": "another key: no function"}, {"Ref": "Bucket", "beside": "another key: no function"}),
    ],
)
def test_a_function_stands_for(value: Any, means: Any) -> None:
    assert resolve(value, SCOPE) == means


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Missing"},
        {"Fn::GetAtt": ["Other", "Arn"]},
        {"Fn::ImportValue": "Missing"},
        {"Fn::FindInMap": ["Sizes", "us-east-1", "Small"]},
        {"Fn::Cidr": ["10.0.0.0/16", 1]},
    ],
)
def test_what_stands_for_nothing_is_refused(value: Any) -> None:
    with pytest.raises(DefinitionError):
        resolve(value, SCOPE)


def test_a_templates_short_forms_are_the_long_ones() -> None:
    text = """
Name: !Sub '${Suffix}-x'
Role: !GetAtt Role.Arn
Bucket: !Ref Bucket
Place: !Join ['/', [a, !Select [0, [b]]]]
Chosen: !If [IsEurope, !Ref Suffix, no]
"""
    template = _TemplateLoader(text).get_single_data()
    assert resolve(template, SCOPE) == {"Name": "prod-x", "Role": "Role.Arn", "Bucket": "the-bucket", "Place": "a/b", "Chosen": "prod"}
