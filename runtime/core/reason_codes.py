"""Codes of the reasons for which a row is rejected, as reports and rejects show them. A released code keeps its meaning."""

from __future__ import annotations

#: In reports, the column of a reason that concerns the whole row.
WHOLE_ROW = "*"

# A value breaks the contract's Table Schema. The order is that in which the rules are tested.
REQUIRED = "required"
TYPE_ERROR = "type-error"
ENUM = "enum"
PATTERN = "pattern"
MINIMUM = "minimum"
MAXIMUM = "maximum"
MIN_LENGTH = "min-length"
MAX_LENGTH = "max-length"
VALUE_CODES = (REQUIRED, TYPE_ERROR, ENUM, PATTERN, MINIMUM, MAXIMUM, MIN_LENGTH, MAX_LENGTH)
#: A text contains a character that the encoding of an extract lacks. Not a rule of the Table Schema.
UNWRITABLE = "extract-character"

# Bytes that are not text in the file's encoding. For all formats.
CONTROL_CHARACTER = "control-character"
ENCODING_ERROR = "encoding-error"

# A record of delimited text is broken.
QUOTE_ERROR = "quote-error"
FIELD_COUNT = "field-count"

# A record of a copybook, or one of its items, is broken.
INVALID_DIGIT = "invalid-digit"
INVALID_SIGN = "invalid-sign"
INVALID_PACKED = "invalid-packed"
LOW_VALUES = "low-values"
SPACES = "spaces"
OUT_OF_RANGE = "out-of-range"
COUNT = "count"
RECORD_LENGTH = "record-length"
