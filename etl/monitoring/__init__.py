"""What people see of a stage, and what wakes them: metrics apart from the alarms and widgets made of them."""

from __future__ import annotations

from etl.monitoring.alarms import Alarms
from etl.monitoring.dashboard import Dashboard
from etl.monitoring.metrics import StageMetrics

__all__ = ["Alarms", "Dashboard", "StageMetrics"]
