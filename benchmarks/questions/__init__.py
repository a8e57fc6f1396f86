"""The questions, one module each: ``measure`` answers it, and the module's docstring introduces its tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from benchmarks.questions import adversarial, chunk, cost, end_to_end, exact, far, mainframe, memory, plan, process, rewrite, truth

QUESTIONS: Mapping[str, ModuleType] = {
    "plan": plan,
    "far": far,
    "rewrite": rewrite,
    "exact": exact,
    "adversarial": adversarial,
    "chunk": chunk,
    "process": process,
    "truth": truth,
    "memory": memory,
    "mainframe": mainframe,
    "cost": cost,
    "end-to-end": end_to_end,
}
#: Asked only by name: it takes as long as all others together.
LONGEST = "end-to-end"
