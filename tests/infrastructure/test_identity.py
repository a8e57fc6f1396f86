"""What a change of code must not change by accident: identities of what holds data, and the whole stage.

``UPDATE_SNAPSHOT=1`` writes the snapshot anew; the diff is then what a reviewer reads.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

SNAPSHOT = Path(__file__).parent / "snapshots" / "etl-prod.json"

#: CloudFormation replaces a resource whose logical id changes: these would lose what they hold.
STATEFUL = {
    "StorageData6BB23F4E": "AWS::S3::Bucket",
    "StorageLogs2A2D4D26": "AWS::S3::Bucket",
    "TrackingTable3514576F": "AWS::DynamoDB::Table",
    "OutcomesResultsB374236A": "AWS::SQS::Queue",
    "OutcomesDeadResults262D2B68": "AWS::SQS::Queue",
    "ArrivalsDeadEventsEE06ECAD": "AWS::SQS::Queue",
    "OutcomesAlerts8329E5B0": "AWS::SNS::Topic",
    "OutcomesAlertsKey7C85FA56": "AWS::KMS::Key",
}


def test_what_holds_data_keeps_its_identity(synthesis):
    kinds = set(STATEFUL.values())
    for stack in ("etl-prod", "etl-prod-dr"):
        resources = synthesis.templates[stack].resources
        assert {name: body["Type"] for name, body in resources.items() if body["Type"] in kinds} == STATEFUL


def test_the_stages_differ_by_their_target_alone(synthesis):  # D3
    def neutral(stack, region, path):
        text = synthesis.templates[stack].path.read_text().replace(region, "<region>")
        # The CDK names a statement of a dead-letter queue after the path of its rule, and a hash of it.
        text = re.sub(rf"AllowEventRule{path}\w+", "<statement>", text)
        return normalized(json.loads(re.sub(r"\bprod-dr\b|\bprod\b", "<suffix>", text)))["Resources"]

    primary, standby = neutral("etl-prod", "us-east-1", "PrimaryEtl"), neutral("etl-prod-dr", "eu-west-1", "DrEtl")
    assert primary.keys() == standby.keys()
    assert [name for name in primary if primary[name] != standby[name]] == []


def test_the_stage_is_what_was_last_reviewed(synthesis):
    now = json.dumps(normalized(json.loads(synthesis.stage.path.read_text())), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(now, encoding="utf-8")
    assert now == SNAPSHOT.read_text(encoding="utf-8"), "run with UPDATE_SNAPSHOT=1 and read the diff"


def normalized(template):
    """Without what follows from the content of code and layer."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<asset>", json.dumps(template))
    return json.loads(text)
