"""The downsampling operators as the program's table has them. `study report` says where the program is; without one the page
does with the order of the results, and says less."""

import json
import os
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def candidates():
    named = [os.environ.get("DOWNSCALEXR_STUDY", ""), os.environ.get("DOWNSCALEXR_BIN_DIR", "") + "/study"]
    # <source>/build/release/bin, and <prefix>/bin beside <prefix>/share/downscalexr/scripts/report.d.
    return [Path(name) for name in named] + [ROOT / "build/release/bin/study", ROOT.parent.parent / "bin/study"]


@lru_cache
def table():
    """{name: row of `study plan --operators-json`}, in the table's order; empty without a program."""
    for program in candidates():
        if not (program.is_file() and os.access(program, os.X_OK)):
            continue
        done = subprocess.run([program, "plan", "--operators-json"], capture_output=True, check=False)
        if done.returncode == 0:
            return {row["name"]: row for row in json.loads(done.stdout)}
    return {}
