"""The seam of formats: what is loaded for which."""

from __future__ import annotations

import subprocess
import sys


def test_a_function_that_sees_csv_loads_nothing_of_mainframes() -> None:  # E12
    code = (
        "import sys, runtime.handlers.plan_chunks, runtime.handlers.process_chunk\n"
        "from pathlib import Path\n"
        "from runtime.contracts import loader\n"
        "from runtime.formats import file_format, row_format\n"
        "contract = loader.load_contract(Path(loader.__file__).with_name('transactions.json'))\n"
        "file_format(contract), row_format(contract)\n"
        "unwanted = ('runtime.mainframe', 'runtime.extracts', 'runtime.contracts.copybook')\n"
        "loaded = [name for name in sys.modules if name.startswith(unwanted)]\n"
        "sys.exit(' '.join(loaded))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr.split() == []


def test_a_function_that_plans_csv_loads_no_arrow() -> None:  # E12
    code = (
        "import sys, runtime.handlers.plan_chunks\n"
        "from pathlib import Path\n"
        "from runtime.contracts import loader\n"
        "from runtime.formats import file_format\n"
        "file_format(loader.load_contract(Path(loader.__file__).with_name('transactions.json')))\n"
        "sys.exit('pyarrow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
