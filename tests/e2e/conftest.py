"""One emulator and one deployment of the primary stage for all end-to-end tests of a session.

``LEDGERLINE_RUNTIME`` chooses the functions' Python (default: cdk.json's). Waits are instant: the wait scale is 0.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local import emulator
from local.testing.stages import deployed_stage
from tests.e2e.deployed import E2E_STATE, DeployedStage, described
from tests.e2e.developer import Developer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test that destroys the session's stage comes last."""
    items.sort(key=lambda item: item.path.name == "test_destroy.py")


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings() -> Iterator[None]:
    """Whatever this shell's AWS settings are, the tests' clients have none but the emulator's."""
    with pytest.MonkeyPatch.context() as shell:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            shell.delenv(name)
        yield


@pytest.fixture(scope="session")
def stage() -> Iterator[DeployedStage]:
    with deployed_stage(E2E_STATE, runtime=os.environ.get("LEDGERLINE_RUNTIME")) as local:
        deployed = described(local)
        deployed.set_wait_scale(0)
        yield deployed


@pytest.fixture
def small_chunks(stage: DeployedStage) -> Iterator[None]:
    """Chunks of 20 kB: the parameter that an operator may change, read by a function that has not cached it."""
    ssm, functions = stage.client("ssm"), stage.client("lambda")
    name = stage.outputs["ChunkBytesParameter"]
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    assert before == "50000000"  # E2: the deployed default

    def change(value: str) -> None:
        ssm.put_parameter(Name=name, Value=value, Overwrite=True)
        function = f"etl-validate-file-{stage.suffix}"
        variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, "CHANGED": value}})

    change("20000")
    yield
    change(before)


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Developer]:
    """Somebody who has pushed this checkout's commit once, from nothing; what their pushes left is in their own emulator."""
    developer = Developer(tmp_path_factory.mktemp("delivery"))
    try:
        developer.push("main")
        yield developer
    finally:
        emulator.stop(developer.state)
