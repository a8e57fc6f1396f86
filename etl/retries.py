"""The retriers of the states: which errors are retried, how often (at most three times, E7) and after how long.

Step Functions matches exact names, so the lists of our own errors come from the class tree. The first
retrier that has an error's name decides. E23: a state that is still throttled after its retries waits, and starts again.
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


#: E23: the account's concurrency is used up, which lasts for minutes.
THROTTLED_BACKOFF = Backoff(interval=Duration.seconds(60), backoff_rate=4, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)

#: The wait after the last retry of a throttled call, before the state starts again. The load may last for hours.
THROTTLED_PAUSE = Duration.minutes(1)

BACKOFF = Backoff(interval=Duration.seconds(2), backoff_rate=2, max_attempts=3, jitter_strategy=sfn.JitterType.FULL)

#: E24: the last try comes 21 minutes after the first, when even the longest deployment that failed its check has been rolled back
#: (docs/adr/0001). Without jitter, which could shorten that to nothing.
DEPLOYMENT_BACKOFF = Backoff(interval=Duration.seconds(60), backoff_rate=4, max_attempts=3, jitter_strategy=sfn.JitterType.NONE)


def retry_function(task: tasks.LambdaInvoke) -> None:
    """Add the retriers to a state that calls one of our functions."""
    task.add_retry(errors=[THROTTLED], **THROTTLED_BACKOFF)
    task.add_retry(errors=[*error_names(TransientError), *LAMBDA_ERRORS], **BACKOFF)
    task.add_retry(errors=error_names(PermanentError), max_attempts=0)
    task.add_retry(errors=["States.ALL"], **DEPLOYMENT_BACKOFF)


def delay_throttled(scope: Construct, task: tasks.LambdaInvoke) -> None:
    """Start *task* again with the same input each time that throttling outlasts its retries (docs/adr/0001).

    Only the time-out of the execution ends this. It must be the task's first catch, since the first that has the error's name decides.
    """
    delay = sfn.Wait(scope, f"Delay{task.node.id}", time=sfn.WaitTime.duration(THROTTLED_PAUSE))
    task.add_catch(delay, errors=[THROTTLED, *error_names(Throttled)], result_path=sfn.JsonPath.DISCARD)
    delay.next(task)
