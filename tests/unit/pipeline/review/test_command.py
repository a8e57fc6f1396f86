"""``python -m pipeline.review`` on an assembly (D5)."""

from __future__ import annotations

import json

import pytest

from pipeline.review.__main__ import main

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def run(tmp_path, capsys):
    assembly = tmp_path / "assembly"
    assembly.mkdir()
    artifacts = {"Etl": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "dr.json", "stackName": "etl-prod-dr"}}}
    (assembly / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (assembly / "dr.json").write_text(json.dumps({"Resources": {"Key": {"Type": "AWS::KMS::Key"}}}))

    def command(deployed="{}", stage="prod-dr", commit=COMMIT, source=assembly):
        (tmp_path / "deployed.json").write_text(deployed)
        arguments = ["--stage", stage, "--deployed", str(tmp_path / "deployed.json"), "--assembly", str(source), "--commit", commit]
        status = main([*arguments, "--output", str(tmp_path / "review")])
        captured = capsys.readouterr()
        return status, captured.out, captured.err, tmp_path / "review"

    return command


def test_it_writes_page_text_and_summary_and_shows_the_text_in_the_log(run):
    status, out, _, directory = run()
    assert status == 0
    assert sorted(path.name for path in directory.iterdir()) == ["review.html", "review.md", "summary.txt"]
    assert out == (directory / "review.md").read_text()
    assert (directory / "summary.txt").read_text() == "first delivery; 1 added; no permission broadened; +$1.00 a month\n"
    assert f"https://github.com/example/ledgerline/commit/{COMMIT}" in out


def test_what_is_deployed_is_compared(run):
    deployed = json.dumps({"Resources": {"Gone": {"Type": "AWS::S3::Bucket"}}, "Metadata": {"Commit": "a" * 40}})
    _, out, _, directory = run(deployed)
    assert (directory / "summary.txt").read_text().startswith("DATA AT RISK in Gone; 1 removed, 1 added")
    assert f"compare/{'a' * 40}...{COMMIT}" in out


def test_a_source_that_is_no_commit_is_not_linked(run):
    assert "github.com" not in run(commit="arn:aws:s3:::bucket/source.zip")[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"deployed": "not json"}, "cannot be read as JSON"),
        ({"deployed": '{"Resources": 1}'}, "is not a CloudFormation template"),
        ({"stage": "other"}, "has no suffix 'other'; choose one of prod, prod-dr"),
        ({"stage": "prod"}, "has no stack etl-prod"),
        ({"source": "/nowhere"}, "run pipeline_app.py first"),
    ],
)
def test_nothing_to_compare_is_one_line_and_status_2(run, given, said):
    status, _, err, _ = run(**given)
    assert status == 2
    assert said in err
    assert err.count("\n") == 1
