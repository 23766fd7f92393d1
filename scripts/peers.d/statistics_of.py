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


# Student's t, two-sided 95%, by degrees of freedom; from 30 on the next lower one stands for all.
T_95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201,
        12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 20: 2.086, 25: 2.060,
        30: 2.042, 60: 2.000, 120: 1.980}


def interval_over_processes(medians):
    """Median over fresh processes of their medians, and a 95% interval by Student's t on the logarithms: processes
    differ by memory, addresses and time, which rounds of one process cannot show."""
    n, logs = len(medians), [math.log(m) for m in medians]
    freedom = max((df for df in T_95 if df <= n - 1), default=None)
    middle = statistics.median(medians)
    if freedom is None:
        return middle, middle, middle
    half = T_95[freedom] * statistics.stdev(logs) / math.sqrt(n)
    mean = statistics.mean(logs)
    return middle, min(middle, math.exp(mean - half)), max(middle, math.exp(mean + half))


def over_processes(processes):
    """`processes`: the rounds of each; all samples in the quantiles, the interval and its parts over processes."""
    medians = [statistics.median(ns for one in rounds for ns in one) for rounds in processes]
    result = summary([one for rounds in processes for one in rounds])
    result["median_ns"], result["median_low_ns"], result["median_high_ns"] = interval_over_processes(medians)
    within = [(quantile(ordered, 0.75) - quantile(ordered, 0.25)) / quantile(ordered, 0.5)
              for ordered in (sorted(ns for one in rounds for ns in one) for rounds in processes)]
    return result | {"process_medians_ns": medians, "within_iqr_percent": 100 * statistics.median(within),
                     "between_sd_percent": 100 * statistics.stdev(medians) / statistics.mean(medians)}


def ratio_over_processes(processes, base_processes):
    """ratio() with the processes that were started side by side as pairs."""
    pairs = [statistics.median(ns for one in a for ns in one) / statistics.median(ns for one in b for ns in one)
             for a, b in zip(processes, base_processes)]
    middle, low, high = interval_over_processes(pairs)
    return {"median": middle, "low": low, "high": high}


def ratio(rounds, base_rounds):
    """How many times as long `rounds` took as `base_rounds`: median over the rounds, each paired with its neighbour."""
    pairs = [statistics.median(a) / statistics.median(b) for a, b in zip(rounds, base_rounds)]
    middle, low, high = median_interval(pairs)
    return {"median": middle, "low": low, "high": high}
