"""Codes of why a row is rejected: what reports, rejects and metrics call each reason. Once released, a code keeps its meaning."""

from __future__ import annotations

#: Stands for the whole row in reports, where a reason is about no single column.
WHOLE_ROW = "*"

# A value breaks the Table Schema, in the order in which the rules are tested.
REQUIRED = "required"
TYPE_ERROR = "type-error"
ENUM = "enum"
PATTERN = "pattern"
MINIMUM = "minimum"
MAXIMUM = "maximum"
MIN_LENGTH = "min-length"
MAX_LENGTH = "max-length"
VALUE_CODES = (REQUIRED, TYPE_ERROR, ENUM, PATTERN, MINIMUM, MAXIMUM, MIN_LENGTH, MAX_LENGTH)
#: A text holds a character that an extract of the contract cannot hold. Not a rule of a Table Schema.
UNWRITABLE = "extract-character"

# Bytes that are no text of the file's encoding, in any format.
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
