from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from runtime.columns.bounds import float_bounds
from runtime.contracts.model import Field


@pytest.mark.parametrize("bound", ["0.1", "0.3", "-0.3", "1", "1e300", "0.5"])
def test_floats_are_held_against_the_exact_bound(bound):  # F1
    nearest = float(bound)
    values = np.array([math.nextafter(nearest, -math.inf), nearest, math.nextafter(nearest, math.inf)])
    below = float_bounds(Field("a", "number", minimum=Decimal(bound))).broken_by(values)
    above = float_bounds(Field("a", "number", maximum=Decimal(bound))).broken_by(values)
    assert below.tolist() == [Decimal(value) < Decimal(bound) for value in values.tolist()]
    assert above.tolist() == [Decimal(value) > Decimal(bound) for value in values.tolist()]
