"""Answers CloudFormation's request for a custom resource: CloudFormation waits for a PUT to the request's URL.

Imports the standard library only, so that it can answer even if the layer does not load.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from typing import Any, Callable, Mapping

logger = logging.getLogger(__name__)

#: Seconds before each retry. Without an answer, the stack would wait until the resource's time limit.
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_TIMEOUT_SECONDS = 10.0
#: CloudFormation accepts 4,096 bytes for the whole answer; a reason of this length, escaped, leaves room for the ids.
_REASON_CHARACTERS = 1200

Send = Callable[[urllib.request.Request], object]


def answer(
    request: Mapping[str, Any],
    physical_id: str,
    problem: str | None,
    *,
    send: Send | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Report success to CloudFormation, or failure with *problem* as its reason.

    Raises OSError if the answer could not be delivered.
    """
    document = {
        "Status": "FAILED" if problem else "SUCCESS",
        "Reason": _shortened(problem or ""),
        "PhysicalResourceId": physical_id,
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
    }
    # The URL is signed for a request without a content type.
    put = urllib.request.Request(  # noqa: S310 - CloudFormation's own URL
        request["ResponseURL"], data=json.dumps(document).encode(), headers={"Content-Type": ""}, method="PUT"
    )
    for pause in _PAUSES:
        if _delivered(put, send or _send):
            return
        sleep(pause)
    (send or _send)(put)


def _delivered(put: urllib.request.Request, send: Send) -> bool:
    try:
        send(put)
    except OSError as error:
        logger.warning("CloudFormation did not take the answer, which is sent again: %s", error)
        return False
    return True


def _shortened(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_CHARACTERS else f"{line[:_REASON_CHARACTERS]} ... (the whole is in the function's log)"


def _send(put: urllib.request.Request) -> None:
    with urllib.request.urlopen(put, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
        response.read()
