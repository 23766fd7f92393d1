"""The operator's own effect: each network run with every operator, its weights unchanged, and what training made of it."""

import math

import numpy

import words
from context import estimate_row, not_estimable, points_words
from document import Figure, Grid, Missing, Section, Text
from rows import draw_rows, height_of
from style import BLUE, INK, ORANGE, in_table, key_above, look, points

PARTS = {"difference": ("difference", INK), "operator": ("operator, same weights", BLUE), "training": ("training", ORANGE)}
# (rule, metric, what the axis says, a logit or shares in points)
SHOWN = [("", "logit", "mean logit", False), ("half", "predicted_positive_rate", "called positive at .5", True),
         ("", "auc", "AUC", True)]
ALL = "all"


def logit_words(row):
    text = words.signed(row.value, 2)
    if math.isfinite(row.low) and math.isfinite(row.high):
        text += f" ({words.signed(row.low, 2)} to {words.signed(row.high, 2)})"
    return text


def slug(rule, metric):
    return f"{rule}_{metric}" if rule else metric


def draw(axes, groups, in_points, label):
    draw_rows(axes, groups, points_words if in_points else logit_words, zero=0)
    if in_points:
        points(axes.xaxis)
    axes.set_xlabel(f"{label}, in points" if in_points else label)


def parts_panel(ctx, table, rule, metric, label, in_points):
    mine = table.where(rule=rule, metric=metric)
    groups = []
    for a in ctx.variants:
        for b in ctx.variants:
            rows = [estimate_row(row, name, color=color) for part, (name, color) in PARTS.items()
                    for row in mine.where(variant_a=a, variant_b=b, part=part).rows()]
            if rows:
                groups.append((f"{a} - {b}", rows))
    if not groups:
        return None
    with ctx.canvas.panel(f"swap_parts_{slug(rule, metric)}", f"Parts of a difference: {label}", height_of(groups)) as (panel, axes):
        draw(axes, groups, in_points, f"a - b, {label}")
    return panel


def change_panel(ctx, table, rule, metric, label, in_points):
    mine = table.where(split="test", rule=rule, metric=metric)
    groups = [(f"trained with {trained}", [estimate_row(row, row["run_with"], row["run_with"])
                                           for row in mine.where(variant=trained).rows() if in_table(row["run_with"])])
              for trained in ctx.ordered(mine)]
    groups = [group for group in groups if group[1]]
    if not groups:
        return None
    with ctx.canvas.panel(f"swap_change_{slug(rule, metric)}", f"Run with another operator: {label}", height_of(groups)) as (panel, axes):
        draw(axes, groups, in_points, f"minus the run with the own operator, {label}")
    return panel


def dose_panel(ctx, table, rule, metric, label, in_points):
    mine = table.where(rule=rule, metric=metric)
    trained = ctx.ordered(mine)
    if not trained:
        return None
    powers = ["1"] + mine.distinct("power")
    places = {power: 1 - 1 / float(power) for power in powers}
    scale = 100 if in_points else 1
    with ctx.canvas.panel(f"swap_dose_{slug(rule, metric)}", f"Dose and response: {label}", 3.6) as (panel, axes):
        for k, variant in enumerate(trained):
            color, marker, line = look(variant)
            rows = [mine.first(variant=variant, power=power) for power in powers[1:]]
            rows = [(power, row) for power, row in zip(powers[1:], rows) if row and math.isfinite(row["value"])]
            if not rows:
                continue
            x = numpy.array([0.] + [places[power] for power, _ in rows]) + .008 * (k - (len(trained) - 1) / 2)
            y = scale * numpy.array([0.] + [row["value"] for _, row in rows])
            low = scale * numpy.array([0.] + [row["value"] - row["low"] for _, row in rows])
            high = scale * numpy.array([0.] + [row["high"] - row["value"] for _, row in rows])
            axes.errorbar(x, y, yerr=numpy.nan_to_num([low, high]), color=color, marker=marker, linestyle=line, linewidth=1.2,
                          elinewidth=1.4, capsize=2.5, label=f"trained with {variant}")
        axes.axhline(0, color="#767676", linewidth=1)
        names = {"1": "1\navgpool", "2": "2\nrmspool", "inf": "∞\nmaxpool"}
        axes.set_xticks(list(places.values()), [names.get(power, power) for power in powers])
        axes.set_xlabel("p of the power mean, spaced by 1 - 1/p")
        axes.set_ylabel(f"{label}, minus p = 1" + (", points" if in_points else ""))
        key_above(axes, 1)
    return panel


def changes_grid(ctx, table):
    def text(row):
        if row is None:
            return "n/a"
        logit = row["metric"] in ("logit", "logit_change_sd", "rank_correlation")
        return words.interval(row, 3 if row["metric"] == "rank_correlation" else 2 if logit else 1, scale=1 if logit else 100)
    columns = [("", "logit"), ("", "logit_change_sd"), ("", "rank_correlation"), ("", "auc")]
    columns += [(rule, metric) for rule in ("half", "sensitivity", "sensitivity_again", "youden", "youden_again")
                for metric in ("sensitivity", "specificity", "predicted_positive_rate")]
    rows = []
    mine = table.where(split="test")
    for trained in ctx.ordered(mine):
        own = mine.where(variant=trained)
        for run_with in own.distinct("run_with"):
            cells = own.where(run_with=run_with)
            rows.append([trained, run_with] + [text(cells.first(rule=rule, metric=metric)) for rule, metric in columns])
    names = [words.metric(metric) + (f", {ctx.rule(rule)}" if rule else "") for rule, metric in columns]
    return Grid("Minus the run with the own operator, on test; AUC and shares in points", ["trained with", "run with"] + names, rows,
                folded=True)


def slopes_text(ctx):
    row = ctx.base("swap_dose_slope").first(variant=ALL, rule="half", metric="predicted_positive_rate")
    logit = ctx.base("swap_dose_slope").first(variant=ALL, rule="", metric="logit")
    if not row or not math.isfinite(row["value"]) or not logit or not math.isfinite(logit["value"]):
        return None
    return Text("From average to maximum, the weights unchanged, the mean logit moves by "
                f"{words.interval(logit, form=lambda v: words.signed(v, 2))}, and images called positive at probability .5 by "
                f"{words.interval(row, form=lambda v: words.signed(100 * v))} points (slope over 1 - 1/p; mean over networks of all variants).")


def control_text(table):
    if not len(table):
        return None
    told = []
    for check in table.distinct("check"):
        mine = table.where(check=check)
        values = mine["largest_difference"][numpy.isfinite(mine["largest_difference"])]
        if len(values):
            told.append(f"{check}: {values.max():.1g} at most, {numpy.nansum(mine['decisions_changed']):g} decisions")
    return Text("Controls, which must hold to rounding (largest difference of a logit, decisions changed at .5): "
                + "; ".join(told) + ".") if told else None


def swap(ctx):
    section = Section("swap", "The operator by itself")
    parts, changes = ctx.base("swap_parts"), ctx.base("swap_change")
    if not len(changes):
        return section.add(Missing("No network was run with another operator in this comparison (--no-swap, or its images are gone)."))
    section.add(Text("All operators share all parameters, so a network trained with one can be run with another. What changes then is the "
                     "operator's doing; the rest of a difference between two variants is what training made of it. The two parts add up "
                     "to the difference exactly."), slopes_text(ctx))
    panels = [panel for panel in (parts_panel(ctx, parts, *shown) for shown in SHOWN) if panel]
    if panels:
        section.add(Figure("Each difference between two variants, and its two parts: the operator's (same weights, other operator, mean of "
                           "both orders) and training's (same operator, other weights). 95% intervals for new seeds and new subjects.", panels))
    doses = ctx.base("swap_dose")
    panels = [panel for panel in (dose_panel(ctx, doses, *shown) for shown in SHOWN[:2]) if panel]
    if panels:
        section.add(Figure("The same weights run with power means over 2x2, from the average (p = 1) to the maximum (p = ∞).", panels))
    panels = [panel for panel in (change_panel(ctx, changes, *shown) for shown in SHOWN[:2]) if panel]
    section.add(Figure("Each network run with the other operators, minus the run with its own.", panels))
    shown = changes.where(split="test", rule=["", "half"])
    return section.add(not_estimable(ctx, shown), changes_grid(ctx, changes), control_text(ctx.table("swap_control")))
