"""The study's network in PyTorch, one class for all variants, with weights from formula.py.

Used as the reference for our numbers and as a peer for our times; written the way a PyTorch user would. What an operator
does is read from the program's table (operators.py) and said in PyTorch's words node by node.
Blocks return [N, C, floor(H/2), floor(W/2)] of the stride-1 convolution's H x W whatever the variant.
"""

import torch
import torch.nn.functional as F
from torch import nn

import formula
import operators

AFTER_CONV1, AFTER_CONV2 = 316, 154  # rows and columns


def padded(x, attributes, value):
    """(x, PyTorch's symmetric padding), ONNX's being above, left, below, right."""
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def conv(x, weights, attributes):
    x, padding = padded(x, attributes, 0.0)
    return F.conv2d(x, weights, stride=attributes["strides"], padding=padding, groups=attributes["group"])


def max_pool(x, attributes):
    x, padding = padded(x, attributes, float("-inf"))
    return F.max_pool2d(x, attributes["kernel_shape"], attributes["strides"], padding)


def average_pool(x, attributes):
    if any(attributes.get("pads", ())):
        raise SystemExit("an AveragePool with padding has no words here yet")
    return F.avg_pool2d(x, attributes["kernel_shape"], attributes["strides"])


def every(x, starts, ends, axes, steps, _):
    for start, end, axis, step in zip(*(values.tolist() for values in (starts, ends, axes, steps))):
        x = x[(slice(None),) * axis + (slice(start, end, step),)]
    return x


def root(x, _):
    if not torch.is_grad_enabled():
        return torch.sqrt(x)
    # Its slope at 0 is 0 here, as ours; PyTorch's is infinite, and times 0 that is no number.
    positive = x > 0
    return torch.where(positive, torch.sqrt(torch.where(positive, x, 1.0)), 0.0)


NODES = {"Conv": conv, "MaxPool": max_pool, "AveragePool": average_pool, "Slice": every, "Sqrt": root,
         "Mul": lambda a, b, _: a * b, "Add": lambda a, b, _: a + b, "Relu": lambda x, _: F.relu(x)}


class Downsample(nn.Module):
    """An operator of the table on images of `shape`: channels, rows, columns."""

    def __init__(self, operator, shape):
        super().__init__()
        self.steps = []
        for node in operator.nodes(shape):
            if node["type"] not in NODES:
                raise SystemExit(f"{operator.name}: network.py has no words for ONNX's {node['type']}")
            constants = []
            for constant in node["constants"]:
                values = torch.tensor(constant["values"], dtype=getattr(torch, constant["type"]))
                if constant["type"] == "int64":
                    constants.append(values.reshape(constant["shape"]))
                    continue
                name = f"{node['output']}_{constant['name']}"
                self.register_buffer(name, values.reshape(constant["shape"]), persistent=False)
                constants.append(name)
            self.steps.append((NODES[node["type"]], node["inputs"], constants, node["attributes"], node["output"]))

    def forward(self, x):
        values = {"source": x}
        for function, inputs, constants, attributes, output in self.steps:
            constants = [getattr(self, c) if isinstance(c, str) else c for c in constants]
            x = values[output] = function(*(values[name] for name in inputs), *constants, attributes)
        return x


def downsample(variant, shape):
    return Downsample(operators.table()[variant], shape)


class LeNet(nn.Module):
    def __init__(self, variant):
        super().__init__()
        stride = operators.table()[variant].conv_stride
        self.conv1 = nn.Conv2d(1, 6, 5, stride)
        self.down1 = downsample(variant, (6, AFTER_CONV1, AFTER_CONV1))
        self.conv2 = nn.Conv2d(6, 16, 5, stride)
        self.down2 = downsample(variant, (16, AFTER_CONV2, AFTER_CONV2))
        self.fc1 = nn.Linear(16 * (AFTER_CONV2 // 2) ** 2, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 1)

    def forward(self, x):
        x = self.down1(F.relu(self.conv1(x)))
        x = self.down2(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x).squeeze(1)


def fan_in(module):
    return module.weight[0].numel()


def fill(module):
    """Sets every parameter below `module` from the formula, by its state_dict name."""
    with torch.no_grad():
        for layer_name, layer in module.named_modules():
            for name, parameter in layer.named_parameters(recurse=False):
                full = f"{layer_name}.{name}" if layer_name else name
                parameter.copy_(torch.from_numpy(formula.parameter(full, tuple(parameter.shape), fan_in(layer))))
    return module


def make(variant):
    return fill(LeNet(variant))
