"""The contestants: each function takes a job (JSON), does it once and returns an answer (JSON).

A function's docstring says what it does and what it leaves out; the tables show it.
Functions import their packages themselves: each environment has only some of them,
and the time of a whole process includes the imports.
"""
