"""Draw the timings of a results file: ``python -m benchmarks.plots RESULTS.json FOLDER``, in the peers' environment.

Prints the file names by title of the table, as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

_OURS, _PEERS = "#2f6f4f", "#9aa5ad"


def file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".png"


def draw(table: dict[str, Any], path: Path) -> None:
    """One horizontal bar per contestant: the median, with a whisker from least to most."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    labels, medians, least, most = zip(*table["bars"])
    errors = [[m - low for m, low in zip(medians, least)], [high - m for m, high in zip(medians, most)]]
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.32 * len(labels)), dpi=110)
    axes.barh(labels, medians, xerr=errors, capsize=2, color=[_OURS if label.startswith("ours") else _PEERS for label in labels])
    axes.invert_yaxis()
    if max(medians) > 50 * min(medians):
        axes.set_xscale("log")
    axes.set_xlabel(table["unit"])
    axes.set_title(table["title"], fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def main(results: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    drawn = {}
    for result in json.loads(results.read_text(encoding="utf-8"))["questions"].values():
        for table in result["tables"]:
            if table["bars"]:
                drawn[table["title"]] = file_name(table["title"])
                draw(table, folder / drawn[table["title"]])
    print(json.dumps(drawn))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
