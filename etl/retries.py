"""Which errors a state tries again, and how: E7, exponential backoff, at most three retries.

Step Functions matches exact names, so the list of our own errors comes from the class tree.
"""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from runtime.errors import TransientError, error_names

#: What Lambda itself answers when trying again may succeed (Step Functions developer guide, "Handling errors").
LAMBDA_ERRORS = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    # A time-out or a lack of memory may be reported so.
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
)


class Backoff(TypedDict):
    interval: Duration
    backoff_rate: float
    max_attempts: int
    jitter_strategy: sfn.JitterType


#: Lambda refused to start another copy of a function. E23: that delays a file; so it waits minutes, not seconds.
THROTTLED = "Lambda.TooManyRequestsException"
THROTTLED_BACKOFF = Backoff(interval=Duration.seconds(60), backoff_rate=4, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)

BACKOFF = Backoff(interval=Duration.seconds(2), backoff_rate=2, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)


def function_errors() -> list[str]:
    """Names that a Lambda task retries on."""
    return [*error_names(TransientError), *LAMBDA_ERRORS]
