"""Files of records that are written beside the Parquet; one module for each set of rules."""
