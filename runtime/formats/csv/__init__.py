"""Delimited text: dialect, layout, recognition, planning, reading and judging."""
