"""Keys, tokens and passwords in the repository's files, as detect-secrets finds them; nothing is asked of a network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings, get_settings

from pipeline.gates import NO_COMMAND
from pipeline.gates.standing import SECRETS, Secret

#: A comment beside a secret does not make it stand: what stands is in one file.
_IN_LINE = "detect_secrets.filters.allowlist.is_line_allowlisted"


@dataclass(frozen=True)
class Found:
    """``kind`` is the detector's name; ``value`` is the secret itself, which nobody is to be shown."""

    path: str
    line: int
    kind: str
    value: str

    def stands_by(self, standing: Secret) -> bool:
        return (self.path, self.kind) == (standing.path, standing.kind) and re.fullmatch(standing.value, self.value) is not None


def findings(root: Path, files: Sequence[str]) -> Iterator[str]:
    """What looks like a secret in these *files* of *root* and does not stand, one line each."""
    for found in scan(root, files):
        if not any(found.stands_by(standing) for standing in SECRETS):
            yield f"{found.path}:{found.line}: {found.kind}: revoke it and take it out (or pipeline/gates/standing.py says why it is none)"


def scan(root: Path, files: Sequence[str]) -> list[Found]:
    """Everything that looks like a secret."""
    collection = SecretsCollection(root=str(root))
    with default_settings():
        get_settings().disable_filters(_IN_LINE)
        for name in files:
            collection.scan_file(name)
    found = [Found(name, secret.line_number, secret.type, secret.secret_value or "") for name, secret in collection]
    return sorted(found, key=lambda each: (each.path, each.line, each.kind))


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
