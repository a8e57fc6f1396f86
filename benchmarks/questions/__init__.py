"""What is asked: one module a question. ``measure`` answers it; the module's docstring introduces it in the document."""

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
#: Left out unless asked for by name: it takes as long as all others.
LONGEST = "end-to-end"
