"""What was trained on what: images, cells, and the curves of every seed."""

import numpy

import words
from document import Figure, Grid, Missing, Section
from style import key_above, look, percent

CURVES = [("val_auc", "val AUC", False), ("val_loss", "val loss", False), ("val_accuracy", "val accuracy at probability .5", True),
          ("train_loss", "train loss (while the weights move)", False)]


def curve_panel(ctx, table, column, label, is_share):
    with ctx.canvas.panel(f"epochs_{column}", label) as (panel, axes):
        for variant in ctx.ordered(table):
            color, marker, line = look(variant)
            mine = table.where(variant=variant)
            for seed in mine.distinct("seed"):
                one = mine.where(seed=seed)
                axes.plot(one["epoch"], one[column], color=color, linewidth=.7, alpha=.4)
            epochs = sorted(set(mine["epoch"]))
            means = [numpy.nanmean(mine.where(epoch=epoch)[column]) if numpy.isfinite(
                mine.where(epoch=epoch)[column]).any() else numpy.nan for epoch in epochs]
            axes.plot(epochs, means, color=color, linestyle=line, marker=marker, markersize=5, label=variant)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        axes.set_ylabel(label.split(" (")[0])
        if is_share:
            percent(axes.yaxis)
        key_above(axes)
    return panel


def training(ctx):
    section = Section("training", "What was trained, and how it went")
    images = ctx.table("images")
    if len(images):
        rows = [[row["split"], row["class"], f"{row['images']:,.0f}", f"{row['subjects']:,.0f}"]
                for row in images.where(seed=images["seed"][0]).rows()]
        section.add(Grid(f"Images, seed {images['seed'][0]:g}", ["split", "class", "images", "subjects"], rows,
                         ctx.results.data))
    epochs = ctx.base("epochs")
    if len(epochs):
        panels = [curve_panel(ctx, epochs, *curve) for curve in CURVES if curve[0] in epochs]
        section.add(Figure(f"Thin lines: one seed each; thick: their mean ({ctx.base_words}). The checkpoint with the "
                           "highest val AUC is the one judged everywhere below.", panels))
    else:
        section.add(Missing("No curves over epochs in this comparison."))
    cells = ctx.table("cells")
    rows = [[row["variant"] + words.mark(row), f"{row['seed']:g}", words.noise_name(row["noise_kind"], row["noise"]),
             f"{row['best_epoch']:g} of {row['epochs']:g}", f"{row['wrong_labels']:,.0f}", f"{row['training_s']:,.0f}"]
            for row in cells.rows()]
    section.add(Grid(words.count(len(cells), "cell"), ["variant", "seed", "labels", "best epoch", "wrong labels", "training s"],
                     rows, folded=True))
    if ctx.cells.unreadable:
        section.add(Missing("Not read: " + "; ".join(ctx.cells.unreadable) + ". What needs the cells' own files (plans, "
                            "step times, commands) is without them."))
    return section
