"""What happened to a file and to each of its rows, and the proof that what is kept still says so.

``story`` is the table's account; ``rows`` finds one row; ``verification`` holds table, outputs and original against each other.
"""
