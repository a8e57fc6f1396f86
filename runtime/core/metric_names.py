"""Names of the metrics that the handlers emit, for the code that emits and the code that watches them."""

from __future__ import annotations

NAMESPACE = "Ledgerline"

# Dimension: stage.
ROWS_READ = "RowsRead"
ROWS_ACCEPTED = "RowsAccepted"
ROWS_REJECTED = "RowsRejected"
BYTES_READ = "BytesRead"
CHUNK_SECONDS = "ChunkSeconds"
FILE_SECONDS = "FileSeconds"
FILES_SUCCEEDED = "FilesSucceeded"
FILES_REJECTED = "FilesRejected"
FILES_FAILED = "FilesFailed"
FILES_SWEPT = "FilesSwept"

# Dimensions: stage, service (the function's name in POWERTOOLS_SERVICE_NAME). Percent of the function's configured memory.
MEMORY_UTILIZATION = "MemoryUtilization"

STAGE_DIMENSION = "stage"
FUNCTION_DIMENSION = "service"
