"""Monitoring of a stage: its metrics, and the alarms and the dashboard that show them."""

from __future__ import annotations

from etl.monitoring.alarms import Alarms
from etl.monitoring.dashboard import Dashboard
from etl.monitoring.metrics import StageMetrics

__all__ = ["Alarms", "Dashboard", "StageMetrics"]
