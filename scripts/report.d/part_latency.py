"""How long a forward pass takes: its distribution, alone and beside a load, with spinning and with passive waiting."""

import math

import numpy
from matplotlib.ticker import LogLocator, NullFormatter

import words
from context import estimate_row, pair_name
from document import Figure, Grid, Missing, Section
from rows import Row, draw_rows, height_of
from style import INK, key_above, look, plain

SHOWN_SAMPLES = 500  # of each row; the figures beside it are of all
NONE = ("No latency was measured in this comparison (--no-latency, or another machine): what each variant costs is not in "
        "it. `study report DIR` on a quiet machine measures it.")


def log_milliseconds(axes):
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain(axes.xaxis)
    subs = (1, 2, 5) if high / low > 5 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_minor_formatter(NullFormatter())


def ms_words(row):
    return words.significant(row.value) + (f" ({words.significant(row.low)} to {words.significant(row.high)})"
                                           if math.isfinite(row.low + row.high) else "")


def distribution_panel(ctx, batch):
    """Single passes, median, p90 and p99, alone."""
    table = ctx.table("latency").where(batch=batch, load="none")
    samples = ctx.table("latency_samples")
    groups, places = [], []
    for wait in table.distinct("wait"):
        rows = []
        for variant in ctx.variants:
            row = table.first(variant=variant, wait=wait)
            if row:
                rows.append(Row(variant, row["median_ms"], row["median_low_ms"], row["median_high_ms"], "", variant))
                places.append((variant, wait, row))
        groups.append((f"{words.WAITS.get(wait, wait)} threads", rows))
    if not places:
        return None
    generator = numpy.random.default_rng(1)
    with ctx.canvas.panel(f"latency_batch{batch:g}", f"Forward pass, batch {batch:g}", height_of(groups) + .2) as (panel, axes):
        draw_rows(axes, groups, ms_words)
        for y, (variant, wait, row) in zip(axes.get_yticks(), places):
            color = look(variant)[0]
            mine = samples.where(variant=variant, batch=batch, wait=wait, load="none")
            values = mine["ms"] if len(mine) else numpy.array([])
            if len(values) > SHOWN_SAMPLES:
                values = generator.choice(values, SHOWN_SAMPLES, replace=False)
            axes.plot(values, y + generator.uniform(-.3, .3, len(values)), ".", color=color, alpha=.25, markersize=2.5,
                      markeredgewidth=0, rasterized=True, zorder=1)
            axes.plot(row["p90_ms"], y, marker="|", color=INK, markersize=11, markeredgewidth=1.4)
            axes.plot(row["p99_ms"], y, marker="x", color=INK, markersize=5.5, markeredgewidth=1.4)
        log_milliseconds(axes)
        axes.set_xlabel("ms; bar: 90% are faster, cross: 99% are")
    return panel


def tail_panel(ctx, batch):
    samples = ctx.table("latency_samples").where(batch=batch, load="none")
    if not len(samples):
        return None
    with ctx.canvas.panel(f"latency_tail_batch{batch:g}", f"Stability, batch {batch:g}", 3.5) as (panel, axes):
        for variant in ctx.ordered(samples):
            color, _, line = look(variant)
            for wait in samples.distinct("wait"):
                mine = samples.where(variant=variant, wait=wait)
                values = numpy.sort(mine["ms"])
                if not len(values):
                    continue
                # Quantiles down to the last sample, evenly on the logarithmic axis.
                above = numpy.unique(numpy.geomspace(1, len(values), 200).astype(int))
                axes.plot(values[len(values) - above] / numpy.median(values), above / len(values), color=color,
                          linestyle=line if wait == samples.distinct("wait")[0] else ":", linewidth=1.6,
                          label=f"{variant}, {words.WAITS.get(wait, wait)}")
        axes.set_yscale("log")
        axes.set_xscale("log")
        plain(axes.xaxis)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda v, _: f"{100 * v:g}%")
        axes.set_xlabel("time as a multiple of the variant's own median")
        axes.set_ylabel("passes that take longer")
        key_above(axes, 2)
    return panel


def load_panel(ctx, batch):
    table = ctx.table("latency_load").where(batch=batch)
    groups = []
    for load in table.distinct("load"):
        for wait in table.distinct("wait"):
            rows = [estimate_row(row) for v in ctx.variants for row in table.where(load=load, wait=wait, variant=v).rows()]
            if rows:
                groups.append((f"{words.LOADS.get(load, load)}, {words.WAITS.get(wait, wait)} threads", rows))
    if not groups:
        return None
    with ctx.canvas.panel(f"latency_load_batch{batch:g}", f"Slowdown beside a load, batch {batch:g}", height_of(groups)) as (
            panel, axes):
        draw_rows(axes, groups, ms_words, zero=1)
        axes.set_xlabel("times as long as alone (median to median)")
    return panel


def stability_panel(ctx, batch):
    table = ctx.table("latency_processes").where(batch=batch, load="none")
    if not len(table):
        return None
    groups = []
    for wait in table.distinct("wait"):
        rows = []
        for variant in ctx.variants:
            medians = table.where(variant=variant, wait=wait)["median_ms"]
            if len(medians):
                middle = numpy.median(medians)
                rows.append(Row(variant, 1., math.nan, math.nan, "", variant, dots=tuple(medians / middle)))
        groups.append((f"{words.WAITS.get(wait, wait)} threads", rows))
    with ctx.canvas.panel(f"latency_processes_batch{batch:g}", f"From process to process, batch {batch:g}", height_of(groups)) as (
            panel, axes):
        draw_rows(axes, groups, lambda row: f"{100 * (max(row.dots) - min(row.dots)):.1f}% apart")
        axes.xaxis.set_major_formatter(lambda v, _: words.signed(round(100 * (v - 1), 6), 1) + "%")
        axes.set_xlabel("median of each process against their median")
    return panel


def memory_panel(ctx):
    table = ctx.table("latency_memory")
    if not len(table):
        return None
    with ctx.canvas.panel("latency_memory", "The memory system meanwhile", 2.2) as (panel, axes):
        order = numpy.argsort(table["start_s"])
        axes.plot(table["start_s"][order], table["memory_slowdown"][order], ".-", color=INK, linewidth=.8, markersize=3)
        axes.axhline(1, color=INK, linewidth=.6, linestyle=":")
        axes.set_xlabel("seconds since the measurement began")
        axes.set_ylabel("times slower than\nits fastest quarter")
    return panel


def latency_grids(ctx):
    table = ctx.table("latency")
    rows = [[row["variant"], f"{row['batch']:g}", words.WAITS.get(row["wait"], row["wait"]), words.LOADS.get(row["load"], row["load"])]
            + [words.interval(row, names=(f"{q}_ms", f"{q}_low_ms", f"{q}_high_ms"), form=words.significant)
               for q in ("median", "p90", "p99")]
            + [words.significant(row["images_per_s"], 4), f"{row['samples']:,.0f}", f"{row['disturbed']:,.0f}",
               ("yes", "bad") if row["busy"] else "no"] for row in table.rows()]
    yield Grid("Forward passes, ms (95% intervals over processes), variants interleaved within each",
               ["variant", "batch", "waiting", "load", "median", "p90", "p99", "images/s", "samples", "disturbed",
                "neighbours busy"], rows, folded=True)
    table = ctx.table("latency_ratio")
    rows = [[pair_name(row).replace(" - ", " / "), f"{row['batch']:g}", words.WAITS.get(row["wait"], row["wait"]),
             words.LOADS.get(row["load"], row["load"]), words.interval(row, 3), words.p_value(row["p"])] for row in table.rows()]
    yield Grid("Ratio of medians", ["a / b", "batch", "waiting", "load", "ratio", "p against 1"], rows)
    table = ctx.table("latency_load_difference")
    rows = [[pair_name(row).replace(" - ", " / "), f"{row['batch']:g}", words.WAITS.get(row["wait"], row["wait"]),
             words.LOADS.get(row["load"], row["load"]), words.interval(row, 3), words.p_value(row["p"])] for row in table.rows()]
    yield Grid("Slowdown beside a load, of one variant over that of another",
               ["a / b", "batch", "waiting", "load", "ratio", "p against 1"], rows, folded=True)
    table = ctx.table("latency_stability")
    rows = [[row["variant"], f"{row['batch']:g}", words.WAITS.get(row["wait"], row["wait"]), words.LOADS.get(row["load"], row["load"]),
             f"{row['processes']:g}", words.number(row["iqr_percent"], 1)]
            + [words.number(row[f"{part}_percent"], 1) for part in ("within", "between", "over_time")]
            + [words.significant(row["lowest_ms"]), words.significant(row["highest_ms"]),
               f"{words.significant(row['next_low_ms'])} to {words.significant(row['next_high_ms'])}",
               words.number(row["memory_correlation"], 2)] for row in table.rows()]
    yield Grid("Stability: single passes within a process (IQR), and the parts of a process's median that its limited samples, "
               "its differing from the next, and the time make (SD), in % of the time",
               ["variant", "batch", "waiting", "load", "processes", "IQR %", "within %", "between %", "over time %",
                "lowest median ms", "highest median ms", "next process ms (95%)", "correlation with memory"], rows, folded=True)


def latency(ctx):
    section = Section("latency", "Latency and its stability")
    table = ctx.table("latency")
    if not len(table):
        return section.add(Missing(NONE))
    if (table["busy"] > 0).any():
        section.add(Missing("Neighbours used the CPUs while some rows were measured (\"neighbours busy\" in the table): "
                            "those figures are not to be relied on; measure again on a quiet machine."))
    batches = sorted(table.distinct("batch"))
    first = "".join(f"{row['sentence']} " for row in ctx.table("latency_warnings").rows())
    section.add(Figure(f"{first}All times here: {ctx.engine_words}. Dots: single passes; point: median of the typical process with its 95% interval over processes. Logarithmic axis: equal distances are equal "
                       "ratios.", [p for p in (distribution_panel(ctx, b) for b in batches) if p]))
    panels = [p for b in batches for p in (tail_panel(ctx, b), stability_panel(ctx, b)) if p]
    if panels:
        section.add(Figure("Left: the further a curve reaches to the right, the longer the variant's rare slow passes; right: "
                           "one tick per process.", panels))
    else:
        section.add(Missing("Single passes were not kept: no tails are drawn."))
    memory = memory_panel(ctx)
    if memory:
        section.add(Figure("A pointer chase and reading in order, between the samples and with nothing of ours beside: what changes "
                           "here was others' doing.", [memory]))
    panels = [p for p in (load_panel(ctx, b) for b in batches) if p]
    if panels:
        section.add(Figure("1 is the time alone on the machine; spinning threads hold their core while they wait, passive ones "
                           "give it away, which matters as soon as others want it.", panels))
    else:
        section.add(Missing("Not measured beside a load: how each variant degrades there is not known."))
    return section.add(*(grid for grid in latency_grids(ctx) if grid.rows))
