"""What the review says of resources (D5)."""

from __future__ import annotations

import json

import pytest

from pipeline.gates.rules import NAMES
from pipeline.review.behaviour import HOLDS, IN_PLACE, PERHAPS, REPLACES, behaviour, given_name
from pipeline.review.changes import ADDED, CHANGED, MAY_BE_REPLACED, REMOVED, REPLACED, compare
from tests.unit.pipeline.review.templates import template

TABLE, QUEUE, LAYER, FUNCTION = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Lambda::LayerVersion", "AWS::Lambda::Function"


def kinds(before, after):
    return {change.logical_id: change.kind for change in compare(before, after)}


@pytest.mark.parametrize(
    ("resource_type", "path", "expected"),
    [
        (TABLE, ("TableName",), REPLACES),
        (TABLE, ("KeySchema",), PERHAPS),
        (TABLE, ("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"), IN_PLACE),
        ("AWS::S3::Bucket", ("BucketName",), REPLACES),
        ("AWS::S3::Bucket", ("LifecycleConfiguration", "Rules"), IN_PLACE),
        (QUEUE, ("FifoQueue",), REPLACES),
        ("AWS::KMS::Key", ("KeyPolicy",), IN_PLACE),
        (FUNCTION, ("MemorySize",), IN_PLACE),
        (FUNCTION, ("FunctionName",), REPLACES),
        ("Custom::Anything", ("Hash",), PERHAPS),
        ("AWS::New::Thing", ("Name",), PERHAPS),
    ],
)
def test_what_a_change_does_is_what_cloudformation_documents(resource_type, path, expected):
    assert behaviour(resource_type, path) == expected


def test_equal_templates_have_no_changes():
    one = template(Table=(TABLE, {"TableName": "a", "Tags": [{"Key": "k", "Value": "v"}]}))
    assert compare(one, one) == []


def test_a_first_delivery_adds_everything():
    assert kinds(None, template(A=(TABLE, {}), B=(QUEUE, {}))) == {"A": ADDED, "B": ADDED}


def test_each_kind_of_change_is_told_apart():
    before = template(
        Gone=(FUNCTION, {}),
        Renamed=(FUNCTION, {"FunctionName": "a"}),
        Larger=(FUNCTION, {"MemorySize": 1}),
        Same=(QUEUE, {}),
        Type=(QUEUE, {}),
    )
    after = template(
        New=(FUNCTION, {}),
        Renamed=(FUNCTION, {"FunctionName": "b"}),
        Larger=(FUNCTION, {"MemorySize": 2}),
        Same=(QUEUE, {}),
        Type=(LAYER, {}),
    )
    assert kinds(before, after) == {"Gone": REMOVED, "Renamed": REPLACED, "Larger": CHANGED, "New": ADDED, "Type": REPLACED}


def test_what_loses_data_comes_first_whatever_its_kind():
    before = template(A=(FUNCTION, {"FunctionName": "a"}), Table=(TABLE, {"TableName": "a"}), Z=(FUNCTION, {}), Queue=(QUEUE, {}))
    after = template(A=(FUNCTION, {"FunctionName": "b"}), Table=(TABLE, {"TableName": "b"}))
    found = compare(before, after)
    assert [(change.logical_id, change.loses) for change in found] == [
        ("Queue", "messages not yet consumed"),
        ("Table", "every item"),
        ("Z", None),
        ("A", None),
    ]


@pytest.mark.parametrize("resource_type", sorted(HOLDS))
def test_removing_what_holds_data_says_what_is_lost(resource_type):
    (change,) = compare(template(Store=(resource_type, {})), template())
    assert change.loses == HOLDS[resource_type]


def test_a_removed_resource_that_is_retained_is_not_lost_but_left_behind():
    (change,) = compare(template(Table=(TABLE, {}, {"DeletionPolicy": "Retain"})), template())
    assert (change.loses, change.note) == (None, "stays behind, outside of any stack")


def test_a_replacement_under_the_same_name_is_said_to_fail():
    before = template(Queue=(QUEUE, {"QueueName": "results", "FifoQueue": False}))
    (change,) = compare(before, template(Queue=(QUEUE, {"QueueName": "results", "FifoQueue": True})))
    assert "the deployment will fail" in change.note
    (renamed,) = compare(before, template(Queue=(QUEUE, {"QueueName": "other", "FifoQueue": True})))
    assert renamed.note == ""


@pytest.mark.parametrize(
    ("resource_type", "named", "other"),
    [(LAYER, "LayerName", "Content"), ("AWS::Lambda::Permission", "FunctionName", "Principal")],
)
def test_a_name_that_several_may_have_is_no_reason_to_fail(resource_type, named, other):
    before, after = (template(One=(resource_type, {named: "name", other: value})) for value in "ab")
    (change,) = compare(before, after)
    assert (change.kind, change.note) == (REPLACED, "")


def test_every_named_type_of_the_deployed_stage_is_known_by_its_name(pytestconfig):
    snapshot = json.loads((pytestconfig.rootpath / "tests" / "infrastructure" / "snapshots" / "etl-prod.json").read_text())
    unknown = {
        body["Type"]
        for body in snapshot["Resources"].values()
        if NAMES.get(body["Type"]) in body["Properties"] and given_name(body["Type"], body["Properties"]) is None
    }
    # A layer's versions share its name; the policies of a role are changed in place, whatever they are called.
    assert unknown == {LAYER, "AWS::IAM::Policy"}


def test_who_refers_to_a_replaced_resource_changes_with_it():
    def stack(name):
        return template(
            Layer=(LAYER, {"LayerName": name}),
            Function=(FUNCTION, {"Layers": [{"Ref": "Layer"}]}),
            Alarm=("AWS::CloudWatch::Alarm", {"Dimensions": [{"Name": "n", "Value": {"Fn::GetAtt": ["Other", "Arn"]}}]}),
        )

    found = {change.logical_id: change for change in compare(stack("a"), stack("b"))}
    assert {name: change.kind for name, change in found.items()} == {"Layer": REPLACED, "Function": CHANGED}
    assert [(each.path, each.follows) for each in found["Function"].differences] == [(("Layers",), "Layer")]


@pytest.mark.parametrize(
    "reference", [{"Ref": "A"}, {"Fn::GetAtt": ["A", "Arn"]}, {"Fn::Sub": "x-${A.Arn}"}, {"Fn::Join": ["", ["x", {"Ref": "A"}]]}]
)
def test_doubt_is_passed_on_through_properties_that_cannot_change_in_place(reference):
    def stack(name):
        return template(A=(QUEUE, {"QueueName": name}), B=(FUNCTION, {"FunctionName": reference}), C=(QUEUE, {"QueueName": {"Ref": "B"}}))

    assert kinds(stack("a"), stack("b")) == {"A": REPLACED, "B": MAY_BE_REPLACED, "C": MAY_BE_REPLACED}


def test_a_difference_names_its_path_and_only_what_differs():
    def stack(minutes, rules):
        return template(Bucket=("AWS::S3::Bucket", {"Life": {"Days": minutes, "Rules": rules}}))

    (change,) = compare(stack(1, ["a", "b"]), stack(2, ["b", "c"]))
    assert [(found.path, found.before, found.after) for found in change.differences] == [
        (("Life", "Days"), 1, 2),
        (("Life", "Rules"), ["a"], ["c"]),
    ]


def test_giving_up_protection_against_deletion_is_a_change():
    found = kinds(template(T=(TABLE, {}, {"DeletionPolicy": "Retain"})), template(T=(TABLE, {}, {"DeletionPolicy": "Delete"})))
    assert found == {"T": CHANGED}


def test_two_resources_that_refer_to_each_other_end():
    def stack(name):
        return template(A=(QUEUE, {"QueueName": name, "X": {"Ref": "B"}}), B=(QUEUE, {"QueueName": {"Ref": "A"}}))

    assert kinds(stack("a"), stack("b")) == {"A": REPLACED, "B": MAY_BE_REPLACED}
