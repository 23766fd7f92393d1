"""How well each variant ranks new images: curves per variant, splits against each other, seeds against images."""

import math

import numpy

import words
from context import estimate_row, not_estimable, pair_name, points_words, row_words
from document import Figure, Grid, Missing, Section
from rows import Row, draw_rows, height_of
from style import GREY, INK, key_above, look, points


def confusion_panel(ctx, variant):
    table = ctx.base("confusion").where(variant=variant, rule="youden")
    if not len(table):
        return None
    rows = [[table["tn"], table["fp"]], [table["fn"], table["tp"]]]
    with ctx.canvas.panel(f"confusion_{variant}", f"{variant}: confusion", 3.2, 3.7) as (panel, axes):
        shares = numpy.array([[numpy.mean(c) / max(1e-9, sum(numpy.mean(x) for x in row)) for c in row] for row in rows])
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
        for i, row in enumerate(rows):
            for j, counts in enumerate(row):
                spread = f"\n{counts.min():g} to {counts.max():g}" if len(counts) > 1 else ""
                axes.text(j, i, f"{float(f'{numpy.mean(counts):.1f}'):g}\n{100 * shares[i, j]:.0f}%{spread}",
                          ha="center", va="center", color="white" if shares[i, j] > .6 else INK, fontsize=10.5)
        axes.set_xticks([0, 1], [f"{ctx.results.negative.lower()}", f"{ctx.results.positive.lower()}"])
        axes.set_yticks([0, 1], [ctx.results.negative.lower(), ctx.results.positive.lower()], rotation=90, va="center")
        axes.set_xlabel("decision (Youden threshold from val)")
        axes.set_ylabel("truth")
        axes.grid(False)
    return panel


def curve_panel(ctx, variant, kind):
    """ROC or precision-recall: every seed, their mean, and where the frozen thresholds fall."""
    x, y = ("false_positive_rate", "true_positive_rate") if kind == "roc" else ("recall", "precision")
    curves, mean = ctx.base(kind).where(variant=variant), ctx.base(f"{kind}_mean").where(variant=variant)
    if not len(curves) and not len(mean):
        return None
    color, marker, line = look(variant)
    title = "ROC" if kind == "roc" else "precision and recall"
    with ctx.canvas.panel(f"{kind}_{variant}", f"{variant}: {title}", 3.2, 3.7) as (panel, axes):
        for seed in curves.distinct("seed"):
            one = curves.where(seed=seed)
            axes.plot(one[x], one[y], color=color, linewidth=.8, alpha=.45)
        axes.plot(mean[x] if len(mean) else [], mean[y] if len(mean) else [], color=color, linewidth=2.2)
        points = ctx.base("confusion").where(variant=variant, rule="youden")
        if len(points):
            sensitivity = points["tp"] / numpy.maximum(points["tp"] + points["fn"], 1)
            across = (points["fp"] / numpy.maximum(points["fp"] + points["tn"], 1) if kind == "roc" else sensitivity)
            up = sensitivity if kind == "roc" else points["tp"] / numpy.maximum(points["tp"] + points["fp"], 1)
            axes.plot(across, up, marker, color="white", markeredgecolor=INK, markersize=6, linestyle="")
        if kind == "roc":
            axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        elif len(points):
            axes.axhline(points["prevalence"][0], color=GREY, linewidth=1, linestyle=":")
        area = ctx.base("generalization").first(variant=variant, split="test", metric="auc" if kind == "roc" else "pr_auc")
        if area:
            axes.text(.97, .05, f"{'AUC' if kind == 'roc' else 'PR-AUC'}\n" + words.interval(area).replace(" (", "\n("),
                      transform=axes.transAxes, ha="right", va="bottom", fontsize=10)
        axes.set_xlabel("false positive rate (1 - specificity)" if kind == "roc" else "recall (sensitivity)")
        axes.set_ylabel("true positive rate" if kind == "roc" else "precision")
        axes.set_xlim(-.01, 1.01)
        axes.set_ylim(0, 1.02)
    return panel


def all_roc_panel(ctx):
    table = ctx.base("roc_mean")
    if not len(table):
        return None
    with ctx.canvas.panel("roc_all", "Mean ROC of all variants on test", 3.6) as (panel, axes):
        for variant in ctx.ordered(table):
            color, _, line = look(variant)
            mine = table.where(variant=variant)
            axes.fill_between(mine["false_positive_rate"], mine["lowest"], mine["highest"], color=color, alpha=.12, linewidth=0)
            axes.plot(mine["false_positive_rate"], mine["true_positive_rate"], color=color, linestyle=line, label=variant)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        axes.set_xlabel("false positive rate")
        axes.set_ylabel("true positive rate")
        key_above(axes)
    return panel


def splits_panel(ctx):
    table = ctx.base("generalization")
    groups = []
    for split in ("train", "val", "test"):
        groups.append((f"{split} AUC", [estimate_row(row) for v in ctx.variants
                                        for row in table.where(variant=v, split=split, metric="auc").rows()]))
    groups = [group for group in groups if group[1]]
    if not groups:
        return None
    with ctx.canvas.panel("auc_by_split", "AUC on each split", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, row_words(3))
        axes.set_xlabel("AUC")
    return panel


def gap_panel(ctx, metric):
    table = ctx.base("gap").where(metric=metric)
    groups = [(gap.replace("-", " minus "), [estimate_row(row) for v in ctx.variants
                                             for row in table.where(gap=gap, variant=v).rows()])
              for gap in table.distinct("gap")]
    if not groups:
        return None
    with ctx.canvas.panel(f"gap_{metric}", f"Generalization gap in {words.metric(metric)}", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, points_words, zero=0)
        points(axes.xaxis)
        axes.set_xlabel("points; right of 0: the first split is better")
    return panel


def difference_panel(ctx, name, title, table, keys):
    """Paired differences a - b: keys are (heading, conditions)."""
    groups = [(heading, [estimate_row(row, pair_name(row), row["variant_a"]) for row in table.where(**wanted).rows()])
              for heading, wanted in keys]
    groups = [group for group in groups if group[1]]
    if not groups:
        return None
    with ctx.canvas.panel(name, title, height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, points_words, zero=0)
        points(axes.xaxis)
        axes.set_xlabel("difference in points, paired by seed and image")
    return panel


def seeds_panel(ctx, heading, over, single, conditions):
    """Each seed as a tick, the interval for new seeds on these images beside the one for new subjects as well."""
    over, single = ctx.base(over).where(**conditions), ctx.base(single).where(**conditions)
    rows = []
    for row in over.rows():
        dots = [v for v in single.where(variant=row["variant"])["value"] if math.isfinite(v)] if len(single) else []
        rows.append(estimate_row(row, dots=tuple(dots), inner=(row["low_these_images"], row["high_these_images"])))
    rows.sort(key=lambda r: ctx.variants.index(r.variant))
    if not rows:
        return None
    with ctx.canvas.panel(f"seeds_{conditions['metric']}", f"Every seed: {heading}", height_of([("", rows)])) as (panel, axes):
        draw_rows(axes, [("", rows)], row_words(3))
        axes.set_xlabel(f"{heading} on test")
    return panel


def spread_panel(ctx, wanted):
    groups = []
    for heading, over, _, conditions in wanted:
        table = ctx.base(over).where(**conditions)
        rows = []
        for variant in ctx.ordered(table):
            row = table.first(variant=variant)
            rows += [Row(f"{variant}, seeds", row["seed_sd"], math.nan, math.nan, "", variant),
                     Row("images", row["image_sd"], math.nan, math.nan, "", variant, hollow=True)]
        if rows:
            groups.append((heading, rows))
    if not groups:
        return None
    with ctx.canvas.panel("spread_parts", "Spread over seeds, and over images", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, lambda row: f"{100 * row.value:.1f}", bars=True)
        axes.set_xlim(left=0)
        points(axes.xaxis)
        axes.set_xlabel("standard deviation in points")
    return panel


SPREAD = [("AUC", "generalization", "generalization_seed", {"split": "test", "metric": "auc"}),
          ("sensitivity (Youden)", "decision", "decision_seed", {"rule": "youden", "metric": "sensitivity"}),
          ("specificity (Youden)", "decision", "decision_seed", {"rule": "youden", "metric": "specificity"})]


def delong_grid(ctx):
    table = ctx.base("auc_delong").where(split="test")
    if not len(table):
        return None
    rows = [[f"{row['seed']:g}", ctx.marked(pair_name(row), row["seed"]), words.interval(row, 2, scale=100), words.p_value(row["p"])]
            for row in table.rows()]
    return Grid("Paired DeLong test of each seed alone: difference in test AUC, in points",
                ["seed", "a - b", "difference", "p, uncorrected"], rows, folded=True)


def generalization(ctx):
    section = Section("generalization", "Generalization")
    found = []
    for variant in ctx.variants:
        panels = [confusion_panel(ctx, variant), curve_panel(ctx, variant, "roc"), curve_panel(ctx, variant, "pr")]
        found += [panel for panel in panels if panel]
        if not any(panels):
            section.add(Missing(f"{variant}: no curves, {why_none(ctx, variant)}."))
    if found:
        panels = [all_roc_panel(ctx), splits_panel(ctx), gap_panel(ctx, "auc"),
                  difference_panel(ctx, "auc_difference", "Paired differences in AUC", ctx.base("generalization_difference"),
                                   [(s, {"split": s, "metric": "auc"}) for s in ("val", "test")])]
        section.add(Figure("Bands: lowest and highest seed; points with 95% intervals for new seeds and new subjects. A "
                           "difference whose interval holds 0 may be none.", [p for p in panels if p]))
        section.add(Figure("Per variant: mean counts over seeds with their range (the two shares of a row add up to 100%); ROC and "
                           "precision against recall, thin: one seed each, thick: their mean; marks: where each seed's threshold, "
                           "frozen on val, falls.", found))
        panels = [seeds_panel(ctx, *shown) for shown in SPREAD] + [spread_panel(ctx, SPREAD), gap_panel(ctx, "accuracy")]
        section.add(Figure("Ticks: single seeds; thick pale bar: interval for new seeds on these images; thin: for new seeds and new "
                           "subjects. Spread: filled, what the seed does; hollow, what another draw of subjects would do to one seed.",
                           [p for p in panels if p]))
    section.add(not_estimable(ctx, ctx.base("generalization"), ctx.base("generalization_difference")))
    return section.add(generalization_grid(ctx), delong_grid(ctx))


def why_none(ctx, variant):
    row = ctx.base("generalization").first(variant=variant, split="test", metric="auc")
    return "not estimable: " + row["not_estimable"] if row and row["not_estimable"] else "none were written"


def generalization_grid(ctx):
    table = ctx.base("generalization")
    if not len(table):
        return Missing("No figures of generalization in this comparison.")
    metrics = table.distinct("metric")
    rows = [[variant, split] + [words.interval(row, 3) if row else "n/a" for row in
                                (table.first(variant=variant, split=split, metric=m) for m in metrics)]
            for variant in ctx.ordered(table) for split in table.distinct("split")]
    return Grid(f"Means over seeds with 95% intervals, {ctx.base_words}",
                ["variant", "split"] + [words.metric(m) for m in metrics], rows, folded=True)
