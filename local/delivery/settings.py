"""What a delivery must know of a commit before its pipeline can be asked: where that lives, and which branch it delivers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from local.delivery.source import Revision
from local.errors import LocalError
from pipeline.json_file import why


@dataclass(frozen=True)
class Settings:
    """``runtime`` is the functions' Python; ``branch_qualifier`` the bootstrap that stages of branches go through, None without them."""

    account: str
    region: str
    branch: str
    runtime: str
    branch_qualifier: str | None = None


def settings_of(revision: Revision) -> Settings:
    """The settings in the commit's ``cdk.json``; raise LocalError when they are not there or not texts."""
    try:
        settings = json.loads(revision.read("cdk.json"))["context"]["ledgerline"]
        pipeline = settings["pipeline"]
        qualifier = settings["branches"]["qualifier"] if "branches" in settings else None
        chosen = Settings(pipeline["account"], pipeline["region"], pipeline["source"]["branch"], settings["runtime"], qualifier)
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"cdk.json of commit {revision.commit[:8]} has no settings of the delivery: {why(error)}") from error
    optional = {"branch_qualifier": None}
    wrong = [
        name for name, value in vars(chosen).items() if (name, value) not in optional.items() and not (isinstance(value, str) and value)
    ]
    if wrong:
        raise LocalError(f"cdk.json of commit {revision.commit[:8]}: the delivery's {wrong[0]} is not a text")
    return chosen
