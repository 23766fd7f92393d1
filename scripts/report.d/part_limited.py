"""Learning curves: what each variant makes of fewer training images, and whether differences between variants grow."""

import math

import numpy

import words
from context import estimate_row, pair_name, points_words
from document import Figure, Grid, Missing, Section, Text
from rows import draw_rows, height_of
from style import key_above, look, percent, plain, points

# (name, table, the row's labels, what the axis says, shares as percent)
SHOWN = [("auc", "generalization", {"split": "test", "metric": "auc"}, "test AUC", False),
         ("gap", "gap", {"gap": "train-test", "metric": "auc"}, "AUC, train minus test", False),
         ("sensitivity", "decision", {"rule": "half", "metric": "sensitivity"}, "sensitivity at probability .5", True),
         ("specificity", "decision", {"rule": "half", "metric": "specificity"}, "specificity at probability .5", True),
         ("excess", "decision", {"rule": "half", "metric": "excess_positive"}, "called positive minus positive, at .5", True)]


def counts_of(ctx):
    """Images by size, mean over the seeds."""
    cells = ctx.results.table("cells").where(noise=0)
    return {size: float(numpy.mean(cells.where(train_images=size)["train_count"])) for size in ctx.sizes}


def curve_panel(ctx, counts, name, source, wanted, label, is_share, column="value", title=None):
    table = ctx.results.table(source).where(noise=0, **wanted)
    variants = ctx.ordered(table)
    if not variants:
        return None
    with ctx.canvas.panel(f"limited_{name}", title or f"Learning curve: {label}", 3.7) as (panel, axes):
        for place, variant in enumerate(variants):
            color, marker, line = look(variant)
            found = [(counts[size], row) for size in reversed(ctx.sizes) for row in
                     table.where(variant=variant, train_images=size).rows() if math.isfinite(row[column])]
            if not found:
                continue
            x = numpy.array([count for count, _ in found]) * 1.025 ** (place - (len(variants) - 1) / 2)
            y = [row[column] for _, row in found]
            if column == "value":
                errors = numpy.nan_to_num([[row["value"] - row["low"] for _, row in found], [row["high"] - row["value"] for _, row in found]])
                axes.errorbar(x, y, yerr=errors, color=color, marker=marker, linestyle=line, linewidth=1.2, capsize=3, label=variant)
            else:
                axes.plot(x, y, color=color, marker=marker, linestyle=line, linewidth=1.2, label=variant)
            for (_, row), at, value in zip(found, x, y):
                if row.get("not_learnt", 0) > 0:
                    axes.annotate("!", (at, value), xytext=(0, 7), textcoords="offset points", ha="center", color=color, fontweight="bold")
        axes.set_xscale("log")
        axes.set_xticks(list(counts.values()))
        axes.minorticks_off()
        plain(axes.xaxis)
        axes.set_xlabel("training images")
        axes.set_ylabel(label)
        if is_share:
            percent(axes.yaxis)
        key_above(axes)
    return panel


def interaction_panel(ctx):
    table = ctx.results.table("limited_difference")
    names = [("auc", "test AUC"), ("half/sensitivity", "sensitivity at .5"), ("half/specificity", "specificity at .5"),
             ("half/excess_positive", "excess called positive at .5"), ("gap", "AUC, train minus test")]
    groups = [(label, [estimate_row(row, pair_name(row), row["variant_a"]) for row in table.where(metric=metric).rows()])
              for metric, label in names]
    groups = [group for group in groups if group[1]]
    if not groups:
        return None
    with ctx.canvas.panel("limited_interaction", "Do differences change with the training set?", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, points_words, zero=0)
        points(axes.xaxis)
        axes.set_xlabel("change of a - b per doubling of the images, points")
    return panel


def marks(ctx):
    """Which cells have not learnt, and what to do; None when all have. Their figures bear a ! in every table and figure."""
    cells = ctx.results.table("cells")
    if "learnt" not in cells:
        return None
    mine = cells.where(learnt=0)
    if not len(mine):
        return None
    return Text(f"Marked with !: {words.count(len(mine), 'network')} of {len(cells)} that have not learnt, their training loss near "
                f"chance: {words.listing(list(mine['name'])[:12])}. Train longer before reading anything into them.")


def limited(ctx):
    section = Section("limited", "Limited data")
    section.add(marks(ctx))
    if len(ctx.sizes) < 2:
        return section.add(Missing("All networks were trained on the same number of images (--train-images 100,400,all compares sizes)."))
    counts = counts_of(ctx)
    section.add(Text("Training sets of a seed are nested, by subject, and the same for all variants; small ones are passed over more often "
                     "in an epoch, so that all sizes take as many steps. Val and test are the same for all."))
    panels = [curve_panel(ctx, counts, *shown) for shown in SHOWN]
    panels.append(curve_panel(ctx, counts, "spread", "generalization", {"split": "test", "metric": "auc"}, "standard deviation over seeds",
                              False, "observed_sd", "Spread of test AUC between seeds"))
    section.add(Figure("Means over seeds with 95% intervals for new seeds and new subjects, by the number of training images (logarithmic); "
                       "the last panel is the spread between seeds, images' share included.", [p for p in panels if p]))
    panel = interaction_panel(ctx)
    if panel:
        section.add(Figure("Left of 0: the difference a - b grows as the training set shrinks. 95% intervals, uncorrected; the verdicts are "
                           "corrected.", [panel]))
    rows = [[row.get("variant") or pair_name(row), words.metric(row["metric"]), words.interval(row, 2, scale=100), words.p_value(row["p"]),
             f"{row['seeds']:g}"] for name in ("limited", "limited_difference") for row in ctx.results.table(name).rows()]
    return section.add(Grid("Change with each doubling of the training images, in points", ["variant", "metric", "slope", "p", "seeds"],
                            rows, folded=True))
