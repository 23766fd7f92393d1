"""What label noise in training does to each variant, on clean test labels."""

import math

import numpy

import words
from context import pair_name
from document import Figure, Grid, Missing, Section
from style import key_above, look, percent

SHOWN = [("auc", "generalization", {"split": "test", "metric": "auc"}, "test AUC", False),
         ("sensitivity", "decision", {"rule": "youden", "metric": "sensitivity"}, "sensitivity", True),
         ("specificity", "decision", {"rule": "youden", "metric": "specificity"}, "specificity", True)]


def noise_panel(ctx, kind, levels, name, source, wanted, label, is_share):
    table = ctx.table(source).where(**wanted)
    slopes = ctx.table("robustness").where(noise_kind=kind, metric=name)
    variants = ctx.ordered(table)
    with ctx.canvas.panel(f"noise_{kind}_{name}", f"{label} by {kind} label noise", 3.7) as (panel, axes):
        for place, variant in enumerate(variants):
            color, marker, line = look(variant)
            points = [row for level in levels for row in
                      table.where(variant=variant, noise=level, noise_kind=kind if level else "").rows()
                      if math.isfinite(row["value"])]
            if not points:
                continue
            shift = (place - (len(variants) - 1) / 2) * .006 * max(1, max(levels) / .4)
            x = numpy.array([row["noise"] for row in points]) + shift
            y = numpy.array([row["value"] for row in points])
            errors = numpy.nan_to_num([[row["value"] - row["low"] for row in points],
                                       [row["high"] - row["value"] for row in points]])
            slope = slopes.first(variant=variant)
            text = variant
            if not slope or not math.isfinite(slope["value"]):
                axes.plot(x, y, color=color, linestyle=line, linewidth=.8, alpha=.7)
            else:
                text += f": {10 * slope['value']:+.1f} ({10 * slope['low']:+.1f} to {10 * slope['high']:+.1f})"
                middle_x, middle_y = numpy.mean(x), numpy.mean(y)
                ends = numpy.array([min(x), max(x)])
                axes.plot(ends, middle_y + slope["value"] * (ends - middle_x), color=color, linestyle=line, linewidth=1.3)
            axes.errorbar(x, y, yerr=errors, color=color, marker=marker, linestyle="", capsize=3, label=text)
        axes.set_xlabel("wrong labels in training")
        axes.set_ylabel(label)
        percent(axes.xaxis)
        if is_share:
            percent(axes.yaxis)
        key_above(axes, 1 if len(slopes) else 3)
    return panel


def noise(ctx):
    section = Section("noise", "Noisy labels")
    levels = sorted({level for level, _ in ctx.noises if level > 0})
    if not levels:
        return section.add(Missing("No label noise in this comparison (--label-noise 0): what noise does is not measured here."))
    kinds = sorted({kind for level, kind in ctx.noises if level > 0})
    for kind in kinds:
        mine = [level for level, k in ctx.noises if not level or k == kind]
        panels = [noise_panel(ctx, kind, mine, *shown) for shown in SHOWN]
        section.add(Figure("Points: means over seeds with 95% intervals; beside each name: slope in points per 10% wrong "
                           "labels, where it was estimated (thick lines; they pass through the mean of the points). A flatter line is a "
                           "more robust variant.", panels))
    for name, title in (("robustness", "Slopes: change on test per 10% wrong labels, in points"),
                        ("robustness_difference", "Differences of slopes between variants")):
        table = ctx.table(name)
        if len(table):
            rows = [[row["noise_kind"], row.get("variant") or pair_name(row), words.metric(row["metric"]),
                     words.interval(row, 2, scale=10), words.p_value(row["p"]), f"{row['seeds']:g}"] for row in table.rows()]
            section.add(Grid(title, ["noise", "variant", "metric", "slope", "p", "seeds"], rows, folded=True))
        else:
            section.add(Missing(f"{title}: none were estimated."))
    return section
