"""The table: one module for each kind of hostility."""

from __future__ import annotations

from tests.hostile.cases import containers, encodings, keys, line_ends, moments, numbers, quotes, shape, texts

KINDS = (encodings, line_ends, quotes, shape, numbers, moments, texts, containers, keys)
