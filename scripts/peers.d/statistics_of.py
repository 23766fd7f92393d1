"""Medians, spread and ratios of interleaved samples; every sample counts, none is left out."""

import math
import statistics


def quantile(ordered, q):
    at = q * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median_interval(values):
    """Median and its 95% interval by order statistics (the whole range below 6 values)."""
    ordered, n = sorted(values), len(values)
    half = 0.98 * math.sqrt(n)
    low, high = max(0, math.floor(n / 2 - half)), min(n - 1, math.ceil(n / 2 + half) - 1)
    return statistics.median(ordered), ordered[low], ordered[high]


def summary(rounds):
    """`rounds`: one list of nanoseconds per round. The interval is of the rounds' medians: rounds are independent,
    neighbours within a round are not."""
    samples = sorted(ns for one in rounds for ns in one)
    _, low, high = median_interval([statistics.median(one) for one in rounds])
    return {"count": len(samples), "median_ns": statistics.median(samples), "median_low_ns": low,
            "median_high_ns": high, "min_ns": samples[0], "p90_ns": quantile(samples, 0.9),
            "p99_ns": quantile(samples, 0.99), "iqr_ns": quantile(samples, 0.75) - quantile(samples, 0.25)}


def ratio(rounds, base_rounds):
    """How many times as long `rounds` took as `base_rounds`: median over the rounds, each paired with its neighbour."""
    pairs = [statistics.median(a) / statistics.median(b) for a, b in zip(rounds, base_rounds)]
    middle, low, high = median_interval(pairs)
    return {"median": middle, "low": low, "high": high}
