"""How often a shift by a few pixels changes the decision, and what that costs."""

import math

import numpy

import words
from context import not_estimable
from document import Figure, Grid, Missing, Section
from style import key_above, look, percent

SHOWN = [("changed", "Decisions changed by a shift"), ("probability_change", "Change of probability"),
         ("accuracy_loss", "Accuracy lost by a shift")]


def shift_panel(ctx, table, metric, title):
    table = table.where(metric=metric)
    if not len(table):
        return None
    variants = ctx.ordered(table)
    with ctx.canvas.panel(f"shift_{metric}", title) as (panel, axes):
        for place, variant in enumerate(variants):
            color, marker, line = look(variant)
            rows = [row for row in table.where(variant=variant).rows() if math.isfinite(row["value"])]
            rows.sort(key=lambda row: row["pixels"])
            if not rows:
                continue
            x = numpy.array([row["pixels"] for row in rows]) + .12 * (place - (len(variants) - 1) / 2)
            errors = numpy.nan_to_num([[row["value"] - row["low"] for row in rows],
                                       [row["high"] - row["value"] for row in rows]])
            axes.errorbar(x, [row["value"] for row in rows], yerr=errors, color=color, marker=marker, linestyle=line,
                          linewidth=1.2, elinewidth=1.4, capsize=2.5, label=variant)
        axes.set_xticks(sorted(set(table["pixels"])))
        axes.set_xlabel("shift in pixels (left, right, up, down)")
        axes.set_ylabel({"changed": "share of test images", "probability_change": "mean |difference|",
                         "accuracy_loss": "accuracy in place minus shifted"}[metric])
        percent(axes.yaxis)
        if metric == "accuracy_loss":
            axes.axhline(0, color="#767676", linewidth=1)
        else:
            axes.set_ylim(bottom=0)
        key_above(axes)
    return panel


def shift(ctx):
    section = Section("shift", "Shift consistency")
    table = ctx.base("shift")
    if not len(table):
        return section.add(Missing("No shifted images were evaluated in this comparison."))
    panels = [panel for panel in (shift_panel(ctx, table, *shown) for shown in SHOWN) if panel]
    section.add(Figure("Lower is steadier: the share of test images whose Youden decision differs when the image moves "
                       "(edge pixels repeated), means over four directions and seeds with 95% intervals.", panels))
    section.add(not_estimable(ctx, table))
    rows = [[row["variant"], f"{row['pixels']:g}", words.metric(row["metric"]), words.interval(row, 2, scale=100)]
            for row in table.rows()]
    return section.add(Grid("Shift consistency, in points (hundredths)", ["variant", "pixels", "metric", "mean over seeds"],
                            rows, folded=True))
