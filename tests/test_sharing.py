"""Where tests run in several processes, what is dear is made in one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

STAGE = "import pytest\n\n@pytest.fixture(scope='session')\ndef stage(): return 'deployed'\n"
SHARING = "def test_one(stage): pass\ndef test_two(stage): pass\n"
ALONE = "def test_one(): pass\ndef test_two(): pass\n"
RAN = re.compile(r"^\[(gw\d)\].* PASSED (\w+)/(\w+)\.py::", re.MULTILINE)


def test_tests_of_one_stage_and_tests_of_one_file_stay_together(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    files = {"e2e/conftest": STAGE}
    files |= {f"e2e/test_sharing_{name}": SHARING for name in "abc"} | {f"unit/test_alone_{name}": ALONE for name in "abc"}
    for name, text in files.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    line = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    ran = RAN.findall(done.stdout)
    assert len(ran) == 12, done.stdout + done.stderr
    assert len({worker for worker, _, _ in ran}) == 2
    assert len({worker for worker, folder, _ in ran if folder == "e2e"}) == 1
    assert len({(worker, file) for worker, folder, file in ran if folder == "unit"}) == 3
