"""D7: what fails its validation is taken back, and the delivery goes no further whatever comes of that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: Stands for ``python``: makes an environment whose interpreter notes its arguments and ends as it is told.
PYTHON = """#!/usr/bin/env bash
set -eu
mkdir -p .venv/bin
cat > .venv/bin/python <<'END'
#!/usr/bin/env bash
case "$*" in *"pip install"* | *packages.py*) exit;; esac
echo "$*" >> calls
case "$3" in
  validate) [ "$VALIDATES" -eq 0 ] || printf '  - row %s differs\n' 1 2 3 4 5 6 7 >&2; exit "$VALIDATES";;
  rollback) echo "much is said" >&2; exit "$ROLLS_BACK";;
esac
exit 9
END
chmod +x .venv/bin/*
"""


@pytest.mark.parametrize(
    ("validates", "rolls_back", "status", "commands", "said"),
    [
        (0, 9, 0, ["validate --record"], ""),
        (1, 0, 1, ["validate --record", "rollback"], "is back on what was last validated"),
        (1, 1, 1, ["validate --record", "rollback"], "is not known to be good"),
        (2, 0, 1, ["validate --record", "rollback"], "is back on what was last validated"),
    ],
)
def test_a_failed_validation_rolls_back_and_stops_the_delivery(
    tmp_path: Path, validates: int, rolls_back: int, status: int, commands: list[str], said: str
) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copytree(ROOT / "buildspec", tmp_path / "buildspec")
    (tmp_path / "bin" / "python").write_text(PYTHON)
    (tmp_path / "bin" / "python").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "LEDGERLINE_OUTPUT_STAGE": "prod",
        "LEDGERLINE_REGION": "eu-west-1",
        "VALIDATES": str(validates),
        "ROLLS_BACK": str(rolls_back),
    }
    ended = subprocess.run([tmp_path / "buildspec" / "validate.sh"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == [f"-m ops {command} --stage prod --region eu-west-1 --json" for command in commands]
    # What differed comes again at the end, where it is seen.
    end = ended.stderr.splitlines()[-6:]
    assert [line for line in end if "differs" in line] == [f"  - row {number} differs" for number in range(1, 6) if validates]
    assert said in "".join(end[-1:])
