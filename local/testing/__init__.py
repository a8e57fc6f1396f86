"""What the tests and the benchmarks both use: nothing may depend on the tests, and no stage needs any of this.

It is a part of `local` because all of it works on this machine: the runtime's Pythons, stages on an emulator, files in memory.
"""
