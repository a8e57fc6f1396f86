"""What a document tells a person to type exists: subcommands and options, of ours and of others."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
import pytest
import typer
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel
from typer.core import TyperGroup

from local.cli import app as local_app
from ops.cli import app as ops_app
from tests.unit.docs.commands import ROOT, Command, commands, split

OURS = {"ops": typer.main.get_command(ops_app), "local": typer.main.get_command(local_app)}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
#: Of the AWS CLI, what is no operation of a service; and its options that every operation has.
S3_COMMANDS = {"cp", "ls", "sync", "rm"}
GLOBAL = {"--endpoint-url", "--output", "--profile", "--query", "--region"}
#: Where the AWS CLI calls a parameter otherwise than the service does.
RENAMED = {("subscribe", "Endpoint"): "--notification-endpoint"}


def ours(module: str, words: tuple[str, ...]) -> list[str]:
    """What is wrong with the *words* that follow ``python -m <module>``."""
    command, rest = OURS[module], list(words)
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            return [f"no subcommand {rest[0] if rest else '(none)'}; there are {', '.join(sorted(command.commands))}"] if rest else []
        command = command.commands[rest.pop(0)]
    known = {"--help", *(name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts])}
    return [f"no option {flag}" for flag in Command("", tuple(rest), whole=False).flags if flag not in known]


@lru_cache
def help_of(*line: str) -> str:
    done = subprocess.run(line, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def named(text: str, flag: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", text) is not None


@lru_cache
def operation(service: str, name: str) -> OperationModel | None:
    try:
        model = botocore.session.get_session().get_service_model("s3" if service == "s3api" else service)
    except UnknownServiceError:
        return None
    found = [candidate for candidate in model.operation_names if xform_name(candidate, "-") == name]
    return model.operation_model(found[0]) if found else None


def waiter_operation(service: str, name: str) -> OperationModel | None:
    waiters = botocore.session.get_session().get_waiter_model(service)
    for candidate in waiters.waiter_names:
        if xform_name(candidate, "-") == name:
            return operation(service, xform_name(waiters.get_waiter(candidate).operation, "-"))
    return None


def aws(command: Command) -> list[str]:
    """What is wrong with an ``aws`` command, held against the services' own models."""
    _, service, name, *rest = command.words
    if service == "s3":
        return [] if name in S3_COMMANDS else [f"no command s3 {name}"]
    found = waiter_operation(service, rest[0]) if name == "wait" else operation(service, name)
    if found is None or found.input_shape is None:
        return [f"no operation {service} {name}"]
    known = {RENAMED.get((name, member), "--" + xform_name(member, "-")): member for member in found.input_shape.members}
    problems = [f"no option {flag}" for flag in command.flags if flag not in {*known, *GLOBAL}]
    needed = {flag for flag, member in known.items() if member in found.input_shape.required_members}
    return problems + [f"lacks {flag}" for flag in sorted(needed - set(command.flags)) if command.whole]


@pytest.mark.parametrize("module", sorted(OURS))
def test_our_commands_have_the_subcommands_and_options_that_are_shown(module: str) -> None:
    shown = commands("python", "-m", module)
    assert len(shown) > 5
    assert not [f"{command}: {problem}" for command in shown for problem in ours(module, command.words[3:])]


def options(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every option of *command* and of the commands below it, and every variable that stands for one."""
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, (*path, name))
    for parameter in [] if hasattr(command, "commands") else command.params:
        variables = [parameter.envvar] if isinstance(parameter.envvar, str) else []
        yield from ((path, name) for name in [*parameter.opts, *variables] if name.startswith("--") or name.isupper())


def described(module: str, command: str) -> str:
    """Where a reader looks for the options of a command."""
    if module == "local":
        return "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("local.md", "rehearsal.md"))
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return text.partition("\n## ")[0] + text.partition(f"\n## {command}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("module", sorted(OURS))
def test_every_option_of_ours_is_in_a_document(module: str) -> None:
    """The reverse: what can be typed is written down, with its command."""
    missing = [f"{' '.join(path)} {name}" for path, name in options(OURS[module]) if not named(described(module, path[0]), name)]
    assert missing == []


def test_the_readme_lists_the_commands_of_ops() -> None:
    row = re.search(r"^\| `ops/` \| .*: (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    group = OURS["ops"]
    assert isinstance(group, TyperGroup)
    assert set(row[1].split(", ")) == set(group.commands)


def test_the_modules_and_the_app_have_the_options_that_are_shown() -> None:
    for command in [*commands("python", "-m", "pipeline.gates"), *commands("python", "-m", "pipeline.review")]:
        text = help_of(sys.executable, *command.words[1:3], "--help")
        assert all(named(text, flag) for flag in command.flags), command
    assert commands("python", "pipeline_app.py")
    assert named(help_of(sys.executable, "pipeline_app.py", "--help"), "-c")


def test_every_module_that_is_shown_is_there() -> None:
    for command in commands("python", "-m"):
        path = ROOT / command.words[2].replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists() or command.words[2] in {"pip", "pytest"}, command


def test_the_targets_and_variables_of_make_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE))
    shown = commands("make")
    assert {"run", "test", "check", "deliver"} <= {command.words[1] for command in shown}
    for command in shown:
        for word in command.words[1:]:
            name, is_variable, _ = word.partition("=")
            assert name in (variables if is_variable else targets), command


def test_the_cdk_cli_has_the_commands_and_options_that_are_shown() -> None:
    shown = commands("npx", "cdk")
    assert {"bootstrap", "deploy", "destroy"} <= {command.words[2] for command in shown}
    for command in shown:
        text = help_of(str(ROOT / "node_modules" / ".bin" / "cdk"), command.words[2], "--help")
        assert text.startswith(f"cdk {command.words[2]}"), command
        assert all(named(text, flag) for flag in command.flags), command


def test_the_aws_cli_has_the_operations_and_options_that_are_shown() -> None:
    shown = commands("aws")
    assert len(shown) > 15
    assert not [f"{command}: {problem}" for command in shown for problem in aws(command)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("python -m ops stauts", "no subcommand stauts"),
        ("python -m ops validate --stag prod", "no option --stag"),
        ("python -m ops contract guess FILE", "no subcommand guess"),
        ("python -m local down --all", "no option --all"),
    ],
)
def test_a_wrong_command_of_ours_is_found(line: str, problem: str) -> None:
    (words,) = split(line)
    assert ours(words[2], words[3:])[0].startswith(problem)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("aws cloudformation remove-stack --stack-name X", "no operation cloudformation remove-stack"),
        ("aws cloudformation delete-stack --name X", "no option --name"),
        ("aws cloudformation delete-stack --region us-east-1", "lacks --stack-name"),
        ("aws cloudformation wait stack-deleted --stack-name X", "no operation cloudformation wait"),
        ("aws codepipelines get-pipeline-state --name X", "no operation codepipelines get-pipeline-state"),
        ("aws s3 copy a b", "no command s3 copy"),
    ],
)
def test_a_wrong_command_of_the_aws_cli_is_found(line: str, problem: str) -> None:
    (words,) = split(line)
    assert problem in aws(Command("a document", words, whole=True))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('eval "$(python -m local env)"     # a remark, make that', [("python", "-m", "local", "env")]),
        ("APPROVE=yes make deliver   # make it", [("make", "deliver")]),
        ("make setup && . .venv/bin/activate", [("make", "setup")]),
        ("python -m local up [--port N]", [("python", "-m", "local", "up", "--port", "N")]),
        ("do aws x y > out.json", []),
        ("python -m ops contract infer FILE > <dataset>.json", [("python", "-m", "ops", "contract", "infer", "FILE")]),
        ("make_change_set", []),
    ],
)
def test_commands_are_found_in_a_line(line: str, found: list[tuple[str, ...]]) -> None:
    assert [words for words in split(line) if words[0] != "aws"] == found
