"""The downsampling operators, from our program's own table: what each one is, as a small ONNX graph for the shape that it
reads. Nothing here, and nothing that uses it, knows an operator by name."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# A file of the table: the controller writes it, so that no worker starts our program for it.
FILE = "DOWNSCALEXR_OPERATORS"


@dataclass(frozen=True)
class Operator:
    name: str
    conv_stride: int
    in_original_study: bool
    at: dict  # (channels, rows, columns) -> nodes: type, inputs, output, attributes, constants; the last is the result

    @property
    def acts_in_convolution(self):  # nothing follows it
        return self.conv_stride != 1

    def nodes(self, shape):
        if tuple(shape) not in self.at:
            raise SystemExit(f"{self.name}: the table has no graph for {shape}: name the shape with --at")
        return self.at[tuple(shape)]


def own_program():
    """In a clone scripts/run builds it; an installed one is where scripts/peers says."""
    folder = os.environ.get("DOWNSCALEXR_BIN_DIR")
    return [f"{folder}/study"] if folder else [f"{ROOT}/scripts/run", "study"]


def text():
    """The table as JSON."""
    if os.environ.get(FILE):
        return Path(os.environ[FILE]).read_text()
    program = own_program()
    done = subprocess.run([*program, "plan", "--operators-json"], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program[0]} could not say which operators there are: it ended with {done.returncode}")
    return done.stdout.decode()


@lru_cache
def table():
    """{name: Operator}, in the table's order."""
    rows = json.loads(text())
    return {row["name"]: Operator(row["name"], row["conv_stride"], row["in_original_study"],
                                  {tuple(at["src"]): at["nodes"] for at in row["at"]}) for row in rows}
