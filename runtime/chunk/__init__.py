"""One chunk of a file of any format: Parquet, rejected rows, key digests, counts and the proof of its boundary.

No module of this package imports pandas: the import alone would take as long as parsing a chunk.
"""
