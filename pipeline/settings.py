"""The settings in ``cdk.json``, checked and typed. There is no other configuration."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from etl import names
from etl.target import RUNBOOK, RuntimeSettings, Target
from pipeline import slugs
from pipeline.json_file import Unreadable, read_json
from runtime.core.settings import DEFAULT_CHUNK_BYTES, DEFAULT_DECODED_BYTES, DEFAULT_DECODED_RATIO, MAX_DECODED_BYTES, MAX_DECODED_RATIO

KEY = "ledgerline"
#: Context keys that override one value each.
OVERRIDES = (f"{KEY}.runtime", f"{KEY}.chunk_bytes")

#: Runtimes of Lambda that the tests can run on. 3.9 and 3.13 are required (E12); the others are for machines without both.
RUNTIMES = ("3.9", "3.10", "3.11", "3.12", "3.13")
GITHUB, CODECOMMIT = "github", "codecommit"

#: Bytes. A smaller chunk would be smaller than the window in which the planner looks for its boundary.
MIN_CHUNK_BYTES = 65_536

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_STAGE_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,19}")
_CONNECTION = re.compile(r"arn:aws:(?:codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]{36}")
_REPOSITORY = {GITHUB: re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+"), CODECOMMIT: re.compile(r"[A-Za-z0-9._-]{1,100}")}
_BRANCH = re.compile(r"[A-Za-z0-9._/-]{1,250}")
#: Not the qualifier of the standard bootstrap, whose roles reach every stack.
_QUALIFIER = re.compile(r"(?!hnb659fds$)[a-z0-9]{1,10}")


class SettingsError(Exception):
    """A setting is missing or wrong; the message is one line that names it."""

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"cdk.json, {where}: {problem}")


@dataclass(frozen=True)
class Source:
    """``repository`` is owner/name at GitHub (through *connection_arn*), or a CodeCommit repository's name."""

    kind: str
    repository: str
    branch: str
    connection_arn: str | None

    def page(self, path: str) -> str:
        """URL of a file of the repository; only its *path* for CodeCommit, whose pages are in the account's console."""
        return f"https://github.com/{self.repository}/blob/{self.branch}/{path}" if self.kind == GITHUB else path


@dataclass(frozen=True)
class PipelineSettings:
    account: str
    region: str
    suffix: str
    source: Source


@dataclass(frozen=True)
class BranchSettings:
    """Stages of branches: their bootstrap's *qualifier*, how long they live, and how often the reaper runs."""

    qualifier: str
    time_to_live_hours: int
    reap_every_hours: int


@dataclass(frozen=True)
class Settings:
    """``branches`` is None if branches have no stages."""

    runtime: RuntimeSettings
    pipeline: PipelineSettings
    targets: tuple[Target, ...]
    branches: BranchSettings | None = None


def read_context(path: Path) -> dict[str, Any]:
    """The ``context`` object of a ``cdk.json``; raise SettingsError if there is none."""
    try:
        context = read_json(path, "context")
    except Unreadable as error:
        raise SettingsError("context", f"cannot be read ({error}); correct it, or restore it: git checkout {path.name}") from error
    if not isinstance(context, dict):
        raise SettingsError("context", "is not an object")
    return context


def parse(context: Mapping[str, Any]) -> Settings:
    """Settings out of a CDK context; ``ledgerline.<name>`` beside ``ledgerline`` overrides one value (``-c``)."""
    root = dict(_Reader(context, "context").object(KEY).values)
    root |= {name.removeprefix(f"{KEY}."): context[name] for name in OVERRIDES if context.get(name) is not None}
    reader = _Reader(root, KEY)
    pipeline = _pipeline(reader.object("pipeline"))
    runtime = RuntimeSettings(
        runtime=reader.choice("runtime", RUNTIMES),
        chunk_bytes=reader.integer("chunk_bytes", MIN_CHUNK_BYTES, DEFAULT_CHUNK_BYTES),
        decoded_bytes=reader.integer("decoded_bytes", DEFAULT_CHUNK_BYTES, MAX_DECODED_BYTES, default=DEFAULT_DECODED_BYTES),
        decoded_ratio=reader.integer("decoded_ratio", 1, MAX_DECODED_RATIO, default=DEFAULT_DECODED_RATIO),
        runbook=pipeline.source.page(RUNBOOK),
    )
    targets = tuple(_target(target) for target in reader.objects("targets"))
    if not targets:
        raise SettingsError(f"{KEY}.targets", "is empty; name at least one target")
    _refuse_repeated("name", [target.name for target in targets])
    suffixes = [pipeline.suffix, *(target.suffix for target in targets)]
    _refuse_repeated("suffix", suffixes)
    _refuse_branch_name("pipeline", "suffix", pipeline.suffix)
    for target in targets:
        _refuse_branch_name("targets", "suffix", target.suffix)
        # It is part of the names of the target's builds and of their roles.
        _refuse_branch_name("targets", "name", target.name)
    branches = _branches(reader.object("branches")) if root.get("branches") is not None else None
    return Settings(runtime, pipeline, targets, branches)


def _target(reader: _Reader) -> Target:
    return Target(
        name=reader.text("name", _STAGE_NAME),
        account=reader.text("account", _ACCOUNT),
        region=reader.text("region", _REGION),
        suffix=reader.suffix("suffix"),
        source_name=reader.suffix("source_name"),
        approval=reader.flag("approval", default=False),
        trail=reader.flag("trail", default=True),
    )


def _pipeline(reader: _Reader) -> PipelineSettings:
    source = reader.object("source")
    kind = source.choice("kind", (GITHUB, CODECOMMIT))
    return PipelineSettings(
        account=reader.text("account", _ACCOUNT),
        region=reader.text("region", _REGION),
        suffix=reader.suffix("suffix"),
        source=Source(
            kind=kind,
            repository=source.text("repository", _REPOSITORY[kind]),
            branch=source.text("branch", _BRANCH),
            connection_arn=source.text("connection_arn", _CONNECTION) if kind == GITHUB else None,
        ),
    )


def _branches(reader: _Reader) -> BranchSettings:
    return BranchSettings(
        qualifier=reader.text("qualifier", _QUALIFIER),
        time_to_live_hours=reader.integer("time_to_live_hours", 1, 24 * 30),
        reap_every_hours=reader.integer("reap_every_hours", 1, 24),
    )


def _refuse_branch_name(where: str, what: str, value: str) -> None:
    """Refuse a name that the branches' roles and reaper would match, which is ``etl-*-br-*`` (D6)."""
    if f"-{slugs.PREFIX}" in f"-{names.kebab(value)}-":
        word = slugs.PREFIX.rstrip("-")
        raise SettingsError(f"{KEY}.{where}", f"{what} {value!r} holds the word {word!r}, which is for branches; choose another")


def _refuse_repeated(what: str, values: list[str]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise SettingsError(
            f"{KEY}.targets",
            f"{what} {repeated[0]!r} is used twice (the pipeline's suffix counts); each target needs its own, in every account",
        )


class _Reader:
    """A JSON object with its path, which every error names."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values, self._where = values, where

    def _get(self, name: str) -> Any:
        if self.values.get(name) is None:
            raise self._wrong(name, "is missing")
        return self.values[name]

    def _wrong(self, name: str, problem: str) -> SettingsError:
        return SettingsError(f"{self._where}.{name}", problem)

    def object(self, name: str) -> _Reader:
        value = self._get(name)
        if not isinstance(value, Mapping):
            raise self._wrong(name, f"is {value!r}, not an object")
        return _Reader(value, f"{self._where}.{name}")

    def objects(self, name: str) -> list[_Reader]:
        value = self._get(name)
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
            raise self._wrong(name, "is not a list of objects")
        return [_Reader(item, f"{self._where}.{name}[{index}]") for index, item in enumerate(value)]

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self._get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(name, f"is {value!r}, which does not match {pattern.pattern}")
        return value

    def suffix(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str) or not names.is_suffix(value):
            raise self._wrong(name, f"is {value!r}, not 1 to {names.MAX_SUFFIX} lower-case letters, digits and inner dashes")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = str(self._get(name))
        if value not in choices:
            raise self._wrong(name, f"is {value!r}; choose one of {', '.join(choices)}")
        return value

    def integer(self, name: str, low: int, high: int, *, default: int | None = None) -> int:
        value = default if default is not None and self.values.get(name) is None else self._get(name)
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]+", str(value)) or not low <= int(value) <= high:
            raise self._wrong(name, f"is {value!r}, not a whole number from {low:,} to {high:,}")
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, f"is {value!r}, not true or false")
        return value
