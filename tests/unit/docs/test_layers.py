"""The diagram of import layers in docs/architecture.md is the one that import-linter holds."""

from __future__ import annotations

import pytest

from tests.unit.docs.commands import ROOT

tomllib = pytest.importorskip("tomllib", reason="the standard library reads TOML from Python 3.11 on")

MARKER = "<!-- layers: tests/unit/docs/test_layers.py compares this with pyproject.toml -->\n```mermaid\n"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def contract(name: str) -> list[str]:
    (layers,) = [each["layers"] for each in CONTRACTS if each["name"] == name]
    return list(layers)


def arrows(diagram: str, arrow: str) -> set[tuple[str, str]]:
    """Pairs of neighbours in each line's chain of *arrow*."""
    chains = [line.split(f" {arrow} ") for line in diagram.splitlines()]
    return {(above.strip(), below.strip()) for chain in chains for above, below in zip(chain, chain[1:])}


def pairs(layers: list[str]) -> set[tuple[str, str]]:
    names = [layer.removeprefix("runtime.") for layer in layers]
    return set(zip(names, names[1:]))


@pytest.fixture(scope="module")
def diagram() -> str:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert MARKER in text
    return text.partition(MARKER)[2].partition("```")[0]


def test_the_layers_that_are_drawn_are_those_that_are_checked(diagram: str) -> None:
    app = contract("The delivery knows the stage, the stage its constructs, never the other way")
    assert arrows(diagram, "-->") == pairs(app) | pairs(contract("Layers of the runtime"))


def test_only_handlers_and_steps_are_drawn_to_import_what_speaks_to_aws(diagram: str) -> None:
    layers = {layer.removeprefix("runtime.") for layer in contract("Layers of the runtime")}
    assert arrows(diagram, "-.->") == {(name, "aws") for name in ("handlers", "steps")}
    forbidden = [set(each["source_modules"]) for each in CONTRACTS if "runtime.aws" in each.get("forbidden_modules", [])]
    refused = {module.removeprefix("runtime.") for modules in forbidden for module in modules}
    assert layers - {"handlers", "steps"} <= refused


def test_every_folder_of_the_runtime_is_a_layer_or_beside_them(diagram: str) -> None:
    drawn = {name for pair in arrows(diagram, "-->") | arrows(diagram, "-.->") for name in pair}
    folders = {path.name for path in (ROOT / "runtime").iterdir() if (path / "__init__.py").exists()}
    assert folders <= drawn, "a folder of runtime/ that docs/architecture.md does not draw"


def test_the_arrows_of_a_chain_are_its_neighbours() -> None:
    assert arrows("a --> b --> c\nb -.-> d", "-->") == {("a", "b"), ("b", "c")}
