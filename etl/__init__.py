"""The ETL stack: one construct a module, put together in :mod:`etl.stack`."""
