"""What `make test` can afford: a little, on one Python. `make test-long` runs much, on both."""

from __future__ import annotations

import sys

import pytest

short = pytest.mark.skipif(sys.version_info < (3, 10), reason="make test-long runs more of it on this Python")
long = pytest.mark.long
