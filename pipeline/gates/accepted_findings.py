"""Accepted findings of the gates, each with its reason; those of cdk-nag are in :mod:`pipeline.acknowledgements`.

The tests fail for an entry that no gate finds any more.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Lint:
    """A rule of cfn-lint on resources of these types, or anywhere if there are none."""

    rule: str
    types: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Policy:
    """A finding of the IAM lint. ``holder`` is a role's name without the suffix, or a logical id; ``*`` is for a name from cdk.json."""

    holder: str
    rule: str
    about: str
    reason: str

    def covers(self, holder: str, rule: str, about: str) -> bool:
        return (rule, about) == (self.rule, self.about) and fnmatchcase(holder, self.holder)


@dataclass(frozen=True)
class Secret:
    """A text that looks like a secret; ``value`` is a regular expression for all of it."""

    path: str
    kind: str
    value: str
    reason: str


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability that does no harm here; accepted up to ``until``, that day included."""

    package: str
    identifier: str
    until: dt.date
    reason: str


LINTS = (
    Lint("W3005", (), "The CDK states the dependency of a resource on its role twice, which does no harm"),
    Lint("W2531", ("AWS::Lambda::Function",), "Requirement E12 fixes the runtime, and the synth warns of its dates"),
    Lint("E3703", ("AWS::CodePipeline::Pipeline",), "A matter of style in what the CDK writes for the pipeline's roles"),
)

_KEY = "AWS's default for keys: the account governs its key, and the roles' policies say who may use it"
_NO_SOURCE = (
    "AWS takes no condition on EventBridge in the policy of an encrypted topic or of its key: messages would not arrive (docs/adr/0012)"
)
_RENAMED = "The service was renamed; a connection is used under the name that its ARN has, which cdk.json gives"
_LISTED = "Listed by a prefix of names, which the service authorizes for all of them or for none"
_SELF_MUTATION = "Grant of the CDK: self-mutation asks which stacks and which bootstrap bucket there are, and reads no more"
_ASSETS = "Grant of the CDK to the asset project, whose role cannot be given: it may start and stop builds of this account"
_ROLLBACK = "Going back to what was validated (D7): the stage's own stack, CloudFormation's role, and conditions on the template's place"
_TOPIC_POLICY = "NotificationsTopicPolicyAF92D34A"
_BUILDS = ("etl-deploy-branch", "etl-destroy-branch", "etl-reap-branches")

POLICIES = (
    Policy("OutcomesAlertsKey7C85FA56", "whole-service", "kms:*", _KEY),
    Policy("NotificationsKeyADCFA950", "whole-service", "kms:*", _KEY),
    Policy("ArtifactsKeyA65E83CB", "whole-service", "kms:*", _KEY),
    *(Policy(holder, "any-source", "events.amazonaws.com", _NO_SOURCE) for holder in ("NotificationsKeyADCFA950", _TOPIC_POLICY)),
    Policy("etl-pipeline-pipeline-source-*", "wrong-resource", "codestar-connections:UseConnection", _RENAMED),
    *(
        Policy(role, "wrong-resource", f"codestar-connections:{action}", _RENAMED)
        for role in ("etl-advisories", "etl-drift", *_BUILDS)
        for action in ("GetConnection", "GetConnectionToken", "UseConnection")
    ),
    *(
        Policy("etl-pipeline-delivery-update-pipeline-self-mutation-role", "any-resource", action, _SELF_MUTATION)
        for action in ("cloudformation:DescribeStacks", "s3:ListBucket")
    ),
    *(
        Policy("etl-pipeline-delivery-assets-file-role", "any-resource", f"codebuild:{action}", _ASSETS)
        for action in ("BatchGetBuilds", "StartBuild", "StopBuild")
    ),
    *(
        Policy(role, "any-resource", action, _LISTED)
        for role in _BUILDS
        for action in ("cloudformation:DescribeStacks", "cloudwatch:DescribeAlarms")
    ),
    *(
        Policy(role, "escalation", "iam:PassRole+cloudformation:CreateChangeSet+cloudformation:ExecuteChangeSet", _ROLLBACK)
        for role in ("etl-pipeline-pipeline-*-validate-validate-role", "etl-validation")  # the latter in other accounts
    ),
)

_NO_KEY = "The emulator checks no key; the word 'local' opens nothing on AWS"

SECRETS = (
    Secret("local/delivery/cloud.py", "Secret Keyword", "local", _NO_KEY),
    Secret("local/emulator.py", "Secret Keyword", "local", _NO_KEY),
    Secret("tests/unit/local/clouds.py", "Secret Keyword", "local", _NO_KEY),
    Secret("pipeline/review/behaviour.py", "Secret Keyword", "the secret", "A word for readers of the review, not a value"),
    Secret(
        "tests/infrastructure/snapshots/etl-prod.json", "Base64 High Entropy String", "[A-Za-z0-9]+[0-9A-F]{8}", "Ids that the CDK makes"
    ),
    Secret("tests/unit/pipeline/review/test_command.py", "Hex High Entropy String", "(0123456789abcdef)+01234567", "A made-up commit"),
)

_OLD_URLLIB3 = "botocore keeps urllib3 below 2 on Python 3.9, which E12 asks for; it speaks to AWS alone, whose answers are not hostile"
#: From this day on Lambda refuses to update functions on Python 3.9.
_END_OF_PYTHON_39 = dt.date(2027, 3, 3)

_OLD_PYARROW = "The last pyarrow that loads on the 3.9 runtime; the flaw is in reading Arrow IPC files ahead, which no handler does"

ADVISORIES = (
    *(
        Advisory("urllib3", identifier, _END_OF_PYTHON_39, _OLD_URLLIB3)
        for identifier in ("GHSA-2xpw-w6gg-jr37", "GHSA-38jv-5279-wg99", "GHSA-gm62-xv2j-4w53", "GHSA-pq67-6m6q-mj2v", "CVE-2026-44431")
    ),
    Advisory("pyarrow", "CVE-2026-25087", _END_OF_PYTHON_39, _OLD_PYARROW),
)
