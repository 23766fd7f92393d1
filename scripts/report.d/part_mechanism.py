"""What each operator does to a signal, what the trained networks do with it, and where they look."""

import math

import numpy
from matplotlib.colors import TwoSlopeNorm

import words
from context import estimate_row, not_estimable, row_words
from document import Figure, Grid, Missing, Section, Text
from rows import draw_rows, height_of
from style import GREY, INK, key_above, look

MAPS = "PuOr_r"  # orange against purple: distinct to colour-blind readers, white where a window changes nothing
SEEN = [("whole", "as it is"), ("border_grey", "border grey"), ("border_other", "border of another"),
        ("border_alone", "border alone")]
READINGS = {"yes": "good", "no": "bad", "more": "good", "less": "bad"}


def response_panel(ctx, signal, title):
    table = ctx.table("mechanism_response").where(signal=signal, direction="horizontal")
    with ctx.canvas.panel(f"mechanism_response_{signal}", title) as (panel, axes):
        for variant in table.distinct("variant"):
            mine, (color, _, line) = table.where(variant=variant), look(variant)
            axes.plot(mine["frequency"], mine["gain"], color=color, linestyle=line, label=variant)
            axes.fill_between(mine["frequency"], mine["gain_low"], mine["gain_high"], color=color, alpha=.12, linewidth=0)
        axes.axvspan(.25, .5, color="#F3F3F3", zorder=-2)
        axes.text(.255, .02, "aliased", color=GREY, transform=axes.get_xaxis_transform(), fontsize=9.5)
        axes.set(xlim=(0, .5), ylim=(0, None), xlabel="frequency, cycles per pixel", ylabel="gain (band: over phases)")
        key_above(axes)
    return panel


def noise_panel(ctx):
    """One glance: to the left is smoother, upwards is brighter."""
    table = ctx.table("mechanism_signal").where(probe="noise on a level")
    with ctx.canvas.panel("mechanism_noise", "White noise: what is left, and how far it lifts") as (panel, axes):
        for variant in table.distinct("variant"):
            mine, (color, marker, _) = table.where(variant=variant), look(variant)
            axes.plot(mine.where(metric="variance_ratio")["value"], mine.where(metric="mean_shift")["value"], marker,
                      color=color, markersize=9, label=variant)
        axes.axhline(0, color=GREY, linewidth=1)
        axes.set(xlim=(0, 1.08), xlabel="variance left (1: none removed)", ylabel="mean rises by, in sd of the noise")
        key_above(axes)
    return panel


def spot_panel(ctx):
    """A bright and a dark pixel side by side: what tells them apart is no smoothing."""
    table = ctx.table("mechanism_signal")
    variants = table.distinct("variant")
    with ctx.canvas.panel("mechanism_spot", "Height of one bright and one dark pixel", height=3.2) as (panel, axes):
        for place, variant in enumerate(variants):
            color, marker, _ = look(variant)
            for probe, shift, face in (("bright spot, 1 px", -.13, color), ("dark spot, 1 px", .13, "white")):
                mine = {row["metric"]: row["value"] for row in table.where(variant=variant, probe=probe).rows()}
                axes.plot([place + shift] * 2, [mine["peak_low"], mine["peak_high"]], color=color, linewidth=1.4)
                axes.plot(place + shift, mine["peak"], marker, color=color, markerfacecolor=face, markersize=7)
        axes.set_xticks(range(len(variants)), variants, rotation=30, ha="right")
        axes.set(ylim=(-.04, 1.06), ylabel="height after the operator")
        axes.set_xlabel("filled: bright, hollow: dark; line: over places")
    return panel


def signals_grid(ctx):
    table = ctx.table("mechanism_signal")
    shown = [("aliased share", "level gratings, horizontal", "aliased_share", 100, 1), ("noise variance left", "noise on a level", "variance_ratio", 1, 2),
             ("noise lifts mean, sd", "noise on a level", "mean_shift", 1, 2), ("bright pixel, height", "bright spot, 1 px", "peak", 1, 2),
             ("bright pixel, sum", "bright spot, 1 px", "mass", 1, 2), ("dark pixel, height", "dark spot, 1 px", "peak", 1, 2),
             ("shift error", "shift by 1 px", "error", 100, 1)]
    rows = []
    for variant in table.distinct("variant"):
        mine = table.where(variant=variant)
        cells = [mine.first(probe=probe, metric=metric) for _, probe, metric, _, _ in shown]
        rows.append([variant] + [words.number(cell["value"] * scale, digits) + ("%" if scale == 100 else "")
                                 for cell, (*_, scale, digits) in zip(cells, shown)])
    return Grid("What each operator does to a signal", ["operator"] + [name for name, *_ in shown], rows, folded=True)


def layer_panel(ctx, metric, title, label, null, scale=1):
    table = ctx.table("mechanism_layers").where(place="change", metric=metric)
    groups = []
    for layer in table.distinct("layer"):
        found = [estimate_row(row, scale=scale) for row in table.where(layer=layer).rows() if math.isfinite(row["value"])]
        if found:
            groups.append((layer, found))
    if not groups:
        return None
    with ctx.canvas.panel(f"mechanism_{metric}", title, height=height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, row_words(1 if scale == 100 else 2), zero=null)
        axes.set_xlabel(label)
    return panel


def border_panel(ctx):
    table = ctx.table("mechanism_border").where(metric="auc")
    variants = ctx.ordered(table)
    with ctx.canvas.panel("mechanism_border", "Test AUC with the outer twentieth covered", height=3.4) as (panel, axes):
        for place, variant in enumerate(variants):
            color, marker, _ = look(variant)
            for at, (seen, _) in enumerate(SEEN):
                row = table.first(variant=variant, seen=seen)
                if row is None or not math.isfinite(row["value"]):
                    continue
                x = at + .16 * (place - (len(variants) - 1) / 2)
                axes.errorbar(x, row["value"], yerr=[[row["value"] - row["low"]], [row["high"] - row["value"]]], color=color,
                              marker=marker, linestyle="none", capsize=2.5, elinewidth=1.4, label=variant if at == 0 else None)
        axes.axhline(.5, color=GREY, linewidth=1)
        axes.set_xticks(range(len(SEEN)), [name.replace(" ", "\n", 1) for _, name in SEEN])
        axes.set_ylabel("AUC")
        key_above(axes)
    return panel


def map_axes(axes, windows, column, norm):
    """One map into `axes`: windows of unequal width, the image's own orientation."""
    tops, lefts = sorted(set(windows["top"])), sorted(set(windows["left"]))
    values = numpy.full((len(tops), len(lefts)), numpy.nan)
    for row in windows.rows():
        values[tops.index(row["top"]), lefts.index(row["left"])] = row[column]
    mesh = axes.pcolormesh([*lefts, 1], [*tops, 1], values, cmap=MAPS, norm=norm, edgecolors="face", linewidth=.2)
    axes.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=[], yticks=[])
    axes.grid(False)
    for side in axes.spines.values():
        side.set(visible=True, color=GREY)
    return mesh


def map_panel(ctx, name, title, rows, columns, table_of, column):
    """Maps in rows and columns under one scale. table_of(row, column) gives a table of windows."""
    tables = {(r, c): table_of(r, c) for r in rows for c in columns}
    most = max((abs(table[column]).max() for table in tables.values() if len(table)), default=0) or 1
    norm = TwoSlopeNorm(0, -most, most)
    with ctx.canvas.panel(name, title, height=.75 + 1.32 * len(rows), width=max(3.4, .9 + 1.25 * len(columns))) as (panel, axes):
        axes.axis("off")
        mesh, width, height = None, .82 / len(columns), .9 / len(rows)
        for r, row in enumerate(rows):
            for c, variant in enumerate(columns):
                inset = axes.inset_axes([.06 + c * width, .9 - (r + 1) * height, width * .94, height * .9])
                mesh = map_axes(inset, tables[row, variant], column, norm)
                if r == 0:
                    inset.set_title(variant, fontsize=9.5, fontweight="normal", loc="center", pad=3)
                if c == 0:
                    inset.set_ylabel(row if len(row) < 18 else f"...{row[-14:]}", fontsize=9)
        bar = axes.figure.colorbar(mesh, cax=axes.inset_axes([.91, .06, .025, .8]))
        bar.outline.set_visible(False)
        bar.set_label("logit falls by", color=INK)
    return panel


def map_panels(ctx):
    table, examples = ctx.table("mechanism_map"), ctx.table("mechanism_example")
    if not len(table):
        return None, None
    variants = ctx.ordered(table)
    mean = map_panel(ctx, "mechanism_maps", "Where the evidence is: logit lost when covered", table.distinct("class"), variants,
                     lambda name, variant: table.where(**{"class": name, "variant": variant}), "logit_fall")
    single = map_panel(ctx, "mechanism_examples", "The same, single test images", examples.distinct("name"), variants,
                       lambda name, variant: examples.where(name=name, variant=variant), "logit_fall") if len(examples) else None
    return mean, single


def words_grid(ctx):
    rows = []
    for row in ctx.table("mechanism_words").rows():
        pair = row["variant_b"]
        if pair and row["reading"] not in ("more", "less"):
            continue
        name = f"{row['variant_a']} {'than ' + pair if pair else ''}".strip()
        reading = row["reading"] or "-"
        where = {"signal": "signal", "": "network"}.get(row["layer"], row["layer"])
        rows.append([row["word"], row["measure"], where, name, words.interval(row), (reading, READINGS.get(reading, "open"))])
    return Grid("The original's words, measured", ["word", "measured by", "where", "operator", "value", "so"], rows, folded=True,
                note="Signals: without training, the same for every data set. Pairs only where they differ (Holm within a measure); "
                     "the others are in mechanism_words.csv.") if rows else None


def border_text(ctx):
    share = ctx.table("mechanism_border").where(seen="windows", metric="border_share")
    told = [f"{row['variant']} {100 * row['value']:.0f}%" for row in share.rows() if math.isfinite(row["value"])]
    if not told:
        return None
    return Text(f"The outer twentieth on each side is 19% of the image. Share of the evidence that lies there: {words.listing(told)}.")


def mechanism(ctx):
    section = Section("mechanism", "Mechanism: what each operator does to a signal, and where the networks look")
    if not len(ctx.table("mechanism_signal")):
        return section.add(Missing("The mechanism was left out of this comparison (--no-mechanism)."))
    level, noise = response_panel(ctx, "level", "Gain of a grating"), noise_panel(ctx)
    behind, spot = response_panel(ctx, "rectified", "Gain of a grating behind ReLU"), spot_panel(ctx)
    more = Figure("Without training: gratings around 0, of which ReLU leaves the upper half, and single pixels.", [behind, spot])
    caption = ("Without training: gratings above 0, where ReLU does nothing (what passes above 1/4 cycle per pixel is aliased), and "
               "white noise: to the left smooths, upwards amplifies.")
    layers = ctx.table("mechanism_layers")
    if not len(layers):
        return section.add(Figure(caption, [level, noise]),
                           Missing("No trained network was looked into: its data or its checkpoint is not here."),
                           more, signals_grid(ctx), words_grid(ctx))
    high = layer_panel(ctx, "high_frequencies", "Networks: high frequencies, against every 2nd pixel", "points", 0, 100)
    amplified = [layer_panel(ctx, "p99", "99th percentile: after over before", "times", 1),
                 layer_panel(ctx, "tail", "99th percentile over mean: after / before", "times", 1)]
    mean_maps, single_maps = map_panels(ctx)
    section.add(Figure(caption + " In the trained networks, from before to after each downsampling: left of 0 smooths.",
                       [panel for panel in (level, noise, high) if panel]))
    section.add(border_text(ctx))
    section.add(Figure(f"Maps: orange speaks for {ctx.results.positive}, purple against it; each window was covered with grey in turn, "
                       "means over the chosen test images and seeds, one scale; the outermost windows are the outer twentieth. AUC: "
                       "all of test with that border in grey, from another image, or alone; means over seeds with 95% intervals.",
                       [panel for panel in (mean_maps, border_panel(ctx)) if panel]))
    section.add(more, Figure("In the trained networks, from before to after each downsampling, with 95% intervals: right of 1 amplifies.",
                             [panel for panel in (*amplified, single_maps) if panel]))
    return section.add(signals_grid(ctx), words_grid(ctx), not_estimable(ctx, layers, ctx.table("mechanism_border")))
