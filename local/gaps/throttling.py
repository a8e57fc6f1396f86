"""A throttled invocation has the name that Step Functions matches, and the account's limit can be set while the emulator runs."""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.services import lambda_svc

from local.gaps.gap import Gap, must_contain, must_hold

#: What :meth:`local.emulator.Emulator.configure` is given: how many functions may run at once, 0 for any number.
SETTING = "lambda_svc._ACCOUNT_CONCURRENCY_CAP"


def _fix() -> None:
    throttled, configure = lambda_svc._throttle_response, app._handle_admin_config_request
    must_contain(throttled, '"__type": "TooManyRequestsException"')
    must_contain(lambda_svc._acquire_execution_slot, "_inflight_total >= _ACCOUNT_CONCURRENCY_CAP")
    must_hold(isinstance(lambda_svc._ACCOUNT_CONCURRENCY_CAP, int), "a number that limits the account's concurrency")

    def throttle(*arguments: Any, **named: Any) -> dict[str, Any]:
        answer: dict[str, Any] = throttled(*arguments, **named)
        answer["body"] |= {"errorType": "Lambda.TooManyRequestsException", "errorMessage": answer["body"]["message"]}
        return answer

    async def set_limit(path: str, method: str, body: bytes) -> Any:
        asked = json.loads(body or b"{}") if path == "/_ministack/config" and method == "POST" else {}
        if SETTING not in asked:
            return await configure(path, method, body)
        lambda_svc._ACCOUNT_CONCURRENCY_CAP = int(asked.pop(SETTING))
        status, headers, answer = await configure(path, method, json.dumps(asked).encode())
        applied = json.loads(answer)["applied"] | {SETTING: lambda_svc._ACCOUNT_CONCURRENCY_CAP}
        return status, headers, json.dumps({"applied": applied}).encode()

    lambda_svc._throttle_response = throttle
    app._handle_admin_config_request = set_limit


GAP = Gap("throttling", "a throttled function is Lambda.Unknown to the workflow, and the account's limit is the machine's", _fix)
