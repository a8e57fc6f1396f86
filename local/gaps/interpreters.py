"""Each function runs under the Python of its own runtime."""

from __future__ import annotations

from ministack.core import lambda_runtime

from local.gaps.gap import Gap, must_contain
from local.interpreters import interpreter


def _fix() -> None:
    original = lambda_runtime._detect_runtime_binary
    must_contain(original, "return sys.executable, _PYTHON_WORKER_SCRIPT")

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        version = runtime.removeprefix("python")
        python = interpreter(version)
        if python is None:
            raise RuntimeError(f"this machine has no Python {version}, which the function's runtime {runtime} asks for; install it")
        return str(python), script

    lambda_runtime._detect_runtime_binary = detect


GAP = Gap("interpreters", "every Python function runs under the emulator's own interpreter, whatever its runtime", _fix)
