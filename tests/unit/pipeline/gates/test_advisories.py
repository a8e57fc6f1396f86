"""pip-audit and npm as they are, against services of our own that answer as OSV and the registry do (D8, G8)."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.gates import accepted_findings, advisories
from tests.unit.pipeline.gates.repository import ROOT

TODAY = dt.date(2026, 11, 20)


class Services:
    """``known`` is what OSV knows, by package; ``npm`` is the registry's answer; both count what they were asked."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.npm: dict[str, list[dict[str, Any]]] = {}
        self.asked: set[str] = set()

    def answer(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/v1/query":
            self.asked.add(body["package"]["name"])
            known = self.known.get(body["package"]["name"])
            return {"vulns": [known]} if known else {}
        assert path == "/-/npm/v1/security/advisories/bulk"
        self.asked |= set(body)
        return self.npm


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Services]:
    served = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            import gzip

            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
            answer = json.dumps(served.answer(self.path, json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("npm_config_registry", address)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(advisories.ABSENT, raising=False)
    monkeypatch.setattr(advisories, "OSV", f"{address}/v1/query")
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def osv(package: str, identifier: str, *aliases: str) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]
    affected = [{"package": {"name": package, "ecosystem": "PyPI"}, "ranges": ranges}]
    return {"id": identifier, "aliases": list(aliases), "summary": "made up", "affected": affected}


def test_everything_that_is_locked_is_asked_for(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert advisories.main([], today=TODAY) == 0
    assert capsys.readouterr().out == "4 locks: 0 known vulnerabilities, and 0 that are accepted\n"
    assert {"aws-cdk-lib", "boto3", "pandas", "pyarrow", "urllib3", "aws-cdk", "@aws-sdk/client-s3"} <= services.asked


def test_a_vulnerability_is_named_with_what_helps(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    services.known["pyarrow"] = osv("pyarrow", "PYSEC-2099-1", "GHSA-aaaa-bbbb-cccc")
    url = "https://github.com/advisories/GHSA-dddd-eeee-ffff"
    npm = {"id": 1, "url": url, "title": "Made up", "severity": "high", "vulnerable_versions": "<999", "cwe": [], "cvss": {"score": 0}}
    services.npm["aws-cdk"] = [npm]
    assert advisories.main([], today=TODAY) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines if "PYSEC-2099-1 (GHSA-aaaa-bbbb-cccc): fixed in 999" in line] == list(
        advisories.LOCKS
    )
    assert [line for line in lines if line.startswith("package-lock.json: aws-cdk <999: GHSA-dddd-eeee-ffff: Made up")]


def test_an_accepted_advisory_is_accepted_until_its_day(services: Services) -> None:
    (acknowledged, *_) = accepted_findings.ADVISORIES
    services.known[acknowledged.package] = osv(acknowledged.package, "PYSEC-2099-2", acknowledged.identifier)
    assert advisories.main([], today=acknowledged.until) == 0
    assert advisories.main([], today=acknowledged.until + dt.timedelta(days=1)) == 1


def test_another_advisory_on_the_same_package_is_not_accepted(services: Services) -> None:
    services.known["urllib3"] = osv("urllib3", "PYSEC-2099-3")
    assert advisories.main([], today=TODAY) == 1


def test_every_acknowledged_advisory_gives_a_reason_and_is_of_a_package_that_is_locked() -> None:
    locked = "".join((ROOT / lock).read_text() for lock in advisories.LOCKS)
    for each in accepted_findings.ADVISORIES:
        assert len(each.reason.split()) >= 6
        assert f"\n{each.package}==" in locked


@pytest.mark.parametrize("broken", ["osv", "npm"])
def test_a_service_that_gives_no_answer_is_no_pass(
    services: Services, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    nobody = "http://127.0.0.1:9"
    if broken == "osv":
        monkeypatch.setattr(advisories, "OSV", nobody)
    else:
        monkeypatch.setenv("npm_config_registry", nobody)
        monkeypatch.setenv("npm_config_fetch_retries", "0")
    assert advisories.main([], today=TODAY) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: " + {"osv": "requirements.txt: ", "npm": "package-lock.json: "}[broken])
    assert error.count("\n") == 1


def test_where_there_is_no_service_it_is_said_that_nothing_was_checked(
    services: Services, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(advisories.ABSENT, "a rehearsal")
    assert advisories.main([]) == 0
    assert capsys.readouterr().out == "not checked here: known vulnerabilities of the dependencies: a rehearsal\n"
    assert services.asked == set()


def test_no_build_is_told_that_there_is_no_service() -> None:
    for path in (ROOT / "buildspec").iterdir():
        assert advisories.ABSENT not in path.read_text()


def test_the_synth_asks_before_it_ends() -> None:
    (script,) = yaml.safe_load((ROOT / "buildspec" / "synth.yml").read_text())["phases"]["build"]["commands"]
    commands = (ROOT / script.removeprefix("bash ")).read_text().splitlines()
    assert "set -euo pipefail" in commands
    assert ".venv/bin/python -m pipeline.gates.advisories" in commands
