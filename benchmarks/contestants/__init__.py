"""What is measured: each function takes a job (JSON), does it once and answers with what came out (JSON).

A function's docstring says what it does and what it leaves out; the document shows it beside the figures.
Packages are imported inside the functions, since each runs in an environment that has only its own,
and so that the import counts where a whole process is measured.
"""
