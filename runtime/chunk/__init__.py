"""One chunk of a file of any format: Parquet, rejected rows, key digests, counts and the proof of its boundary.

Nothing here imports pandas: that alone would cost a cold start as much time as parsing a chunk.
"""
