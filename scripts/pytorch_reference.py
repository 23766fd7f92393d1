#!/usr/bin/env python3
"""Writes the figures from PyTorch that our tests compare with: tests/fixtures/pytorch_*.json.

Needs torch and numpy only (scripts/peers makes an environment that has them). Weights and inputs come from the formula
in peers.d/formula.py, whose head is its specification; C++ computes the same bits, so the fixtures hold results only.
Everything is computed in float64 (the truth) and in float32 (how far PyTorch itself is from it: `float32_deviation`).
"""

import argparse
import json
import math
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "peers.d"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import formula  # noqa: E402
import network  # noqa: E402

ALL_VALUES_UP_TO = 512  # larger tensors are stored as sums and samples
SAMPLES = 500
DIGITS = 13  # significant digits kept: more than any float32 comparison can use, stable from run to run


def number(x):
    return float(f"{float(x):.{DIGITS - 1}e}")


def numbers(array):
    return [number(x) for x in np.asarray(array, dtype=np.float64).ravel()]


def tensor_record(name, exact, single, samples=SAMPLES):
    """What the fixture keeps of one tensor; `exact` float64 and `single` float32 arrays of the same shape."""
    flat, approx = exact.ravel(), single.ravel().astype(np.float64)
    scale = float(np.abs(flat).max()) or 1.0
    record = {
        "shape": list(exact.shape),
        "sum": number(flat.sum()),
        "l1": number(np.abs(flat).sum()),
        "l2": number(math.sqrt(float((flat * flat).sum()))),
        "max_abs": number(scale),
        "float32_deviation": number(np.abs(flat - approx).max() / scale),
    }
    if flat.size <= ALL_VALUES_UP_TO:
        record["values"] = numbers(flat)
    else:
        index = np.unique(formula.bits(name + ".sample", samples).astype(np.float64) * 2.0**-24 * flat.size)
        index = np.unique(index.astype(np.int64))
        record["indices"] = index.tolist()
        record["values"] = numbers(flat[index])
    return record


def run_network(variant, batch, dtype):
    """Logits, loss, gradients and the two blocks' outputs of one batch, as numpy arrays."""
    net = network.make(variant).to(dtype)
    x = torch.from_numpy(formula.images(batch)).to(dtype)
    target = torch.from_numpy(formula.labels(batch)).to(dtype)
    outputs = {}
    for name in ("down1", "down2", "fc1", "fc2"):
        getattr(net, name).register_forward_hook(lambda _m, _i, out, name=name: outputs.__setitem__(name, out))
    logits = net(x)
    loss = F.binary_cross_entropy_with_logits(logits, target)
    loss.backward()
    gradients = {name: p.grad.numpy() for name, p in net.named_parameters()}
    outputs = {name: out.detach().numpy() for name, out in outputs.items()}
    count = sum(p.numel() for p in net.parameters())
    return {"logits": logits.detach().numpy(), "loss": loss.item(), "gradients": gradients, "outputs": outputs,
            "parameters": count}


def network_fixture(variant, batch):
    exact, single = run_network(variant, batch, torch.float64), run_network(variant, batch, torch.float32)
    return {
        "network": "lenet",
        "variant": variant,
        "input_shape": [batch, 1, 320, 320],
        "parameters": exact["parameters"],
        "labels": formula.labels(batch).astype(int).tolist(),
        "logits": numbers(exact["logits"]),
        "logits_float32": numbers(single["logits"]),
        "loss": number(exact["loss"]),
        "loss_float32": number(single["loss"]),
        # Before ReLU for fc1 and fc2, after ReLU and downsampling for the blocks; flat index in [N, C, H, W].
        "outputs": {name: tensor_record(name, value, single["outputs"][name], 100)
                    for name, value in exact["outputs"].items()},
        "gradients": {name: tensor_record(name, value, single["gradients"][name])
                      for name, value in exact["gradients"].items()},
    }


def optimizer_case(name, make, steps=5):
    """Parameters p0, p1, p2 after every step; gradients are value("p0.grad", step * count + i)."""
    shapes = {"p0": (2, 1, 3, 3), "p1": (4,), "p2": (3, 5)}
    parameters = {key: nn.Parameter(torch.from_numpy(formula.values(key, shape)).double())
                  for key, shape in shapes.items()}
    optimizer = make(parameters.values())
    rates = [0.1, 0.1, 0.05, 0.02, 0.1]
    trajectory = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        for key, shape in shapes.items():
            gradient = formula.values(key + ".grad", shape, first=step * math.prod(shape))
            parameters[key].grad = torch.from_numpy(gradient).double()
        optimizer.step()
        trajectory.append({key: numbers(p.detach()) for key, p in parameters.items()})
    state = {f"{field}/{key}": numbers(value) for key, p in parameters.items()
             for field, value in optimizer.state[p].items() if torch.is_tensor(value) and value.ndim > 0}
    options = {k: v for k, v in optimizer.defaults.items()
               if k in ("momentum", "nesterov", "weight_decay", "betas", "eps")}
    return {"name": name, "optimizer": type(optimizer).__name__.lower(), "options": options, "lr": rates,
            "shapes": shapes, "trajectory": trajectory, "state": state}


def optimizer_fixture():
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    return {"cases": [
        optimizer_case("plain", lambda p: sgd(p, lr=0.1)),
        optimizer_case("momentum", lambda p: sgd(p, lr=0.1, momentum=0.9)),
        optimizer_case("momentum_decay", lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
        optimizer_case("nesterov_decay", lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)),
        optimizer_case("adam", lambda p: adam(p, lr=0.1)),
        optimizer_case("adam_decay", lambda p: adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.01)),
    ]}


def schedule_case(name, epochs, steps_per_epoch, warmup, make):
    """Learning rate (base 0.5) at every step of `epochs`; the schedulers of PyTorch, stepped once per batch."""
    lr = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    if warmup:  # PyTorch refuses a start of exactly 0
        ramp = lr.LinearLR(optimizer, start_factor=1e-15, total_iters=warmup * steps_per_epoch)
        rest = make(lr, optimizer, (epochs - warmup) * steps_per_epoch, steps_per_epoch)
        scheduler = lr.SequentialLR(optimizer, [ramp, rest], milestones=[warmup * steps_per_epoch])
    else:
        scheduler = make(lr, optimizer, epochs * steps_per_epoch, steps_per_epoch)
    rates = []
    for step in range(epochs * steps_per_epoch):
        rates.append([step / steps_per_epoch, number(optimizer.param_groups[0]["lr"])])
        optimizer.step()
        scheduler.step()
    return {"name": name, "base_lr": 0.5, "epochs": epochs, "warmup_epochs": warmup, "epoch_and_lr": rates}


def schedule_fixture():
    def constant(lr, optimizer, _total, _per_epoch):
        return lr.ConstantLR(optimizer, factor=1.0)

    def step(lr, optimizer, _total, per_epoch):
        return lr.StepLR(optimizer, step_size=2 * per_epoch, gamma=0.3)

    def cosine(lr, optimizer, total, _per_epoch):
        return lr.CosineAnnealingLR(optimizer, T_max=total)

    cases = []
    for make in (constant, step, cosine):
        for warmup in (0, 2):
            case = schedule_case(make.__name__, 6, 4, warmup, make)
            cases.append(case | ({"step_epochs": 2, "gamma": 0.3} if make is step else {}))
    return {"cases": cases}


def batch_norm_case():
    """Two training batches, then one in evaluation. Batch k of x is value("bn.x", k * count + i), bound 2; dy: bound 1."""
    shape, channels = (3, 2, 4, 5), 2
    layer = nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(formula.values("bn.weight", (channels,))))
        layer.bias.copy_(torch.from_numpy(formula.values("bn.bias", (channels,))))
    count, steps = math.prod(shape), []
    for k in range(2):
        x = torch.from_numpy(formula.values("bn.x", shape, 2.0, first=k * count)).double().requires_grad_()
        dy = torch.from_numpy(formula.values("bn.dy", shape, first=k * count)).double()
        layer.zero_grad()
        y = layer(x)
        y.backward(dy)
        steps.append({"y": numbers(y.detach()), "dx": numbers(x.grad), "dweight": numbers(layer.weight.grad),
                      "dbias": numbers(layer.bias.grad), "running_mean": numbers(layer.running_mean),
                      "running_var": numbers(layer.running_var)})
    layer.eval()
    x = torch.from_numpy(formula.values("bn.x", shape, 2.0, first=2 * count)).double()
    return {"shape": shape, "eps": 1e-5, "momentum": 0.1, "training": steps, "evaluation": numbers(layer(x).detach())}


def adaptive_pool_case(size):
    """x is values("gap.x", shape), dy values("gap.dy", output shape)."""
    x = torch.from_numpy(formula.values("gap.x", (2, 3, 7, 5))).double().requires_grad_()
    y = nn.AdaptiveAvgPool2d(size)(x)
    y.backward(torch.from_numpy(formula.values("gap.dy", tuple(y.shape))).double())
    return {"shape": list(x.shape), "output_size": size, "y": numbers(y.detach()), "dx": numbers(x.grad)}


def initialisation_case():
    """PyTorch's default initialisation: bound, and what 20 draws of each tensor gave."""
    cases = {}
    torch.manual_seed(1)
    layers = {"conv1": lambda: nn.Conv2d(1, 6, 5), "conv2": lambda: nn.Conv2d(6, 16, 5),
              "fc2": lambda: nn.Linear(120, 84), "fc3": lambda: nn.Linear(84, 1)}
    for name, make in layers.items():
        draws = [make() for _ in range(20)]
        for kind in ("weight", "bias"):
            drawn = torch.stack([getattr(layer, kind).detach().double() for layer in draws])
            bound = 1 / math.sqrt(network.fan_in(draws[0]))
            cases[f"{name}.{kind}"] = {"fan_in": network.fan_in(draws[0]), "bound": number(bound),
                                       "uniform_std": number(bound / math.sqrt(3)), "drawn_min": number(drawn.min()),
                                       "drawn_max": number(drawn.max()), "drawn_std": number(drawn.std())}
    return cases


def layer_fixture():
    return {"batch_norm": batch_norm_case(),
            "adaptive_avg_pool": [adaptive_pool_case(size) for size in (1, 2, 3)],
            "initialisation": initialisation_case()}


def formula_fixture():
    """A few values by which a port of the formula is tested before anything else."""
    return {"fnv1a64": {name: str(formula.fnv1a64(name)) for name in ("", "input", "conv1.weight")},
            "bits": {name: formula.bits(name, 8).tolist() for name in ("input", "conv1.weight", "labels")},
            "conv1.weight": [float(v) for v in formula.parameter("conv1.weight", (6, 1, 5, 5), 25).ravel()[:8]],
            "fc3.bias": [float(v) for v in formula.parameter("fc3.bias", (1,), 84)],
            "input_102400": [float(v) for v in formula.values("input", (8,), 1.0, 5, 102400)]}


def write(folder, name, content):
    command = "scripts/pytorch_reference.py " + " ".join(sys.argv[1:])
    header = {"made_by": command.strip(), "torch": torch.__version__, "numpy": np.__version__, "dtype": "float64"}
    path = folder / f"pytorch_{name}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(header | content, separators=(",", ":")).replace("],\"", "],\n\"") + "\n")
    os.replace(temporary, path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "fixtures", help="folder (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="images in the networks' batch (default: %(default)s)")
    parser.add_argument("--only", nargs="*", help="names: formula, optimizers, schedules, layers or variants")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # one order of summation
    fixtures = {"formula": formula_fixture, "optimizers": optimizer_fixture, "schedules": schedule_fixture,
                "layers": layer_fixture}
    fixtures |= {v: lambda v=v: network_fixture(v, arguments.batch) for v in network.VARIANTS}
    for name, make in fixtures.items():
        if not arguments.only or name in arguments.only:
            write(arguments.out, name, make())


if __name__ == "__main__":
    main()
