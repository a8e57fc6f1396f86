"""The kinds, one module each. FILES go through the whole workflow; forged messages and large files have tests of their own."""

from __future__ import annotations

from tests.hostile.cases import containers, encodings, forged, keys, large, line_ends, moments, numbers, quotes, records, shape, texts

FILES = (encodings, line_ends, quotes, shape, numbers, moments, texts, containers, records, keys)
KINDS = (*FILES, forged, large)
