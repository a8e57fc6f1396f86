"""Keys, tokens and passwords in the repository's files, found by detect-secrets without a network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings, get_settings

from pipeline.gates import NO_COMMAND
from pipeline.gates.accepted_findings import SECRETS, Secret

#: The filter by which a comment beside a secret would accept it. Accepted findings are in one file instead.
_IN_LINE = "detect_secrets.filters.allowlist.is_line_allowlisted"


@dataclass(frozen=True)
class Finding:
    """``kind`` is the detector's name; ``value`` is the secret itself, which is never printed."""

    path: str
    line: int
    kind: str
    value: str

    def is_accepted_by(self, accepted: Secret) -> bool:
        return (self.path, self.kind) == (accepted.path, accepted.kind) and re.fullmatch(accepted.value, self.value) is not None


def findings(root: Path, files: Sequence[str]) -> Iterator[str]:
    """What looks like a secret in these *files* of *root* and is not accepted, one line each."""
    for finding in scan(root, files):
        if not any(finding.is_accepted_by(accepted) for accepted in SECRETS):
            yield (
                f"{finding.path}:{finding.line}: {finding.kind}: revoke it and take it out; if it is no secret, say so in "
                "pipeline/gates/accepted_findings.py"
            )


def scan(root: Path, files: Sequence[str]) -> list[Finding]:
    """Everything that looks like a secret."""
    collection = SecretsCollection(root=str(root))
    with default_settings():
        get_settings().disable_filters(_IN_LINE)
        for name in files:
            collection.scan_file(name)
    suspects = [Finding(name, secret.line_number, secret.type, secret.secret_value or "") for name, secret in collection]
    return sorted(suspects, key=lambda each: (each.path, each.line, each.kind))


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
