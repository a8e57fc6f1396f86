"""Acting by a role of another account (REQUIREMENTS D9)."""

from __future__ import annotations

from functools import partial
from typing import Any

import boto3
import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError

#: What CloudTrail of the other account calls whoever came.
SESSION_NAME = "ledgerline-delivery"


def session_by_role(role_arn: str, region: str) -> boto3.Session:
    """A session whose clients act by *role_arn*, assumed with the credentials at hand; raise NoCredentialsError without any.

    A role that is assumed with a role's credentials lasts an hour, and a validation with its rollback may take longer:
    the credentials are renewed as they end.
    """
    source = botocore.session.get_session()
    credentials = source.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        partial(source.create_client, region_name=region), credentials, role_arn, extra_args={"RoleSessionName": SESSION_NAME}
    )
    assumed = botocore.session.get_session()
    assumed.register_component("credential_provider", CredentialResolver([_Assumed(fetcher)]))
    return boto3.Session(botocore_session=assumed, region_name=region)


class _Assumed(CredentialProvider):
    METHOD = "ledgerline-assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> Any:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)
