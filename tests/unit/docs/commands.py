"""The commands that the documents show: out of their code blocks, and out of what stands in backquotes in a sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_BLOCK = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_SHELLS = {"bash", "sh", "console"}
_SEPARATORS = re.compile(r"[;&|()<>]+")
_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
#: ``npx cdk deploy``, ``python -m ops status`` and so on; every other program is passed over.
_PROGRAMS = ("aws", "make", "npx", "python")


@dataclass(frozen=True)
class Command:
    """``whole``: a block shows it to be run as it stands; a sentence may leave out what is not its point."""

    document: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words)}"

    @property
    def flags(self) -> list[str]:
        return [word.partition("=")[0] for word in self.words if re.fullmatch(r"--[a-z][a-z-]*(=.*)?", word, re.DOTALL)]


def commands(*begin: str) -> list[Command]:
    """Each command of the documents that begins with these words, once."""
    found = [command for document in DOCUMENTS for command in _commands(document) if command.words[: len(begin)] == begin]
    return list(dict.fromkeys(found))


def _commands(document: Path) -> Iterator[Command]:
    text = document.read_text(encoding="utf-8")
    name = str(document.relative_to(ROOT))
    for language, block in _BLOCK.findall(text):
        if language in _SHELLS:
            lines = block.replace("\\\n", " ").splitlines()
            shown = [line.removeprefix("$ ") for line in lines if language != "console" or line.startswith("$ ")]
            yield from (Command(name, words, whole=True) for line in shown for words in split(line))
    for code in _INLINE.findall(_BLOCK.sub("", text)):
        yield from (Command(name, words, whole=False) for words in split(code))


def split(line: str) -> Iterator[tuple[str, ...]]:
    """The known commands of a line of shell; ``[--option]`` and ``<name>`` are a document's way to say optional and any."""
    line = re.sub(r"\"\$\(([^\"]*)\)\"", r"; \1", line)
    line = re.sub(r"<[a-z ]+>", "NAME", line)
    line = re.sub(r"(?<=\s)\[([^\]]*)\]", r"\1", line)
    if not re.search(rf"\b(?:{'|'.join(_PROGRAMS)}) ", line):
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters, lexer.whitespace_split = "", True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word.startswith("#") or _SEPARATORS.fullmatch(word):
            while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in {"eval", "do"}):
                words.pop(0)
            if words and words[0] in _PROGRAMS:
                yield tuple(words)
            words = []
            if word.startswith("#"):
                return
        else:
            words.append(word)
