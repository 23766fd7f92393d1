"""What is timed: one Work per row of the plan, and the files (weights, input, target) that every worker of it reads."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import formula
import operators

# State_dict of the study's network: name, shape, fan_in.
NETWORK_PARAMETERS = (
    ("conv1.weight", (6, 1, 5, 5), 25), ("conv1.bias", (6,), 25),
    ("conv2.weight", (16, 6, 5, 5), 150), ("conv2.bias", (16,), 150),
    ("fc1.weight", (120, 94864), 94864), ("fc1.bias", (120,), 94864),
    ("fc2.weight", (84, 120), 120), ("fc2.bias", (84,), 120),
    ("fc3.weight", (1, 84), 84), ("fc3.bias", (1,), 84),
)
INPUTS = {"network": (1, 320, 320), "block1": (1, 320, 320), "block2": (6, 158, 158), "pool1": (6, 316, 316),
          "pool2": (16, 154, 154)}
OUTPUTS = {"block1": (6, 158, 158), "block2": (16, 77, 77), "pool1": (6, 158, 158), "pool2": (16, 77, 77)}
CHECKED = 512  # results larger than this are compared at so many places


@dataclass(frozen=True)
class Work:
    unit: str
    mode: str
    variant: str
    batch: int

    @property
    def name(self):
        return f"{self.unit} {self.mode}, batch {self.batch}, {self.variant}"

    @property
    def exists(self):  # a stride is no operator of its own
        return not (self.unit.startswith("pool") and operators.table()[self.variant].acts_in_convolution)

    def parameters(self):
        if self.unit == "network":
            return NETWORK_PARAMETERS
        if self.unit.startswith("block"):
            layer = "conv" + self.unit[-1]
            return tuple(p for p in NETWORK_PARAMETERS if p[0].startswith(layer))
        return ()

    def result_count(self):
        """Number of values that a check looks at (PROTOCOL.md)."""
        if self.unit == "network":
            return self.batch if self.mode == "forward" else 3
        if self.mode == "forward":
            return self.batch * math.prod(OUTPUTS[self.unit])
        if self.unit.startswith("block"):
            return math.prod(self.parameters()[0][1])
        return self.batch * math.prod(INPUTS[self.unit])

    def check_indices(self):
        count = self.result_count()
        if count <= CHECKED:
            return list(range(count))
        return sorted({int(b) * count >> 24 for b in formula.bits("check", CHECKED)})


def write_files(work: Work, folder: Path):
    """Raw float32 files; returns the options that name them. Existing files of the same content are reused."""
    def save(name, make):
        path = folder / f"{name}.f32"
        if not path.exists():
            make().astype("<f4").tofile(path)
        return str(path)

    parameters = work.parameters()
    shape = (work.batch, *INPUTS[work.unit])
    weights = save("weights-" + (work.unit if parameters else "none"),
                   lambda: np.concatenate([formula.parameter(*p).ravel() for p in parameters] or [np.zeros(0)]))
    source = save("input-" + "x".join(map(str, shape)), lambda: formula.images(*shape))
    options = ["--weights", weights, "--input", source]
    if work.mode == "train":
        if work.unit == "network":
            target = save(f"labels-{work.batch}", lambda: formula.labels(work.batch))
        else:
            target_shape = (work.batch, *OUTPUTS[work.unit])
            target = save("target-" + "x".join(map(str, target_shape)),
                          lambda: formula.values("target", target_shape, 1.0, 5))
        options += ["--target", target]
    return options


def read_files(work: Work, weights, source, target):
    """({name: array}, input, target or None) from the files of write_files."""
    flat, parameters, at = np.fromfile(weights, "<f4"), {}, 0
    for name, shape, _ in work.parameters():
        parameters[name] = flat[at:at + math.prod(shape)].reshape(shape)
        at += math.prod(shape)
    if at != flat.size:
        raise SystemExit(f"{weights}: {flat.size} values, {at} expected")
    x = np.fromfile(source, "<f4").reshape(work.batch, *INPUTS[work.unit])
    y = None
    if work.mode == "train":
        shape = (work.batch,) if work.unit == "network" else (work.batch, *OUTPUTS[work.unit])
        y = np.fromfile(target, "<f4").reshape(shape)
    return parameters, x, y
