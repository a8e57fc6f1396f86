"""The roles that actions assume must exist: those of the bootstrap exist only where a region was bootstrapped.

The emulator enforces no IAM, and so lets a stack into any region. On AWS the action could not even assume its role.
"""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from local.delivery.cloud import Cloud
from local.delivery.definition import Action, Pipeline
from local.delivery.errors import DefinitionError

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)")
#: cdk-<qualifier>-<purpose>-role-<account>-<region>
_BOOTSTRAP = re.compile(r"cdk-([a-z0-9]+)-[a-z-]+-role-(\d{12})-([a-z]{2}(?:-[a-z]+)+-\d)")
#: How cdk and cdk-assets say that the bootstrap's bucket is not there.
_NO_ASSETS = re.compile(r"No bucket named 'cdk-([a-z0-9]+)-assets-(\d{12})-([a-z]{2}(?:-[a-z]+)+-\d)'")
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_STANDARD_QUALIFIER = "hnb659fds"
#: In the repository: what is bootstrapped under another qualifier than the standard one is for branches.
BRANCH_TEMPLATE = "pipeline/branches/bootstrap.yml"


def refuse_missing_roles(cloud: Cloud, pipeline: Pipeline) -> None:
    """Raise DefinitionError for the first role that does not exist; the message has the command that makes it."""
    checked: set[str] = set()
    for action in pipeline.actions:
        for role in (action.role, action.configuration.get("RoleArn")):
            if role and role not in checked:
                checked.add(role)
                _refuse_missing(cloud, pipeline.region, action, role)


def _refuse_missing(cloud: Cloud, region: str, action: Action, role: str) -> None:
    match = _ROLE.fullmatch(role)
    if match is None:
        raise DefinitionError(f"{action.label}: {role} is not the ARN of a role")
    account, name = match.groups()
    try:
        cloud.client("iam", region, account).get_role(RoleName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        raise DefinitionError(f"{action.label}: the role {name} does not exist. {_advice(name, cloud.account)}") from error


def bootstrap_advice(log: str, own: str) -> str | None:
    """What to do when a command of a build in the account *own* found no bootstrap; None when its *log* does not say so."""
    match = _NO_ASSETS.search(log)
    return _bootstrap(*match.groups(), own=own) if match else None


def _advice(name: str, own: str) -> str:
    match = _BOOTSTRAP.fullmatch(name)
    return _bootstrap(*match.groups(), own=own) if match else "Deploy the stack that makes it"


def bootstrap_trust(account: str, own: str) -> tuple[str, ...]:
    """Options with which another account than the pipeline's, *own*, lets that one deploy."""
    return () if account == own else ("--trust", own, "--cloudformation-execution-policies", _ADMINISTRATOR)


def _bootstrap(qualifier: str, account: str, region: str, *, own: str) -> str:
    if account != own:
        trust = " ".join(bootstrap_trust(account, own))
        command = f"AWS_ACCESS_KEY_ID={account} node_modules/.bin/cdk bootstrap aws://{account}/{region} {trust} --app ''"
        return f'Account {account} is not bootstrapped in {region}; run: eval "$(python -m local env)" && {command}'
    branches = f" --template {BRANCH_TEMPLATE} --qualifier {qualifier} --toolkit-stack-name CDKToolkit-{qualifier}"
    options = "" if qualifier == _STANDARD_QUALIFIER else branches
    command = f"node_modules/.bin/cdk bootstrap aws://{account}/{region}{options} --app ''"
    return f'Region {region} is not bootstrapped; run: eval "$(python -m local env)" && {command}'
