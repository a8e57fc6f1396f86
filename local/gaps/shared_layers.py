"""A layer is unpacked once and read by every worker, as the read-only /opt is; the next emulator finds it unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from etl import cache
from local.emulator import ROOT
from local.gaps.gap import Gap, must_contain

_LAYERS = ROOT / ".cache" / "unpacked-layers"
_unpacking = threading.Lock()


def _fix() -> None:
    original = lambda_runtime.Worker._spawn
    must_contain(original, 'spawn_env["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(layers_dirs)')
    must_contain(original, "layer_data = _resolve_layer_zip(layer_ref)")

    def spawn(worker: Any) -> None:
        config = worker.config
        layers = config.get("Layers", [])
        if not layers or not config.get("Runtime", "").startswith("python"):
            original(worker)
            return
        unpacked = os.pathsep.join(str(_unpacked(lambda_svc._resolve_layer_zip(layer))) for layer in layers)
        variables = {**config.get("Environment", {}).get("Variables", {}), "_LAMBDA_LAYERS_DIRS": unpacked}
        worker.config = {**config, "Layers": [], "Environment": {"Variables": variables}}
        try:
            original(worker)
        finally:
            worker.config = config

    lambda_runtime.Worker._spawn = spawn


def _unpacked(content: bytes) -> Path:
    directory = _LAYERS / hashlib.sha256(content).hexdigest()[:20]
    with _unpacking:
        if not directory.is_dir():
            _LAYERS.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=_LAYERS) as scratch:
                unfinished = Path(scratch) / "layer"
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(unfinished)
                cache.publish(unfinished, directory)
        cache.keep_newest(directory)
    return directory


GAP = Gap("shared layers", "every worker unpacks its own copy of its layers: 200 MB and seconds for each of ten parallel chunks", _fix)
