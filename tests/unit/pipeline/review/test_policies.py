"""What the review says of permissions (D5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.broadening import ALLOWED, MANAGED, NO_LONGER_DENIED, TRUSTED, UNBOUNDED, UNREAD, Grant, broadened
from tests.unit.pipeline.review.templates import policy, role, statement, template


def found(before, after):
    return [(item.subject, item.what, item.actions, *item.resources) for item in broadened(before, after)]


def one_policy(*statements):
    return template(**role(), **policy(*statements))


READ = statement(["s3:GetObject"], ["arn:aws:s3:::a/*"])


def test_the_same_permissions_are_not_broader():
    assert found(one_policy(READ), one_policy(READ)) == []


def test_fewer_permissions_are_not_broader():
    assert found(one_policy(READ, statement("sqs:SendMessage", "q")), one_policy(READ)) == []


def test_what_is_written_otherwise_and_allows_the_same_is_not_broader():
    together = statement(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::a/*"])
    apart = (statement("S3:getobject", "arn:aws:s3:::a/*"), statement("s3:PutObject", ["arn:aws:s3:::a/*"]))
    assert found(one_policy(together), one_policy(*apart)) == []
    assert found(one_policy(*apart), one_policy(together)) == []


def test_a_policy_that_moves_into_the_role_is_not_broader():
    inline = template(**role(Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": READ}}]))
    assert found(one_policy(READ), inline) == []


def test_a_new_action_and_a_new_resource_are_broader():
    wider = statement(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])
    assert found(one_policy(READ), one_policy(wider)) == [
        ("Role", ALLOWED, ("s3:PutObject",), "arn:aws:s3:::a/*"),
        ("Role", ALLOWED, ("s3:GetObject", "s3:PutObject"), "arn:aws:s3:::b/*"),
    ]


def test_resources_of_the_same_actions_are_one_line():
    call = [statement("lambda:InvokeFunction", name) for name in "cab"]
    assert found(template(**role()), one_policy(*call)) == [("Role", ALLOWED, ("lambda:InvokeFunction",), "a", "b", "c")]


def test_a_wildcard_is_broader_than_what_it_covers_and_not_the_other_way():
    narrow, wide = one_policy(READ), one_policy(statement("s3:*", "*"))
    (item,) = broadened(narrow, wide)
    assert (item.actions, item.resources, item.wildcard) == (("s3:*",), ("*",), True)
    assert found(wide, narrow) == []


def test_wildcards_are_listed_before_the_rest_of_a_role():
    after = one_policy(statement("a:B", "x"), statement("z:*", "y"))
    assert [item.wildcard for item in broadened(template(**role()), after)] == [True, False]


@pytest.mark.parametrize(
    ("pattern", "other", "covers"),
    [("a?", "a*", False), ("a*", "a?b", True), ("a?", "ab", True), ("a[b", "a[b", True), ("a.", "ab", False)],
)
def test_patterns_cover_as_iam_has_them(pattern, other, covers):
    assert Grant("", "s3:X", pattern, "").covers(Grant("", "s3:X", other, "")) is covers


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=8))
def test_a_pattern_covers_another_only_if_it_matches_all_that_the_other_does(pattern, other, value):
    def grant(resource):
        return Grant("", "s3:X", resource, "")

    if grant(pattern).covers(grant(other)) and grant(other).covers(grant(value)):
        assert grant(pattern).covers(grant(value))


def test_a_condition_that_goes_or_changes_is_broader_and_one_that_comes_is_not():
    mfa, ip = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    with_mfa, with_ip = (one_policy(statement("s3:GetObject", "a", Condition=each)) for each in (mfa, ip))
    without = one_policy(statement("s3:GetObject", "a"))
    assert [len(found(*pair)) for pair in ((with_mfa, without), (with_mfa, with_ip), (without, with_mfa))] == [1, 1, 0]


def test_a_denial_that_goes_is_broader():
    deny = statement(["s3:DeleteBucket", "dynamodb:DeleteTable"], "*", "Deny")
    narrower = statement("s3:DeleteBucket", "*", "Deny")
    assert found(one_policy(READ, deny), one_policy(READ, narrower)) == [("Role", NO_LONGER_DENIED, ("dynamodb:DeleteTable",), "*")]
    conditional = statement("s3:DeleteBucket", "*", "Deny", Condition={"Bool": {"x": "y"}})
    assert found(one_policy(narrower), one_policy(conditional)) == [("Role", NO_LONGER_DENIED, ("s3:DeleteBucket",), "*")]


def test_who_may_assume_a_role_is_compared():
    (item,) = broadened(template(**role()), template(**role(trusts=["lambda.amazonaws.com", "ec2.amazonaws.com"])))
    assert (item.what, item.principal) == (TRUSTED, "Service ec2.amazonaws.com")


def test_managed_policies_and_boundaries_are_compared():
    before = template(**role(PermissionsBoundary="arn:b"))
    after = template(**role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]))
    assert [(item.what, item.wildcard) for item in broadened(before, after)] == [(UNBOUNDED, True), (MANAGED, True)]


@pytest.mark.parametrize("inverse", ["NotAction", "NotResource"])
def test_what_cannot_be_compared_is_shown_as_it_is(inverse):
    odd = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", inverse: "iam:*"}
    (item,) = broadened(one_policy(READ), one_policy(READ, odd))
    assert (item.what, item.wildcard) == (UNREAD, True)
    assert inverse in item.resources[0]


def test_a_denial_of_all_but_something_that_goes_is_shown():
    deny = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    assert [what for _, what, *_ in found(one_policy(READ, deny), one_policy(READ))] == [UNREAD]


def test_a_new_role_says_that_it_is_new():
    after = template(**role(), **policy(READ), **role("Other"))
    assert {(item.subject, item.is_new) for item in broadened(template(**role(), **policy(READ)), after)} == {("Other", True)}


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::KMS::Key"])
def test_policies_on_resources_are_compared_by_principal(kind):
    def stack(principal):
        document = {"Statement": [statement("x:Y", "*", Principal=principal)]}
        return template(Store=(kind, {"KeyPolicy" if "KMS" in kind else "PolicyDocument": document}))

    (item,) = broadened(stack({"AWS": "arn:aws:iam::1:root"}), stack({"AWS": "*"}))
    assert (item.subject, item.principal, item.wildcard) == ("Store", "*", True)
    assert found(stack("*"), stack({"AWS": "*"})) == []


def test_a_permission_to_call_a_function_is_compared_with_its_source():
    def stack(**more):
        return template(
            Permission=("AWS::Lambda::Permission", {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **more})
        )

    assert len(found(stack(SourceAccount="1"), stack())) == 1
    assert found(stack(), stack(SourceAccount="1")) == []


def test_references_are_compared_by_what_they_refer_to():
    def stack(*references):
        return one_policy(statement("s3:GetObject", [{"Fn::Join": ["", [reference, "/*"]]} for reference in references]))

    arn, other = {"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::GetAtt": ["Other", "Arn"]}
    assert found(stack(arn), stack(arn, other)) == [("Role", ALLOWED, ("s3:GetObject",), "<Other.Arn>/*")]
