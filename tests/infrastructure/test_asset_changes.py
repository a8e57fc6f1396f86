"""A commit that changes what the functions run, and nothing of the delivery, does not mutate the pipeline (D2)."""

from __future__ import annotations

import shutil

import pytest
from aws_cdk import App

from etl import functions
from pipeline import settings as settings_module
from pipeline.app import build
from pipeline.templates import templates
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.reading import only

COMMIT = "c0ffee" * 6 + "c0ff"


@pytest.fixture(scope="module")
def changed(context, tmp_path_factory):
    """The session's app with a line more in the code, another library in the layer and another commit, without what cdk-nag finds."""
    directory = tmp_path_factory.mktemp("changed")
    shutil.copytree(ROOT / "runtime", directory / "root" / "runtime", ignore=shutil.ignore_patterns("__pycache__", "layers"))
    with (directory / "root" / "runtime" / "errors.py").open("a") as code:
        code.write("\n# another commit\n")
    (directory / "layer" / "python").mkdir(parents=True)
    (directory / "layer" / "python" / "library.py").write_text("another = 1\n")
    settings = settings_module.parse(context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions, "ROOT", directory / "root")
        app = App(context=context, outdir=str(directory / "cdk.out"), analytics_reporting=False)
        build(app, settings, layer_path=directory / "layer", commit=COMMIT)
        app.synth()
    suffixes = [settings.pipeline.suffix, *(target.suffix for target in settings.targets)]
    return {template.stack_name: template for template in templates(directory / "cdk.out", suffixes)}


def test_what_is_delivered_has_changed(synthesis, changed):
    """Otherwise the other test would show nothing."""
    for name in ("etl-prod", "etl-prod-dr"):
        before, after = synthesis.templates[name], changed[name]
        for resource_type, part, named in (
            ("AWS::Lambda::Function", "Code", {"FunctionName": f"etl-process-chunk{name.removeprefix('etl')}"}),
            ("AWS::Lambda::LayerVersion", "Content", {}),
        ):
            assert only(before, resource_type, **named)[1][part]["S3Key"] != only(after, resource_type, **named)[1][part]["S3Key"]
        assert COMMIT in after.path.read_text()


def test_the_pipelines_own_templates_are_the_same_bytes(synthesis, changed):  # D2
    own = [name for name in synthesis.templates if name.startswith("etl-pip")]
    assert sorted(own) == ["etl-pipe-eu-west-1-main", "etl-pipeline-main"]
    for name in own:
        assert changed[name].path.read_bytes() == synthesis.templates[name].path.read_bytes()
