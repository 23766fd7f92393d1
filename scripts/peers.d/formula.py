"""Weights and inputs that Python and C++ compute bit for bit the same, so that no weights need to be stored or shipped.

A value depends on nothing but (name of the tensor, flat index in PyTorch's contiguous order, bound, fraction bits):

    fnv1a64(name): h = 0xcbf29ce484222325; for every byte: h = (h ^ byte) * 0x100000001b3            (mod 2^64)
    splitmix64(x): z = x + 0x9e3779b97f4a7c15; z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
                   z = (z ^ (z >> 27)) * 0x94d049bb133111eb; return z ^ (z >> 31)                     (mod 2^64)
    bits(name, i)  = splitmix64(fnv1a64(name) + i) >> 40                                              (24 bits)
    m              = floor(bound * 2^fraction)
    value(name, i) = (bits(name, i) mod (2 m + 1) - m) * 2^-fraction             (multiples of 2^-fraction in [-m, m])

Every value is exact in float32: integers below 2^24 times a power of two. By the name of the tensor, with fan_in the
number of inputs of one output of its layer:

    name             bound                fraction
    conv*.weight     sqrt(6.0 / fan_in)   5          (He's: each layer passes signals on)
    conv*.bias       1.0 / sqrt(fan_in)   10
    other *.weight   sqrt(6.0 / fan_in)   20
    other *.bias     1.0 / sqrt(fan_in)   20
    "input"          1.0                  5          (smaller batches begin larger ones)
    other names      1.0                  20
    label of image i: bits("labels", i) & 1

Why multiples of 1/32: both convolutions and all pools are then exact in float32 in any order of summation, so ReLU
masks and the winners of max pooling are the same in every implementation and gradients can be compared closely (with
random reals, a near-tie in one window of a million moves a whole gradient). Exact ties exist; the first in row-major
order wins, in PyTorch and in oneDNN.
"""

import math

import numpy as np

U64 = np.uint64


def fnv1a64(name: str) -> int:
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def bits(name: str, count: int, first: int = 0) -> np.ndarray:
    """24-bit integers (uint64) at flat indices first .. first + count - 1."""
    with np.errstate(over="ignore"):
        z = np.arange(first, first + count, dtype=U64) + U64(fnv1a64(name)) + U64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
        return (z ^ (z >> U64(31))) >> U64(40)


def values(name: str, shape, bound: float = 1.0, fraction: int = 20, first: int = 0) -> np.ndarray:
    """float32 array of `shape`; `first` is the flat index of its first value."""
    m = math.floor(bound * 2**fraction)
    whole = (bits(name, math.prod(shape), first) % U64(2 * m + 1)).astype(np.int64) - m
    return (whole.astype(np.float32) * np.float32(2.0**-fraction)).reshape(shape)


def parameter(name: str, shape, fan_in: int) -> np.ndarray:
    weight, convolution = name.endswith("weight"), "conv" in name
    bound = math.sqrt(6.0 / fan_in) if weight else 1.0 / math.sqrt(fan_in)
    return values(name, shape, bound, (5 if weight else 10) if convolution else 20)


def images(batch: int, channels: int = 1, height: int = 320, width: int = 320) -> np.ndarray:
    return values("input", (batch, channels, height, width), 1.0, 5)


def labels(batch: int) -> np.ndarray:
    return (bits("labels", batch) & U64(1)).astype(np.float32)
