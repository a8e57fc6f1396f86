"""Which errors a state tries again, and how: E7, exponential backoff, at most three retries.

Step Functions matches exact names, so the lists of our own errors come from the class tree. The first
retrier that has an error's name decides. E23: what is still throttled after its retries waits, and begins anew.
"""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from runtime.core.errors import LAMBDA_ERRORS, THROTTLED, PermanentError, Throttled, TransientError, error_names


class Backoff(TypedDict):
    interval: Duration
    backoff_rate: float
    max_attempts: int
    jitter_strategy: sfn.JitterType


#: E23: there is no room for another copy of a function; that passes in minutes, not seconds.
THROTTLED_BACKOFF = Backoff(interval=Duration.seconds(60), backoff_rate=4, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)

#: Beyond the retries: the load may last for hours, and four tries are no measure of it.
THROTTLED_PAUSE = Duration.minutes(1)

BACKOFF = Backoff(interval=Duration.seconds(2), backoff_rate=2, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)

#: E24: the last try comes 21 minutes after the first, later than the rollback of the longest deployment that fails its check
#: (docs/adr/0001). Without jitter, which could make that any time at all.
DEPLOYMENT_BACKOFF = Backoff(interval=Duration.seconds(60), backoff_rate=4, max_attempts=3, jitter_strategy=sfn.JitterType.NONE)


def retry_function(task: tasks.LambdaInvoke) -> None:
    """Give a state that calls one of our functions its retriers."""
    task.add_retry(errors=[THROTTLED], **THROTTLED_BACKOFF)
    task.add_retry(errors=[*error_names(TransientError), *LAMBDA_ERRORS], **BACKOFF)
    task.add_retry(errors=error_names(PermanentError), max_attempts=0)
    task.add_retry(errors=["States.ALL"], **DEPLOYMENT_BACKOFF)


def delay_throttled(scope: Construct, task: tasks.LambdaInvoke) -> None:
    """Let *task* begin anew, with the same input, as often as throttling outlasts its retries (docs/adr/0001).

    What bounds it is the time of the execution. This must be the task's first catch: the first that has an error's name decides.
    """
    delay = sfn.Wait(scope, f"Delay{task.node.id}", time=sfn.WaitTime.duration(THROTTLED_PAUSE))
    task.add_catch(delay, errors=[THROTTLED, *error_names(Throttled)], result_path=sfn.JsonPath.DISCARD)
    delay.next(task)
