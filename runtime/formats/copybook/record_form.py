"""How records lie in a file: all equally long, or each after a descriptor that says how long it is."""

from __future__ import annotations

from dataclasses import dataclass

#: Of a record descriptor word (RDW): the big-endian length of the record with the word itself, then two zero bytes.
DESCRIPTOR_BYTES = 4
#: The longest record of a variable format: with its descriptor word, and without.
#: The first is the largest length that a record descriptor word may hold (z/OS DFSMS Using Data Sets, "Record Descriptor Word (RDW)").
LONGEST_RECORD = 32_760
LONGEST_CONTENT = LONGEST_RECORD - DESCRIPTOR_BYTES

#: Values of RECFM. The B of blocked changes no byte of a file.
FIXED = ("F", "FB")
VARIABLE = ("V", "VB")
RECORD_FORMATS = (*FIXED, *VARIABLE)


@dataclass(frozen=True)
class RecordForm:
    """``format`` is the file's RECFM; ``minimum`` and ``maximum`` are bytes of a record's content, without a descriptor.

    Blocking (the B) is how a data set is stored: a file has record descriptors and no block descriptors,
    so F and FB are the same bytes, and so are V and VB (docs/adr/0007).
    """

    format: str
    minimum: int
    maximum: int

    def __post_init__(self) -> None:
        if self.format not in RECORD_FORMATS:
            raise ValueError(f"record format {self.format!r} is none of {', '.join(RECORD_FORMATS)}")
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(f"records of {self.minimum} to {self.maximum} bytes are none")
        if not self.variable and self.minimum != self.maximum:
            raise ValueError(f"records of format {self.format} are of one length, not of {self.minimum} to {self.maximum} bytes")
        if self.variable and self.maximum > LONGEST_CONTENT:
            raise ValueError(f"records of format {self.format} have at most {LONGEST_CONTENT:,} bytes")

    @property
    def variable(self) -> bool:
        return self.format in VARIABLE

    @property
    def shortest(self) -> int:
        """Bytes that the shortest record takes in the file."""
        return self.minimum + (DESCRIPTOR_BYTES if self.variable else 0)

    @property
    def longest(self) -> int:
        """Bytes that the longest record takes in the file."""
        return self.maximum + (DESCRIPTOR_BYTES if self.variable else 0)
