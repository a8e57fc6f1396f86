"""The emulator's process: one at a time, gone when it is stopped, and never mistaken for another's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from local import emulator
from local.emulator import Emulator
from local.errors import LocalError
from tests.unit.local.clouds import Cloud, eventually


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    emulator.stop(tmp_path)


def test_it_listens_on_this_machine_only(fixed: Cloud) -> None:
    listening = subprocess.run(["python3", "-c", _LISTENING, str(fixed.emulator.pid)], capture_output=True, text=True, check=True)
    assert json.loads(listening.stdout) == [["127.0.0.1", fixed.emulator.port]]


def test_a_second_start_is_refused_in_one_line(state: Path) -> None:
    first = emulator.start(state)
    with pytest.raises(LocalError, match="runs already; 'python -m local down' stops it"):
        emulator.start(state)
    assert emulator.running(state) == first


def test_stop_ends_the_process_and_deletes_what_it_wrote_elsewhere(state: Path) -> None:
    started = emulator.start(state)
    function = Cloud(started)
    function.invoke(function.function("def handler(event, context): return 1\n"))
    assert any(Path(started.scratch).iterdir())
    assert emulator.stop(state)
    assert emulator.running(state) is None
    assert not Path(started.scratch).exists()
    assert eventually(lambda: not _group_lives(started.pid))


@pytest.mark.parametrize("keeps", [True, False])
def test_what_it_holds_outlives_it_only_where_it_is_told_to(state: Path, tmp_path: Path, keeps: bool) -> None:
    keep = tmp_path / "kept" if keeps else None
    first = Cloud(emulator.start(state, keep=keep))
    first.client("s3").create_bucket(Bucket="kept")
    first.client("s3").put_object(Bucket="kept", Key="k", Body=b"what it held")
    first.client("sqs").create_queue(QueueName="kept")
    emulator.stop(state)
    second = Cloud(emulator.start(state, keep=keep))
    assert bool(second.client("sqs").list_queues().get("QueueUrls")) is keeps
    assert [bucket["Name"] for bucket in second.client("s3").list_buckets()["Buckets"]] == ["kept"] * keeps
    if keeps:
        assert second.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"what it held"


def test_stop_ends_what_a_function_left_behind(state: Path) -> None:
    started = emulator.start(state)
    cloud = Cloud(started)
    source = (
        "import subprocess\n"
        "COMMAND = ['sh', '-c', 'trap \"\" TERM; sleep 60; true']\n"
        "def handler(event, context): return subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL).pid\n"
    )
    assert cloud.invoke(cloud.function(source))["body"] > 0
    emulator.stop(state)
    assert eventually(lambda: not _group_lives(started.pid), seconds=5)


def test_stop_ends_an_emulator_that_ignores_being_asked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = emulator.start(state)
    monkeypatch.setattr(emulator, "_TERMINATE_SECONDS", 0.5)
    os.kill(started.pid, signal.SIGSTOP)
    assert emulator.stop(state)
    assert emulator.running(state) is None
    assert not Path(started.scratch).exists()


def test_stop_of_nothing_says_so(state: Path) -> None:
    assert not emulator.stop(state)
    emulator.start(state)
    assert emulator.stop(state)
    assert not emulator.stop(state)


def test_a_killed_emulator_is_noticed_and_its_leftovers_go_with_the_next_start(state: Path) -> None:
    killed = emulator.start(state)
    os.killpg(killed.pid, signal.SIGKILL)
    assert eventually(lambda: emulator.running(state) is None)
    assert Path(killed.scratch).exists()
    second = emulator.start(state)
    assert second.pid != killed.pid
    assert not Path(killed.scratch).exists()


def test_a_process_id_that_now_is_anothers_is_left_alone(state: Path) -> None:
    """A stale record names a living process that is not the emulator."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        scratch = state / "scratch"
        scratch.mkdir()
        record = {"pid": bystander.pid, "port": 1, "account": "123456789012", "scratch": str(scratch), "log": ""}
        (state / "emulator.json").write_text(json.dumps(record))
        (state / "emulator.lock").touch()
        assert emulator.running(state) is None
        assert not emulator.stop(state)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_port_in_use_is_refused_and_leaves_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(state))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port} of 127.0.0.1 is in use"):
            emulator.start(state, port)
    assert emulator.running(state) is None
    assert not list(state.glob("ledgerline-*"))


def test_one_that_does_not_come_up_says_why_and_leaves_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LocalError, match=r"did not start: it wrote nothing \(whole log: .*emulator\.log\)"):
        emulator.start(state)
    assert emulator.running(state) is None


def test_a_record_that_is_damaged_is_named(state: Path) -> None:
    (state / "emulator.json").write_text("{")
    with pytest.raises(LocalError, match=r"emulator\.json cannot be read .*; delete it"):
        emulator.start(state)
    (state / "emulator.json").unlink()


def test_functions_inherit_no_credentials_and_no_python_settings(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as shell:
        shell.setenv("AWS_PROFILE", "real")
        shell.setenv("AWS_ENDPOINT_URL", "https://real.example")
        shell.setenv("PYTHONPATH", "/somewhere")
        cloud = Cloud(emulator.start(state))
    source = (
        "import os\ndef handler(event, context): return {k: os.environ.get(k) for k in ('AWS_PROFILE', 'AWS_ENDPOINT_URL', 'PYTHONPATH')}\n"
    )
    seen = cloud.invoke(cloud.function(source))["body"]
    assert seen == {"AWS_PROFILE": None, "AWS_ENDPOINT_URL": cloud.emulator.endpoint, "PYTHONPATH": None}


def test_environment_for_clients_replaces_every_aws_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that is meant for the emulator cannot reach a real account."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE"):
        monkeypatch.setenv(name, "real")
    made = Emulator(1, 4566, "123456789012", "", "").environment("eu-west-1")
    assert {name for name in made if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_EC2_METADATA_DISABLED",
    }
    assert (made["AWS_ENDPOINT_URL"], made["AWS_REGION"]) == ("http://127.0.0.1:4566", "eu-west-1")


def test_a_setting_that_the_emulator_does_not_have_is_named(fixed: Cloud) -> None:
    with pytest.raises(LocalError, match=r"did not take \['nonsense\.X'\]"):
        fixed.emulator.configure({"nonsense.X": "1"})


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


#: Prints the addresses that a process listens on, from /proc: address and port are hexadecimal there, 0A is LISTEN.
_LISTENING = """
import json, os, sys
pid = sys.argv[1]
links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
inodes = {link[8:-1] for link in links if link.startswith("socket:")}
found = []
for table in ("tcp", "tcp6"):
    for line in open(f"/proc/{pid}/net/{table}").read().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            address, port = fields[1].split(":")
            found.append([".".join(str(byte) for byte in bytes.fromhex(address)[::-1]) if table == "tcp" else address, int(port, 16)])
print(json.dumps(found))
"""
