"""The Lambda layer with pandas, pyarrow, boto3 and Powertools, built from a lock and kept by content."""

from __future__ import annotations

from etl.layers.build import LayerError, RuntimeUnknown, archive, built_layer, layer_bytes

__all__ = ["LayerError", "RuntimeUnknown", "archive", "built_layer", "layer_bytes"]
