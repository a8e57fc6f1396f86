"""Files through the deployed stage: the templates, the state machine, the functions in their own processes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles, wait_until
from tests.support.transactions import HEADER, csv, row

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


def test_a_good_file_becomes_typed_rows(files: StageFiles) -> None:  # E1 E5 E22
    body = csv(row(number) for number in range(100))
    item = files.send("incoming/transactions/acme/good.csv", body)
    assert (item["file_status"], item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == ("SUCCEEDED", 100, 100, 0)
    rows = files.accepted(item)
    assert [accepted["transaction_id"] for accepted in rows] == [f"{number:032x}" for number in range(100)]
    assert str(rows[3]["amount"]) == "3.25"
    assert rows[0]["merchant"] == 'Smith, Jones\nand "Co"'
    assert files.read(item["location"]["key"]) == body
    assert item["location"]["key"].startswith("processed/")


def test_a_partly_bad_file_succeeds_and_names_its_bad_rows(files: StageFiles) -> None:  # E6 E22
    lines = [row(number) for number in range(50)]
    lines[6] = row(6, booking_date="2026-02-30", currency="XXQ")
    lines[41] = "one,two\n"
    item = files.send("incoming/transactions/acme/partly bad.csv", csv(lines))
    assert (item["file_status"], item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == ("SUCCEEDED", 50, 48, 2)
    rejected = files.rejected(item)
    assert [error["column"] for error in rejected[7]] == ["booking_date", "currency"]
    assert rejected[42][0]["code"] == "field-count"
    assert item["reasons"] == {"*:field-count": 1, "booking_date:type-error": 1, "currency:enum": 1}


class Alerts:
    """A subscriber of the alerts topic."""

    def __init__(self, stage: DeployedStage) -> None:
        self._sqs = stage.client("sqs")
        self._url = self._sqs.create_queue(QueueName="e2e-alerts")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._sns = stage.client("sns")
        self._subscription = self._sns.subscribe(TopicArn=stage.alerts_topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
        self._seen: dict[str, str] = {}

    def unsubscribe(self) -> None:
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)

    def subject_for(self, identity: str) -> str:
        def seen() -> str | None:
            for message in self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
                envelope: dict[str, Any] = json.loads(message["Body"])
                alert = json.loads(envelope["Message"])
                self._seen[alert["file_id"]] = envelope["Subject"]
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            return self._seen.get(identity)

        return str(wait_until(seen, f"an alert for {identity}"))


@pytest.fixture(scope="module")
def alerts(stage: DeployedStage) -> Iterator[Alerts]:
    subscribed = Alerts(stage)
    yield subscribed
    subscribed.unsubscribe()


BROKEN = {
    "wholly bad": (csv(row(number, amount="lots") for number in range(200)), "SampleMismatch"),
    "empty": (b"", "EmptyFile"),
    "wrong header": (b"a;b\n1;2\n", "HeaderMismatch"),
    "wrong delimiter": (csv([row(1)]).replace(b",", b"\t"), "DelimiterMismatch"),
    "wrong encoding": (HEADER.encode() + row(1, description="f\xfcr").encode("latin-1"), "EncodingMismatch"),
    "a zip": (b"PK\x03\x04" + bytes(100), "NotCsv"),
    "an open quote": (csv([row(1), row(2, merchant='"open'), row(3)]), "UnterminatedQuote"),
}


@pytest.mark.parametrize(("body", "error"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_rejected_kept_published_and_alerted(
    stage: DeployedStage, files: StageFiles, alerts: Alerts, body: bytes, error: str
) -> None:  # E17 E19 E22
    item = files.send("incoming/transactions/acme/broken.csv", body)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", error)
    assert files.read(item["location"]["key"]) == body
    assert item["location"]["key"].startswith("failed/")
    assert files.keys(f"curated/transactions/_files/{item['file_id']}") == []
    outcome = {outcome["file_id"]: outcome for outcome in files.outcomes()}[item["file_id"]]
    assert (outcome["status"], outcome["group"], outcome["error"]["type"]) == ("REJECTED", "acme", error)
    assert item["published_at"]
    assert error in alerts.subject_for(item["file_id"])


def test_a_header_only_file_succeeds_without_chunks(files: StageFiles) -> None:
    item = files.send("incoming/transactions/acme/header only.csv", HEADER.encode())
    assert (item["file_status"], item["rows_read"], item["chunks"]) == ("SUCCEEDED", 0, 0)
    assert files.accepted(item) == []


def test_keys_of_any_kind_find_their_file(files: StageFiles) -> None:
    item = files.send("incoming/transactions/acme/über +100% día [1].csv", csv([row(1)]))
    assert item["file_status"] == "SUCCEEDED"
    assert item["location"]["key"].endswith("-über +100% día [1].csv")


def test_an_unknown_dataset_and_a_key_that_reaches_elsewhere_are_rejected(files: StageFiles) -> None:
    unknown = files.send("incoming/nosuch/acme/a.csv", csv([row(1)]))
    assert (unknown["file_status"], unknown["error_type"]) == ("REJECTED", "UnknownDataset")
    hostile = files.send("incoming/transactions/ac me/a.csv", csv([row(1)]))
    assert (hostile["file_status"], hostile["error_type"]) == ("REJECTED", "InvalidKey")


def test_a_duplicate_event_starts_nothing_new(stage: DeployedStage, files: StageFiles) -> None:  # E21
    key = "incoming/transactions/acme/twice.csv"
    item = files.send(key, csv([row(1), row(2)]))
    files.outcomes()
    event = {
        "detail-type": "Object Created",
        "time": "2026-11-20T13:00:00Z",
        "detail": {
            "bucket": {"name": stage.bucket},
            "object": {"key": key, "size": item["size"], "etag": item["etag"], "version-id": item["version_id"]},
        },
    }
    again = files.states.start_execution(stateMachineArn=stage.state_machine, input=json.dumps(event))["executionArn"]
    wait_until(lambda: files.states.describe_execution(executionArn=again)["status"] == "SUCCEEDED", "the duplicate to end")
    assert files.item(item["file_id"]) == item
    assert files.outcomes() == []


def test_a_file_replaced_while_it_is_processed_is_two_files(files: StageFiles) -> None:  # E21
    key = "incoming/transactions/acme/replaced.csv"
    first = files.upload(key, csv(row(number) for number in range(30)))
    second = files.upload(key, csv(row(number) for number in range(7)))
    assert [files.ended(identity)["rows_accepted"] for identity in (first, second)] == [30, 7]
    assert files.keys(key) == []


@pytest.mark.usefixtures("small_chunks")
def test_a_file_of_many_chunks_adds_up(stage: DeployedStage, files: StageFiles) -> None:  # E2 E11 E20
    lines = [row(number) for number in range(3000)]
    for number in range(100, 3000, 500):
        lines[number] = row(number, status="LOST")
    item = files.send("incoming/transactions/acme/many chunks.csv", csv(lines))
    chunks = files.chunks(item["file_id"])
    assert item["chunks"] == len(chunks) > 20
    assert all(chunk["end"] - chunk["start"] <= 20000 for chunk in chunks)
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (3000, 2994, 6)
    assert sorted(files.rejected(item)) == [number + 1 for number in range(100, 3000, 500)]
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == [
        f"{number:032x}" for number in range(3000) if number % 500 != 100
    ]
    runs = files.states.list_map_runs(executionArn=item["execution"])["mapRuns"]
    run = files.states.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
    assert run["maxConcurrency"] == 10
    assert run["itemCounts"]["succeeded"] == len(chunks)


ORIGINALS = {
    "gzip": ("day.csv.gz", gzip.compress, "gz", "utf-8"),
    "UTF-16": ("day.txt", lambda text: text.decode().encode("utf-16"), None, "utf-16-le"),
}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(("name", "pack", "compression", "encoding"), ORIGINALS.values(), ids=ORIGINALS)
def test_a_file_without_random_access_is_decoded_first(
    stage: DeployedStage, files: StageFiles, name: str, pack: Callable[[bytes], bytes], compression: str | None, encoding: str
) -> None:  # E2 E20 E22
    lines = [row(number) for number in range(600)]
    lines[77] = row(77, status="LOST")
    text = csv(lines)
    body = pack(text)
    item = files.send(f"incoming/transactions/acme/{name}", body)
    assert (item["file_status"], item["compression"], item["encoding"], item["offsets"]) == ("SUCCEEDED", compression, encoding, "decoded")
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (600, 599, 1)
    assert item["chunks"] > 3
    assert sorted(files.rejected(item)) == [78]
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == [f"{n:032x}" for n in range(600) if n != 77]
    stored = files.s3.get_object(Bucket=stage.bucket, Key=item["decoded"]["key"], VersionId=item["decoded"]["version_id"])
    assert stored["Body"].read() == text
    assert files.read(item["location"]["key"]) == body


def test_gzip_that_is_cut_short_is_rejected_and_leaves_no_upload(stage: DeployedStage, files: StageFiles) -> None:
    item = files.send("incoming/transactions/acme/cut.csv.gz", gzip.compress(csv(row(number) for number in range(3000)))[:-5])
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "CorruptGzip")
    assert files.s3.list_multipart_uploads(Bucket=stage.bucket).get("Uploads", []) == []


def test_another_dataset_goes_the_same_road(files: StageFiles) -> None:
    """Semicolons, decimal commas, Latin-1, German dates: nothing is written for one dataset."""
    header = "Depotnummer;ISIN;Bezeichnung;Gattung;Stück;Kurs;Kurswert EUR;Stichtag;Bewertet am;Verpfändet"
    contract = json.loads((ROOT / "runtime/contracts/positions_de.json").read_text(encoding="utf-8"))
    names = [field["name"] for field in contract["schema"]["fields"]]
    assert names[: header.count(";") + 1] == header.split(";")
    values = dict.fromkeys(names, "")
    values |= {
        "Depotnummer": "0123456789", "ISIN": "DE0005557508", "Bezeichnung": "Müller & Söhne", "Gattung": "Währung", "Stück": "1.250",
        "Kurs": "1.234,567", "Kurswert EUR": "-12.345,60", "Stichtag": "19.11.2026", "Bewertet am": "", "Verpfändet": "nein",
    }  # fmt: skip
    good = ";".join(values.values())
    bad = ";".join((values | {"ISIN": "DE0005557516", "Stichtag": "31.02.2026", "Kurs": "1,2,3"}).values())
    third = ";".join((values | {"ISIN": "DE0007164600", "Verpfändet": "J"}).values())
    body = "\r\n".join([";".join(names), good, bad, third, ""]).encode("iso-8859-1")
    item = files.send("incoming/positions_de/depotbank/p.csv", body)
    assert (item["file_status"], item["rows_accepted"], item["rows_rejected"]) == ("SUCCEEDED", 2, 1), item
    rows = files.accepted(item)
    assert (rows[0]["Bezeichnung"], rows[0]["Stück"], str(rows[0]["Kurswert EUR"]), rows[1]["Verpfändet"]) == (
        "Müller & Söhne", 1250, "-12345.60", True,
    )  # fmt: skip
    assert [error["column"] for error in files.rejected(item)[2]] == ["Kurs", "Stichtag"]


@pytest.fixture
def broken_chunk_function(stage: DeployedStage) -> Iterator[None]:
    """ProcessChunk dies at once, as a function does that runs out of memory or was deployed broken."""
    functions, name = stage.client("lambda"), f"etl-process-chunk-{stage.suffix}"
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="runtime.handlers.nosuch.handler")
    yield
    functions.update_function_configuration(FunctionName=name, Handler=handler)


@pytest.mark.usefixtures("broken_chunk_function")
def test_a_file_whose_chunks_fail_ends_failed_and_its_execution_too(files: StageFiles, alerts: Alerts) -> None:  # E7 E19 E25
    item = files.send("incoming/transactions/acme/unlucky.csv", csv([row(1)]))
    assert item["file_status"] == "FAILED"
    assert files.read(item["location"]["key"]) == csv([row(1)])
    assert alerts.subject_for(item["file_id"]).startswith("FAILED")
    assert files.states.describe_execution(executionArn=item["execution"])["status"] == "FAILED"


@pytest.fixture
def unreachable_table(stage: DeployedStage) -> Iterator[None]:
    """ProcessChunk finds no AWS where it looks for it, and the workflow's retries wait as long as they do on AWS."""
    functions, name = stage.client("lambda"), f"etl-process-chunk-{stage.suffix}"
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    elsewhere = {**variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": elsewhere})
    stage.set_wait_scale(1)
    yield
    stage.set_wait_scale(0)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.mark.usefixtures("unreachable_table")
def test_an_aborted_execution_brings_its_file_to_an_end(files: StageFiles) -> None:  # E25
    """Stopped by an operator between two tries of its chunk; EventBridge tells, the workflow settles."""
    identity = files.upload("incoming/transactions/acme/aborted.csv", csv([row(1)]))
    wait_until(lambda: (files.item(identity) or {}).get("file_status") == "PROCESSING", "the file to be processed")
    item = files.item(identity)
    assert item is not None
    files.states.stop_execution(executionArn=item["execution"])
    item = files.ended(identity)
    assert (item["file_status"], item["error_type"]) == ("FAILED", "ExecutionAborted")
    assert {outcome["file_id"] for outcome in files.outcomes()} >= {identity}


def test_the_post_deployment_probe_passes_and_leaves_nothing(stage: DeployedStage, files: StageFiles) -> None:  # D4
    files.outcomes()
    done = ops(stage, "validate", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["passed"] is True
    left = [key for key in files.keys("") if "_validation" in key]
    assert left == []
    assert files.outcomes() == []


def test_submitting_follows_a_file_to_its_summary(stage: DeployedStage, files: StageFiles, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_bytes(csv([row(1), row(2, amount="1.234"), row(3)]))
    done = ops(stage, "submit", str(file), "--dataset", "transactions", "--partner", "acme", "--wait", "--json")
    outcome = json.loads(done.stdout)
    assert done.returncode == 0
    counts = {name: outcome[name] for name in ("status", "rows_read", "rows_accepted", "rows_rejected", "chunks")}
    assert counts == {"status": "SUCCEEDED", "rows_read": 3, "rows_accepted": 2, "rows_rejected": 1, "chunks": 1}
    rejects = ops(stage, "rejects", outcome["file_id"], "--json")
    assert "1.234" in rejects.stdout


@pytest.mark.usefixtures("small_chunks")
def test_an_audit_tells_proves_and_finds_each_kind_of_row(stage: DeployedStage, files: StageFiles) -> None:  # E20
    lines = [row(number) for number in range(1, 601)]
    lines[499] = row(500, amount="1.234")
    item = files.send("incoming/transactions/acme/audited.csv", csv(lines))
    done = ops(stage, "audit", item["file_id"], "--row", "599", "--verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    audit = json.loads(done.stdout)
    assert audit["verification"]["verified"] is True
    assert len(audit["chunks"]) > 3
    assert audit["row"]["values"]["transaction_id"] == f"{599:032x}"
    rejected = json.loads(ops(stage, "audit", item["file_id"], "--row", "500", "--json").stdout)["row"]
    assert [reason["column"] for reason in rejected["reject"]["reasons"]] == ["amount"]
    files.s3.put_object(Bucket=stage.bucket, Key=audit["row"]["output"]["key"], Body=b"PAR1")
    changed = ops(stage, "audit", item["file_id"], "--verify")
    assert changed.returncode == 1
    assert f"{audit['row']['output']['key']}: " in changed.stdout


def ops(stage: DeployedStage, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", *arguments, "--stage", stage.suffix, "--region", stage.region]
    return subprocess.run(line, env=stage.environment, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
