"""One chunk's bytes to typed columns, rejected rows and the proof that nothing was lost.

Pure, and without pandas: importing it costs a cold start what the whole parse costs.
"""
