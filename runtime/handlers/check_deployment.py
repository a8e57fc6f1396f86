"""CheckDeployment: gets CloudFormation's request for the custom resource, sends the answer to the request's URL.

The check is imported inside a function, so that the handler loads, and reports the error at once, even when the new code
or its layer cannot be loaded.
"""

from __future__ import annotations

import logging
from typing import Any

from runtime.aws import custom_resource

logger = logging.getLogger(__name__)

#: Physical id of the custom resource. It is constant, so CloudFormation never replaces the resource.
PHYSICAL_ID = "deployment-check"


def handler(event: dict[str, Any], context: Any) -> None:
    custom_resource.answer(event, PHYSICAL_ID, _problem(event, context))


def _problem(event: dict[str, Any], context: Any) -> str | None:
    if event["RequestType"] == "Delete":
        return None
    try:
        from runtime.steps.deployment_check import check  # noqa: PLC0415 - see above

        problems = check(event, context.get_remaining_time_in_millis() / 1000)
    except Exception as error:
        logger.exception("the check could not be made")
        problems = [f"the check could not be made: {type(error).__name__}: {error}"]
    for problem in problems:
        logger.error(problem)
    return f"This deployment cannot process a file: {'; '.join(problems)}" if problems else None
