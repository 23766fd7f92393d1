"""What accuracy costs: against latency, throughput and size; how well the CPU is used; time and work by layer."""

import math

from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

import words
from document import Figure, Grid, Missing, Section
from rows import Row, draw_rows, height_of
from style import PARTS, key_above, look, percent, plain
from part_latency import ms_words

BATCH = 32


def measured(ctx, variant):
    """The row of `latency` for batch 32, spinning, alone: what the original's table is about. None without one."""
    table = ctx.table("latency").where(variant=variant, load="none")
    return table.first(batch=BATCH, wait="active") or table.first(batch=BATCH)


def trade_panel(ctx, name, title, label, place, original):
    """Test accuracy (at .5, as the original had it) against place(variant) = (x, low, high)."""
    table = ctx.base("generalization").where(split="test", metric="accuracy_half")
    places = {variant: place(variant) for variant in ctx.ordered(table)}
    rows = {variant: table.first(variant=variant) for variant, at in places.items() if at}
    rows = {variant: row for variant, row in rows.items() if math.isfinite(row["value"])}
    if not rows:
        return None
    one_x = len({round(places[variant][0], 6) for variant in rows}) == 1
    with ctx.canvas.panel(name, title) as (panel, axes):
        for i, (variant, row) in enumerate(rows.items()):
            color, marker, _ = look(variant)
            x, low, high = (v * (1 + .01 * (i - (len(rows) - 1) / 2) * one_x) for v in places[variant])
            axes.errorbar(x, row["value"], xerr=[[x - low], [high - x]] if high > low else None,
                          yerr=[[row["value"] - row["low"]], [row["high"] - row["value"]]] if math.isfinite(row["low"]) else None,
                          color=color, marker=marker, capsize=3, markersize=7, linestyle="", label=variant)
            draw_original(ctx, axes, variant, original, color)
        axes.margins(x=.12, y=.12)
        percent(axes.yaxis)
        axes.set_xlabel(label + (" (all the same; drawn apart)" if one_x and len(rows) > 1 else ""))
        axes.set_ylabel("test accuracy at probability .5")
        if original:
            axes.set_xscale("log")
            plain(axes.xaxis)
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        elif one_x:
            middle = places[next(iter(rows))][0]
            axes.set_xlim(.93 * middle, 1.07 * middle)
        key_above(axes, 3)
    return panel


def draw_original(ctx, axes, variant, column, color):
    """The original's point, where it reported both numbers."""
    heads = ctx.table("headline")
    up, across = (heads.first(variant=variant, column=name) for name in ("val_accuracy", column))
    if column and up and across and math.isfinite(up["original"] + across["original"]):
        axes.plot(across["original"], up["original"], marker="d", markerfacecolor="white", markeredgecolor=color, markersize=9,
                  markeredgewidth=1.8, linestyle="")


def trades(ctx):
    def latency_of(variant):
        row = measured(ctx, variant)
        return (row["median_ms"], row["median_low_ms"], row["median_high_ms"]) if row else None

    def throughput_of(variant):
        row = measured(ctx, variant)
        if not row:
            return None
        images = row["images_per_s"] * row["median_ms"]
        return row["images_per_s"], images / row["median_high_ms"], images / row["median_low_ms"]

    def size_of(variant):
        row = ctx.table("variants").first(variant=variant)
        return (row["size_mib"],) * 3 if row else None

    panels = [trade_panel(ctx, "accuracy_latency", "Accuracy against latency", f"ms per batch of {BATCH}", latency_of, "ms_per_batch"),
              trade_panel(ctx, "accuracy_throughput", "Accuracy against throughput", "images/s", throughput_of, "images_per_s"),
              trade_panel(ctx, "accuracy_size", "Accuracy against model size", "MiB of parameters", size_of, None)]
    return [panel for panel in panels if panel]


def efficiency(ctx):
    """Work done per second: what share of the machine each variant uses."""
    table = ctx.table("latency").where(load="none", wait="active")
    groups, rates = [], []
    for batch in sorted(table.distinct("batch")):
        rows, rate = [], []
        for variant in ctx.variants:
            row, network = table.first(variant=variant, batch=batch), ctx.table("variants").first(variant=variant)
            if not row:
                continue
            images = row["images_per_s"] * row["median_ms"]
            ends = images / row["median_high_ms"], images / row["median_low_ms"]
            rows.append(Row(variant, row["images_per_s"], *ends, "", variant))
            if network:
                work = network.get("executed_mflop", network["mflop"]) / 1e3
                rate.append(Row(variant, row["images_per_s"] * work, ends[0] * work, ends[1] * work, "", variant))
        groups.append((f"batch {batch:g}", rows))
        rates.append((f"batch {batch:g}", rate))
    panels = []
    for name, title, label, chosen in (("throughput", "Throughput", "images/s", groups),
                                       ("cpu_efficiency", "CPU efficiency: arithmetic done", "GFLOP/s", rates)):
        chosen = [group for group in chosen if group[1]]
        if chosen:
            with ctx.canvas.panel(name, title, height_of(chosen)) as (panel, axes):
                draw_rows(axes, chosen, ms_words, bars=True)
                axes.set_xlim(left=0)
                axes.set_xlabel(label)
            panels.append(panel)
    return panels


def step_table(ctx, variant):
    """([(step, ms)], source) of the batch of 32: measured in the cells, or by study explain."""
    found = ctx.cells.step_times(variant, BATCH)
    if found:
        return [(layer, ms) for _, layer, ms in found], "medians over the cells that timed their steps"
    whole = ctx.explained.experiment("whole") if ctx.explained else None
    table = whole.tables.get(f"steps_{variant}") if whole else None
    return ([(row["step"], row["time"]) for row in table.rows()], "study explain") if table else ([], "")


def stacked_panel(ctx, name, title, label, parts):
    """parts: {variant: [(layer, amount)]}. One bar per variant, one colour and hatch per layer."""
    layers = list(dict.fromkeys(layer for steps in parts.values() for layer, _ in steps))
    layers = sorted(layers, key=lambda l: (not l.startswith(("conv", "pool")), l[4:5] if l.startswith(("conv", "pool")) else l, l))
    hatches = {layer: "////" if layer.startswith("pool") else "" for layer in layers}
    with ctx.canvas.panel(name, title, 1.75 + .42 * len(parts)) as (panel, axes):
        most = max(sum(amount for _, amount in steps) for steps in parts.values())
        for y, (variant, steps) in enumerate(parts.items()):
            left = 0.
            for layer in layers:
                amount = sum(a for l, a in steps if l == layer)
                axes.barh(y, amount, left=left, height=.66, color=PARTS[layers.index(layer) % len(PARTS)],
                          edgecolor="white", linewidth=.8, hatch=hatches[layer],
                          label=layer if y == 0 or layer not in [l for l, _ in list(parts.values())[0]] else None)
                left += amount
            axes.text(left + .015 * most, y, words.significant(left), va="center", fontsize=9)
        axes.set_xlim(0, most * 1.14)
        axes.set_yticks(range(len(parts)), list(parts))
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(label)
        legend_of_layers(axes, layers, hatches)
    return panel


def legend_of_layers(axes, layers, hatches):
    handles = [Patch(facecolor=PARTS[i % len(PARTS)], hatch=hatches[layer], edgecolor="white", label=layer)
               for i, layer in enumerate(layers)]
    key_above(axes, 5, handles, handlelength=1.3)


def layers(ctx):
    """Panels of time (where measured), work and traffic by layer, and words on where the time comes from."""
    panels, times, sources = [], {}, set()
    for variant in ctx.variants:
        steps, source = step_table(ctx, variant)
        if steps:
            times[variant] = steps
            sources.add(source)
    if times:
        panels.append(stacked_panel(ctx, "layers_time", f"Time by layer, batch {BATCH}", "ms", times))
    plans = {variant: ctx.cells.plan(variant) for variant in ctx.variants}
    plans = {variant: plan for variant, plan in plans.items() if plan}
    for name, title, label, column in (("layers_work", "Work by layer of the plan", "MFLOP", "mflop"),
                                       ("layers_traffic", "Least memory traffic by layer of the plan", "MB", "min_mb")):
        if plans:
            batch = next(iter(plans.values()))[0]
            panels.append(stacked_panel(ctx, name, title, f"{label} per batch of {batch}",
                                        {v: list(zip(plan["layer"], plan[column])) for v, (_, plan) in plans.items()}))
    return panels, times, sources


def work_and_time(ctx):
    """Every operator at several image sizes under every engine: does time follow FLOPs? None where it was not measured."""
    table = ctx.results.table("flops_latency")
    if not len(table):
        return None
    engines = table.distinct("engine")
    with ctx.canvas.panel("flops_latency", "Work against time: operators, sizes and engines", 3.2) as (panel, axes):
        for row in table.rows():
            color, marker, _ = look(row["variant"])
            axes.plot(row["mflop"], row["median_ms"], marker=marker, color=color, markersize=6, linestyle="",
                      markerfacecolor=color if row["engine"] == engines[0] else "white")
        for variant in table.distinct("variant"):
            color, marker, _ = look(variant)
            axes.plot([], [], marker=marker, color=color, linestyle="", label=variant)
        for axis in (axes.xaxis, axes.yaxis):
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
            plain(axis)
            axis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("MFLOP per image")
        axes.set_ylabel(f"ms per batch of {table['batch'][0]:g}")
        key_above(axes, 3)
    sizes = ", ".join(f"{size:g}" for size in sorted(set(table["size"])))
    return Figure(f"Each point is a network with one operator at one image size ({sizes} pixels), both axes logarithmic. Filled: engine "
                  f"{engines[0]}" + (f"; hollow: {words.listing(engines[1:])}" if len(engines) > 1 else "") + ".", [panel])


def costs(ctx):
    section = Section("costs", "Accuracy against cost, and time by layer")
    panels = trades(ctx)
    if not len(ctx.table("latency")):
        section.add(Missing("No latency measured: accuracy against latency and throughput, and CPU efficiency, are not drawn."))
    if panels:
        section.add(Figure(f"Filled: ours with 95% intervals ({ctx.engine_words}); hollow diamonds: the original's, with data loading inside its "
                           "time." + (" All variants have the same number of parameters: size explains nothing." if len(set(
                               ctx.table("variants")["parameters"])) == 1 else ""), panels))
    panels = efficiency(ctx)
    if panels:
        section.add(Figure("A variant can be fast because it does less (a convolution with twice the stride) or because it uses the machine better: "
                           f"compare the two panels ({ctx.engine_words}).", panels))
    section.add(work_and_time(ctx))
    panels, times, sources = layers(ctx)
    if panels:
        where = f"Times: {', '.join(sorted(sources))}. " if times else ""
        section.add(Figure(f"{where}Hatched: pooling. Time that does not follow the work is memory traffic or a less suited "
                           "kernel.", panels))
    absent = [variant for variant in ctx.variants if variant not in times]
    if absent:
        section.add(Missing(f"Time by layer of {words.listing(absent)}: not measured (`study explain --variants "
                            f"{','.join(ctx.variants)}` measures it; cells of a sweep skip it)."))
    rows = [[v, step, implementation, source, target, words.significant(work), words.significant(traffic)]
            for v in ctx.variants if ctx.cells.plan(v) for step, implementation, source, target, work, traffic in
            zip(*(ctx.cells.plan(v)[1][c] for c in ("step", "impl", "src", "dst", "mflop", "min_mb")))]
    if rows:
        section.add(Grid("The plan: what oneDNN runs", ["variant", "step", "implementation", "from", "to", "MFLOP", "least MB"],
                         rows, folded=True))
    else:
        section.add(Missing("The cells' plans were not found (cells/*/run.h5)."))
    return section


