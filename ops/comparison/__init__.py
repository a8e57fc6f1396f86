"""An extract held against the file that the program it replaces wrote: record by record, field by field.

``outputs`` says what is compared, ``units`` reads both files, ``alignment`` finds what belongs together, ``fields`` explains what differs.
"""
