"""Which way each variant errs at thresholds that were frozen on val: misses against false alarms."""

import math

import numpy

import words
from context import estimate_row, not_estimable, pair_name, percent_words
from document import Figure, Grid, Missing, Section, Text
from part_generalization import difference_panel
from rows import draw_rows, height_of
from style import VERMILLION, percent

TOLD = ("sensitivity", "specificity", "false_positive_rate", "false_negative_rate", "ppv", "npv",
        "predicted_positive_rate", "excess_positive")


def rules_panel(ctx, metric, title, prevalence=None):
    table = ctx.base("decision").where(metric=metric)
    groups = [(ctx.rule(rule), [estimate_row(row) for v in ctx.variants for row in table.where(rule=rule, variant=v).rows()])
              for rule in table.distinct("rule")]
    groups = [group for group in groups if group[1]]
    if not groups:
        return None
    with ctx.canvas.panel(f"decision_{metric}", title, height_of(groups) + .1) as (panel, axes):
        draw_rows(axes, groups, percent_words)
        percent(axes.xaxis)
        axes.set_xlabel(words.metric(metric) + " on test")
        if prevalence is not None:
            axes.axvline(prevalence, color=VERMILLION, linestyle="--", linewidth=1.4, zorder=1)
            axes.set_xlabel(f"called positive on test; dashed: truly positive, {100 * prevalence:.1f}%")
    return panel


def thresholds_text(ctx):
    table = ctx.base("thresholds")
    lines = []
    for rule in table.distinct("rule"):
        parts = []
        for variant in ctx.ordered(table):
            mine = table.where(rule=rule, variant=variant)
            values = mine["probability"][numpy.isfinite(mine["probability"])]
            parts.append("not estimable: " + "; ".join(r for r in mine.distinct("not_estimable") if r) if not len(values) else
                         f"{values[0]:.3f}" if values.min() == values.max() else f"{values.min():.3f} to {values.max():.3f}")
        lines.append([ctx.rule(rule)] + parts)
    return Grid("Thresholds from val, as probabilities, lowest to highest over seeds", ["rule"] + [ctx.marked(variant) for variant in ctx.ordered(table)],
                lines) if lines else None


def mcnemar_grid(ctx):
    table = ctx.base("mcnemar")
    if not len(table):
        return None
    rows = [[f"{row['seed']:g}", ctx.marked(pair_name(row), row["seed"]), ctx.rule(row["rule"]), row["on"], f"{row['both']:g}",
             f"{row['a_only']:g}", f"{row['b_only']:g}", f"{row['neither']:g}",
             row.get("not_estimable") or words.p_value(row["p"])] for row in table.rows()]
    return Grid("McNemar's exact test, seed by seed: test images called positive by both, by one, by neither",
                ["seed", "a - b", "threshold", "on", "both", "a only", "b only", "neither", "p, uncorrected"], rows, folded=True)


def decision_grid(ctx):
    table = ctx.base("decision")
    rows = [[ctx.rule(rule), variant] + [words.interval(row, 3) if row else "n/a" for row in
                                          (table.first(rule=rule, variant=variant, metric=m) for m in TOLD)]
            for rule in table.distinct("rule") for variant in ctx.ordered(table)]
    return Grid(f"Decisions on test, means over seeds with 95% intervals, {ctx.base_words}",
                ["threshold", "variant"] + [words.metric(m) for m in TOLD], rows, folded=True)


def decisions(ctx):
    section = Section("decisions", "Decision bias")
    if not len(ctx.base("decision")):
        return section.add(Missing("No decisions in this comparison."))
    prevalence = ctx.base("confusion")["prevalence"]
    prevalence = float(numpy.nanmean(prevalence)) if len(prevalence) and not all(map(math.isnan, prevalence)) else None
    section.add(Text(f"Positive is {ctx.results.positive}. Every threshold is chosen on val and then frozen; test plays no "
                     "part in it."))
    panels = [rules_panel(ctx, "sensitivity", "Sensitivity: positives found"),
              rules_panel(ctx, "specificity", "Specificity: negatives left alone"),
              rules_panel(ctx, "predicted_positive_rate", "Called positive, and truly positive", prevalence)]
    section.add(Figure("Right of the dashed line a variant calls more images positive than there are: it errs towards false "
                       "alarms. All intervals are 95%, for new seeds and new subjects.", [p for p in panels if p]))
    rules = ctx.base("decision_difference").distinct("rule")
    panels = [difference_panel(ctx, f"difference_{metric}", f"Paired differences in {words.metric(metric)}", ctx.base("decision_difference"),
                               [(ctx.rule(rule), {"rule": rule, "metric": metric}) for rule in rules])
              for metric in ("sensitivity", "specificity", "predicted_positive_rate")]
    panels = [p for p in panels if p]
    section.add(not_estimable(ctx, ctx.base("decision").where(metric=list(TOLD)), ctx.base("decision_difference").where(
        metric=["sensitivity", "specificity", "predicted_positive_rate"])))
    if panels:
        section.add(Figure("Points right of 0: the first variant's figure is higher; an interval that holds 0 is compatible "
                           "with no difference (uncorrected; the verdicts above are corrected).", panels))
    else:
        section.add(Missing("No paired differences: fewer than two variants share a seed."))
    return section.add(thresholds_text(ctx), decision_grid(ctx), disagreement_grid(ctx), mcnemar_grid(ctx))


def disagreement_grid(ctx):
    table = ctx.base("disagreement")
    if not len(table):
        return None
    rows = [[pair_name(row), ctx.rule(row["rule"]), words.interval(row, 1, scale=100)] for row in table.rows()]
    return Grid("Test images that two variants decide differently, in %", ["a - b", "threshold", "share"], rows, folded=True)
