#!/usr/bin/env python3
"""Runs every cell of docs/comparison.ipynb, on the comparison of this repository and, where one is given, on a fresh one with cells.
Skipped (77) without pandas or h5py.
usage: notebook_test.py [FOLDER-OF-A-COMPARISON]"""

import contextlib
import importlib.util
import io
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LACKING = [name for name in ("pandas", "h5py") if importlib.util.find_spec(name) is None]
if LACKING:
    print(f"skipped: {sys.executable} lacks {', '.join(LACKING)} (scripts/setup --dev installs them)")
    sys.exit(77)


def run(folder):
    """The notebook's names after its last cell, and what it printed."""
    os.environ["COMPARISON"] = str(folder)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    notebook = json.loads((ROOT / "docs" / "comparison.ipynb").read_text("utf-8"))
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        for number, cell in enumerate(notebook["cells"], 1):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    return names, printed.getvalue()


def check(folder, with_cells):
    names, printed = run(folder)
    auc = names["auc"]
    assert len(auc) and auc["value"].between(0, 1).all(), auc
    assert (auc["low"] <= auc["value"]).all() and (auc["value"] <= auc["high"]).all(), auc
    assert bool(names["runs"]) == with_cells, printed
    for cell in names["runs"]:  # the notebook's AUC is the run's own
        told = json.loads((Path(folder) / "cells" / cell / "summary.json").read_text("utf-8"))
        mine = names["auc_of"](names["predictions"](cell))
        assert abs(mine - told["best"]["test"]["at_half"]["auc"]) < 1e-9, (cell, mine, told["best"]["test"]["at_half"]["auc"])
    assert "MLFLOW_TRACKING_URI is not set" in printed
    print(f"{folder}: {len(auc)} rows of test AUC, {len(names['runs'])} cells")


check(ROOT / "results" / "study", False)
for given in sys.argv[1:]:
    check(given, True)
