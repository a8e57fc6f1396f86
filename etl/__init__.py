"""The constructs of a stage; :mod:`etl.stack` puts them together."""
