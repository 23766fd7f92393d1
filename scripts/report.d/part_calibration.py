"""Whether a probability means what it says."""

import math

import words
from context import estimate_row, not_estimable, row_words
from document import Figure, Grid, Missing, Section
from rows import draw_rows, height_of
from style import GREY, look


def reliability_panel(ctx, variant):
    table = ctx.base("reliability_pooled").where(variant=variant)
    if not len(table):
        return None
    color, marker, line = look(variant)
    with ctx.canvas.panel(f"reliability_{variant}", f"{variant}: reliability", 3.5, 3.7) as (panel, axes):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1.2)
        most = max(1, max(v for v in table["images"] if math.isfinite(v)))
        axes.bar((table["bin"] + .5) / 10 if table["bin"].max() <= 9 else (table["bin"] - .5) / 10, .18 * table["images"] / most,
                 width=.094, color=color, alpha=.22, linewidth=0)
        there = [row for row in table.rows() if math.isfinite(row["observed"]) and math.isfinite(row["mean_probability"])]
        for row in there:
            if math.isfinite(row["low"]) and math.isfinite(row["high"]):
                axes.plot([row["mean_probability"]] * 2, [row["low"], row["high"]], color=color, linewidth=1.6)
        axes.plot([r["mean_probability"] for r in there], [r["observed"] for r in there], color=color, marker=marker,
                  linestyle=line, linewidth=1)
        ece = ctx.base("calibration").first(variant=variant, metric="ece")
        if ece:
            axes.text(.04, .96, "ECE\n" + words.interval(ece).replace(" (", "\n("), transform=axes.transAxes, va="top",
                      fontsize=10)
        axes.set_xlim(-.01, 1.01)
        axes.set_ylim(0, 1.03)
        axes.set_xlabel("probability said, mean of bin")
        axes.set_ylabel("share truly positive")
    return panel


def summary_panel(ctx):
    table = ctx.base("calibration")
    groups = [(words.metric(m), [estimate_row(row) for v in ctx.variants for row in table.where(metric=m, variant=v).rows()])
              for m in ("brier", "ece", "slope", "in_the_large")]
    groups = [group for group in groups if group[1]]
    if not groups:
        return []
    panels = []
    for name, title, chosen in (("calibration_error", "Brier score and calibration error", groups[:2]),
                                ("calibration_line", "Calibration slope and calibration in the large", groups[2:])):
        if chosen:
            with ctx.canvas.panel(name, title, height_of(chosen)) as (panel, axes):
                draw_rows(axes, chosen, row_words(3 if name == "calibration_error" else 2),
                          zero=1 if name == "calibration_line" else None)
                axes.set_xlabel("lower is better" if name == "calibration_error" else
                                "ideal: slope 1 (line), in the large 0, in log-odds")
            panels.append(panel)
    return panels


def calibration(ctx):
    section = Section("calibration", "Calibration")
    if not len(ctx.base("calibration")):
        return section.add(Missing("No calibration in this comparison."))
    panels = [panel for panel in (reliability_panel(ctx, v) for v in ctx.variants) if panel]
    if panels:
        section.add(Figure("Points below the dotted line: the variant is surer of the positive class than it should be; bars "
                           "at the bottom: where its probabilities lie; intervals by subject, all seeds together.", panels))
    else:
        section.add(Missing("No reliability curves in this comparison."))
    section.add(not_estimable(ctx, ctx.base("calibration")))
    section.add(Figure("Means over seeds with 95% intervals; a slope below 1 is overconfidence, calibration in the large below 0 too many "
                       "positives.", summary_panel(ctx)))
    table = ctx.base("calibration")
    metrics = table.distinct("metric")
    rows = [[v] + [words.interval(row, 3) if row else "n/a" for row in (table.first(variant=v, metric=m) for m in metrics)]
            for v in ctx.ordered(table)]
    return section.add(Grid("Calibration on test", ["variant"] + [words.metric(m) for m in metrics], rows, folded=True))
