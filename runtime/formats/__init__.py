"""Formats of files: one folder per format, behind ``interface`` and listed in ``registry``. No format imports another (docs/adr)."""
