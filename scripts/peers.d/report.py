"""The tables that scripts/peers prints, from the records that it also writes as JSON."""


def table(headings, rows):
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]
    lines = ["  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w)
                       for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in [headings, *rows]]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])


def ms(ns):
    value = ns / 1e6
    return f"{value:.3f}" if value < 10 else f"{value:.2f}"


def arm_row(arm, batch):
    time = arm["time"]
    ratio = arm.get("ratio")
    spread = f"{ms(time['median_low_ns'])}-{ms(time['median_high_ns'])}"
    shown = f"{ratio['median']:.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})" if ratio else "-"
    return (arm["name"], arm["data_type"], ms(time["median_ns"]), spread, ms(time["min_ns"]), ms(time["p90_ns"]),
            f"{batch / time['median_ns'] * 1e9:.0f}", shown, f"{arm['deviation']:.1e}")


def work_text(record):
    """Table of one work, fastest first, then what was refused or wrong and why."""
    timed = sorted((a for a in record["arms"] if "time" in a), key=lambda a: (a["data_type"], a["time"]["median_ns"]))
    headings = ("arm", "type", "median ms", "95% interval", "min", "p90", "images/s", "times ours", "deviation")
    processes = f" in each of {record['processes']} processes" if "processes" in record else ""
    lines = [f"\n{record['name']}, {record['threads']} threads, {record['rounds']} rounds{processes}"]
    # What dominates is said first: the reader would take the samples of one process for the whole truth.
    lines += [f"{a['name']} {a['data_type']}: most of the spread is between processes "
              f"({a['time']['between_sd_percent']:.1f}%, within one {a['time']['within_iqr_percent']:.1f}%)"
              for a in timed if a["time"].get("between_sd_percent", 0) > a["time"].get("within_iqr_percent", 0)]
    if timed:
        lines.append(table(headings, [arm_row(arm, record["batch"]) for arm in timed]))
    lines += [f"{a['name']} {a['data_type']}: not available: {a['reason']}" for a in record["arms"] if "reason" in a]
    noise = record["others_cpu_share"]
    if noise > 0.03:
        lines.append(f"Disturbed: other processes used {noise:.0%} of the CPUs meanwhile; do not trust these times.")
    return "\n".join(lines)


def best(arms):
    return min(arms, key=lambda arm: arm["time"]["median_ns"], default=None)


def summary_rows(records):
    """Per work and data type: our best arm against the best peer; ratio over 1: ours is faster."""
    for record in records:
        for data_type in sorted({arm["data_type"] for arm in record["arms"]}, reverse=True):
            timed = [a for a in record["arms"] if "time" in a and a["data_type"] == data_type]
            ours, peer = best([a for a in timed if a["ours"]]), best([a for a in timed if not a["ours"]])
            if ours is None and peer is None:
                continue
            both = ours is not None and peer is not None
            yield (record["name"], data_type, ms(ours["time"]["median_ns"]) if ours else "-",
                   ms(peer["time"]["median_ns"]) if peer else "-", peer["name"] if peer else "-",
                   f"{peer['time']['median_ns'] / ours['time']['median_ns']:.2f}" if both else "-")


def summary_text(records):
    headings = ("work", "type", "ours ms", "peer ms", "fastest peer", "peer / ours")
    return "\n" + table(headings, list(summary_rows(records)))
