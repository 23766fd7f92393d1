"""The study's network in PyTorch, one class for all variants, with weights from formula.py.

Used as the reference for our numbers and as a peer for our times; written the way a PyTorch user would.
Blocks return [N, C, floor(H/2), floor(W/2)] of the stride-1 convolution's H x W whatever the variant.
"""

import torch
import torch.nn.functional as F
from torch import nn

import formula

VARIANTS = ("avgpool", "maxpool", "strided", "slice", "blurpool", "maxblurpool")


class Slice(nn.Module):
    """Every second pixel: no arithmetic at all."""

    def forward(self, x):
        h, w = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
        return x[:, :, :h:2, :w:2]


class Blur(nn.Module):
    """Depthwise [1 2 1] x [1 2 1] / 16 with stride 2. Zero padding 1 above and left; below and right only `after`."""

    def __init__(self, channels, after):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0])
        filter_ = (row[:, None] * row[None, :] / 16).expand(channels, 1, 3, 3).clone()
        self.register_buffer("filter", filter_, persistent=False)
        self.after = after

    def forward(self, x):
        if self.after:
            return F.conv2d(x, self.filter, stride=2, padding=1, groups=x.shape[1])
        return F.conv2d(F.pad(x, (1, 0, 1, 0)), self.filter, stride=2, groups=x.shape[1])


def downsample(variant, channels):
    return {
        "avgpool": lambda: nn.AvgPool2d(2, 2),
        "maxpool": lambda: nn.MaxPool2d(2, 2),
        "strided": nn.Identity,
        "slice": Slice,
        "blurpool": lambda: Blur(channels, after=0),
        "maxblurpool": lambda: nn.Sequential(nn.MaxPool2d(2, 1), Blur(channels, after=1)),
    }[variant]()


class Block(nn.Sequential):
    """Convolution 5x5, ReLU, downsampling."""

    def __init__(self, variant, in_channels, out_channels):
        stride = 2 if variant == "strided" else 1
        super().__init__(nn.Conv2d(in_channels, out_channels, 5, stride), nn.ReLU(), downsample(variant, out_channels))


class LeNet(nn.Module):
    def __init__(self, variant, size=320, channels=1):
        super().__init__()
        stride = 2 if variant == "strided" else 1
        self.conv1 = nn.Conv2d(channels, 6, 5, stride)
        self.down1 = downsample(variant, 6)
        self.conv2 = nn.Conv2d(6, 16, 5, stride)
        self.down2 = downsample(variant, 16)
        side = ((size - 4) // 2 - 4) // 2
        self.fc1 = nn.Linear(16 * side * side, 120)
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


def make(variant, size=320):
    return fill(LeNet(variant, size))
