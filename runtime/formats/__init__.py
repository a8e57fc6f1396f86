"""Formats of files: one folder each, behind ``interface`` and listed in ``registry``. No format imports another (docs/adr/0006)."""
