"""Structured logs, traces and metrics of every handler.

Logs are JSON with the file's id and the execution as correlation id; metrics are CloudWatch's
embedded metric format. The system's own probes (reserved datasets) are not counted as files, rows or bytes.
Every invocation, including those for a probe, emits the memory that the function used.
"""

from __future__ import annotations

import functools
import os
import resource
from typing import Any, Callable, Mapping

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from runtime.core import metric_names as names
from runtime.core import settings
from runtime.core.errors import FileRejected, TransientError

logger = Logger(utc=True)
tracer = Tracer()

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_UNITS = {
    names.BYTES_READ: MetricUnit.Bytes,
    names.CHUNK_SECONDS: MetricUnit.Seconds,
    names.FILE_SECONDS: MetricUnit.Seconds,
    names.MEMORY_UTILIZATION: MetricUnit.Percent,
}


def emit(stage: str, values: Mapping[str, float], *, service: str | None = None) -> None:
    """Write one embedded metric document with the dimension *stage*, and *service* if given."""
    metrics = EphemeralMetrics(namespace=names.NAMESPACE)
    metrics.service = service or ""  # or Powertools would add the function's name to every metric
    metrics.add_dimension(names.STAGE_DIMENSION, stage)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=_UNITS.get(name, MetricUnit.Count), value=value)
    metrics.flush_metrics()


def observed(handler: Handler) -> Handler:
    """Decorate a handler with a trace segment and log keys; at its end emit the memory that it has used."""

    @functools.wraps(handler)
    def wrapper(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.set_correlation_id(str(event.get("execution", "")))
        chunk = event.get("chunk")
        chunk = chunk if isinstance(chunk, Mapping) else {}
        request_id = getattr(context, "aws_request_id", None)
        logger.append_keys(file_id=event.get("file_id", chunk.get("file_id")), chunk_id=chunk.get("chunk_id"), request_id=request_id)
        try:
            result = handler(event, context)
            if "file_id" in result:
                logger.append_keys(file_id=result["file_id"])
            logger.info("done", extra={"decision": result.get("decision")})
            return result
        except FileRejected as error:
            logger.warning("file rejected", extra={"error_type": type(error).__name__, "reason": str(error)})
            raise
        except TransientError as error:
            logger.warning("to be retried", extra={"error_type": type(error).__name__, "reason": str(error)})
            raise
        except Exception:
            logger.exception("failed")
            raise
        finally:
            _emit_memory(context)

    # Responses and errors stay out of traces: they may quote a partner's data.
    return tracer.capture_lambda_handler(wrapper, capture_response=False, capture_error=False)


def _emit_memory(context: Any) -> None:
    """Emit the peak memory of this process since its start, in percent of the function's memory."""
    limit_megabytes = float(getattr(context, "memory_limit_in_mb", 0) or 0)
    stage, service = os.environ.get(settings.STAGE), os.environ.get("POWERTOOLS_SERVICE_NAME")
    if not (limit_megabytes and stage and service):
        return
    peak_megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    emit(stage, {names.MEMORY_UTILIZATION: 100 * peak_megabytes / limit_megabytes}, service=service)
