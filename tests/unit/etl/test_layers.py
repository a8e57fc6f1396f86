"""E12: the layers hold pandas and boto3, load alone under their Python, and stay within Lambda's limit."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from etl.layers import LayerError, archive, build, built_layer, layer_bytes
from etl.layers.trim import trim
from local.interpreters import interpreter

RUNTIMES = ["3.9", "3.13"]

ROUND_TRIP = """
import io, sys
assert all("site-packages" not in entry for entry in sys.path), sys.path
import boto3, numpy.testing, pandas, pyarrow.compute, pyarrow.csv, pyarrow.dataset, pyarrow.parquet, aws_lambda_powertools
from aws_lambda_powertools import Tracer
from aws_lambda_powertools.metrics import MetricUnit
table = pyarrow.csv.read_csv(io.BytesIO(b"id,amount\\n1,2.50\\n2,3.75\\n"))
sink = io.BytesIO()
pyarrow.parquet.write_table(table, sink, compression="zstd")
back = pyarrow.parquet.read_table(io.BytesIO(sink.getvalue()))
assert back.to_pydict() == {"id": [1, 2], "amount": [2.5, 3.75]}, back
assert back.to_pandas()["amount"].sum() == 6.25
assert boto3.client("s3", region_name="us-east-1").meta.service_model.service_name == "s3"
Tracer(service="layer", disabled=True)
print("loaded")
"""


def python(version: str) -> Path:
    found = interpreter(version)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"Python {version} is not installed: what Lambda runs cannot be tested")
    if found is None:
        pytest.skip(f"PYTHON {version} IS NOT INSTALLED: the layer for it was not loaded")
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_layer_leaves_room_for_the_function_in_lambdas_250_mib(runtime: str) -> None:
    assert layer_bytes(built_layer(runtime)) <= 225 * 2**20


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_everything_the_functions_import_loads_from_the_layer_alone(runtime: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(built_layer(runtime) / 'python')!r})\n{ROUND_TRIP}"
    done = subprocess.run([python(runtime), "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "loaded\n", done.stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_layer_holds_nothing_of_the_machine_that_built_it(runtime: str) -> None:
    layer = built_layer(runtime)
    files = [path for path in (layer / "python").rglob("*") if path.is_file()]
    assert {path.stat().st_mtime for path in files} == {315_532_800.0}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
    assert not [path for path in files if path.suffix in {".pyc", ".pyi", ".h"} or path.name in {"RECORD", "direct_url.json"}]


def test_a_layer_that_is_built_needs_neither_uv_nor_network(monkeypatch: pytest.MonkeyPatch) -> None:
    built_layer("3.9")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("built again"))
    assert built_layer("3.9").is_dir()


def test_a_changed_lock_is_another_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(build._LOCKS, tmp_path / "locks")
    before = build._digest("3.9")
    monkeypatch.setattr(build, "_LOCKS", tmp_path / "locks")
    assert build._digest("3.9") == before
    with (tmp_path / "locks" / "requirements-3.9.txt").open("a") as lock:
        lock.write("# one more line\n")
    assert build._digest("3.9") != before


def test_a_wheel_whose_hash_is_not_in_the_lock_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements-3.9.txt").write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(build, "_LOCKS", tmp_path)
    with pytest.raises(LayerError, match=r"requirements-3\.9\.txt for Python 3\.9"):
        built_layer("3.9", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_deployed_is_the_layer_packed_and_no_machine_packs_other_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(_: str, target: Path) -> None:
        for name in ("b/two.py", "a.py"):
            _write(target / name, 1_000)

    monkeypatch.setattr(build, "_install", install)
    one, other = (built_layer("3.9", cache=tmp_path / name) for name in ("one", "other"))
    assert archive(one).read_bytes() == archive(other).read_bytes()
    with zipfile.ZipFile(archive(one)) as packed:
        assert [name for name in packed.namelist() if not name.endswith("/")] == ["python/a.py", "python/b/two.py"]
    assert layer_bytes(one) == 2_000, "as Lambda counts it: unzipped, once"


def test_each_package_is_asked_for_a_platform_that_is_no_newer_than_the_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "numpy==2.0.2 \\\n    --hash=sha256:00\n    # via pandas\npandas==2.3.3 \\\n    --hash=sha256:01\n"
    (tmp_path / "lock.txt").write_text(text)
    monkeypatch.setattr(build, "_LOCKS", tmp_path)
    parts = build._by_platform("lock.txt", 26)
    assert {platform: "".join(part).splitlines()[0] for platform, part in parts.items()} == {
        "x86_64-manylinux_2_17": "numpy==2.0.2 \\",
        "x86_64-manylinux_2_28": "pandas==2.3.3 \\",
    }
    assert build._by_platform("lock.txt", 34) == {"x86_64-manylinux_2_34": ["", *build._REQUIREMENT.split(text)[1:]]}


@pytest.mark.parametrize(
    ("tags", "refused"),
    [
        (["manylinux_2_28_x86_64"], True),
        (["manylinux_2_24_x86_64", "manylinux_2_28_x86_64"], False),
        (["manylinux2014_x86_64"], False),
        (["any"], False),
    ],
)
def test_a_wheel_that_the_runtimes_linux_cannot_load_is_refused(tmp_path: Path, tags: list[str], refused: bool) -> None:
    wheel = tmp_path / "pandas-2.3.3.dist-info" / "WHEEL"
    wheel.parent.mkdir()
    wheel.write_text("Wheel-Version: 1.0\n" + "".join(f"Tag: cp39-cp39-{tag}\n" for tag in tags))
    if refused:
        with pytest.raises(LayerError, match=r"pandas-2\.3\.3 for Python 3\.9 needs glibc 2\.28, .* has 2\.26"):
            build._refuse_too_new("3.9", tmp_path)
    else:
        build._refuse_too_new("3.9", tmp_path)


def test_an_unknown_runtime_is_named_with_the_known_ones() -> None:
    with pytest.raises(LayerError, match=r"'3\.8': known are 3\.9, .*3\.13"):
        built_layer("3.8")


def test_a_layer_that_lambda_would_refuse_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_install", lambda _, target: _write(target / "big.bin", 3_000))
    monkeypatch.setattr(build, "LIMIT_BYTES", 2_999)
    with pytest.raises(LayerError, match="MiB unzipped"):
        built_layer("3.9", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_builds_at_once_end_with_one_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install_while_another_finishes(runtime: str, target: Path) -> None:
        _write(target / "mine.py", 10)
        _write(tmp_path / build._digest(runtime) / "python" / "theirs.py", 10)

    monkeypatch.setattr(build, "_install", install_while_another_finishes)
    layer = built_layer("3.9", cache=tmp_path)
    assert [path.name for path in (layer / "python").iterdir()] == ["theirs.py"]
    assert list(tmp_path.iterdir()) == [layer]


def test_trim_keeps_packages_and_drops_what_no_function_loads(tmp_path: Path) -> None:
    kept = ["pandas/core/frame.py", "numpy/testing/__init__.py", "pandas-2.3.3.dist-info/METADATA", "boto3/data/s3.json"]
    dropped = ["pandas/tests/test_frame.py", "numpy/f2py/run.py", "pyarrow/include/arrow.h", "pandas-2.3.3.dist-info/RECORD", "bin/jp.py"]
    for name in kept + dropped:
        _write(tmp_path / name, 5)
    trim(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def _write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
