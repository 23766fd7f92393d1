"""All verdicts as a table to sort and filter, the original's claims, and the original's table beside ours."""

import math

import original
import words
from document import Figure, Grid, Missing, Points, Section, Text
from rows import Row, draw_rows, height_of
from context import row_words
from in_short import DECIDED, in_short

MARKS = {"supported": "good", "contradicted": "bad", "cannot tell": "open", "not estimable": "open"}


# Groups of questions, by the first word of theirs that a question holds.
GROUPS = [("Generalization", ("AUC", "accuracy", "gap", "F1")), ("Limited data", ("training images",)), ("Noisy labels", ("label noise",)),
          ("The operator by itself", ("same weights", "what training made")), ("Decision bias", ("sensitivity", "specificity", "called positive", "false positive", "false negative")),
          ("Calibration", ("Brier", "calibration", "Calibration")), ("Shift consistency", ("shift",)),
          ("Latency", ("latency", "Latency", "slowdown", "load")), ("Other questions", ("",))]


def is_of_fewer(ctx, row):
    """A verdict on networks trained on fewer images than the most."""
    return row.get("train_images", "all") not in ("all", ctx.base_size)


def group_of(ctx, row):
    if is_of_fewer(ctx, row) or "training images" in row["question"]:
        return "Limited data"
    if row["noise"] > 0:
        return "Noisy labels"
    asked = ("Noisy labels", "The operator by itself", "Shift consistency", "Latency", "Calibration", "Decision bias", "Generalization")
    words_of = dict(GROUPS)
    return next((name for name in asked if any(word in row["question"] for word in words_of[name])), "Other questions")


def sentence_of(ctx, row):
    """The verdict's sentence with a full stop; a capital where it does not begin with a variant's name."""
    text = row["sentence"].rstrip(".") + "."
    return text if text.split(" ")[0] in ctx.variants else text[:1].upper() + text[1:]


def found(ctx):
    section = Section("found", "Every comparison")
    rows = list(ctx.results.table("verdicts").rows())
    if not rows:
        return section
    section.add(Points(in_short(ctx, [row for row in rows if not is_of_fewer(ctx, row)])))
    section.add(Text(f"Each sentence has the {100 * ctx.results.confidence:g}% interval of that comparison alone, and its p after Holm's "
                     "correction for all comparisons of its question: an interval may leave out 0 where the corrected p cannot tell."))
    section.add(*missing_topics(ctx, rows))
    order = [name for name, _ in GROUPS]
    rows.sort(key=lambda row: (order.index(group_of(ctx, row)), row["verdict"] not in DECIDED))
    shown = [[group_of(ctx, row), row["comparison"], (row["verdict"], MARKS.get(row["verdict"], "firm" if row["verdict"] in DECIDED else "open")),
              words.p_value(row["p"]), words.p_value(row["p_holm"]), sentence_of(ctx, row)] for row in rows]
    decided = sum(row["verdict"] in DECIDED for row in rows)
    return section.add(Grid(f"{decided} of {words.count(len(rows), 'comparison')} decided", ["topic", "comparison", "verdict", "p alone",
                                                                                           "p corrected", "in words"], shown, sortable=True))


def missing_topics(ctx, rows):
    """Topics of which nothing was judged."""
    there = {group_of(ctx, row) for row in rows}
    if "Noisy labels" not in there:
        yield Missing("Noisy labels: no comparison of theirs was judged." if ctx.noises[-1][0] else
                      "Noisy labels: not part of this comparison (--label-noise 0).")
    if "Latency" not in there:
        yield Missing("Latency: no comparison was judged." if len(ctx.table("latency")) else "Latency: not measured in this comparison.")


def claims_text(table):
    verdicts = list(table["verdict"])
    told = [f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)]
    return f"Of {words.count(len(verdicts), 'claim')} of the original study: {words.listing(told)}."


def claims(ctx):
    section = Section("claims", "Claims of the original study")
    table = ctx.table("claims")
    if not len(table):
        lacking = [name for name in ("avgpool", "maxpool", "strided") if name not in ctx.variants]
        return section.add(Missing(f"No claims were judged: they are about avgpool, maxpool and strided; {words.listing(lacking)} "
                                   "not in this comparison." if lacking else
                                   f"{ctx.results.file.name} holds no judged claims: `study report` on the folder writes them."))
    rows = [[(row["verdict"], MARKS.get(row["verdict"], "open")), row["claim"], row["measurement"]] for row in table.rows()]
    section.add(Text(claims_text(table)), Grid("Verdict, claim, our measurement", ["verdict", "claim", "our measurement"], rows, sortable=True))
    rows = [[row["claim"], row.get("how_decided", ""), row.get("repeat_with", "")] for row in table.rows()]
    return section.add(Grid("How each verdict follows from the measurement, and the command that repeats it",
                            ["claim", "how decided", "repeat with"], rows, folded=True))


def headline_rows(ctx):
    """[(variant, {column: row})] in the study's order."""
    table = ctx.table("headline")
    return [(variant, {row["column"]: row for row in table.where(variant=variant).rows()})
            for variant in ctx.ordered(table)]


def headline_grid(ctx):
    found_rows = headline_rows(ctx)
    present = [c for c in original.COLUMNS if any(c in columns for _, columns in found_rows)]
    rows = []
    for variant, columns in found_rows:
        ours, theirs = [ctx.marked(variant), "ours"], ["", "original"]
        for name in present:
            row = columns.get(name)
            digits = original.digits(name)
            ours.append(words.interval(row, digits) if row else "n/a")
            theirs.append(words.number(row["original"], digits) if row else "n/a")
        rows.append(ours)
        if any(text != "n/a" for text in theirs[2:]):
            rows.append(theirs)
    note = f"{words.count(len(ctx.seeds), 'seed')}, {ctx.base_words}; our times: {ctx.engine_words}. {original.HOW}"
    return Grid("The original's table beside ours", ["variant", ""] + [original.COLUMNS[c] for c in present], rows, note)


def headline(ctx):
    section = Section("headline", "Beside the original's numbers")
    found_rows = headline_rows(ctx)
    if not found_rows:
        return section.add(Missing("No headline figures in this comparison."))
    section.add(headline_grid(ctx))
    groups = []
    for name in ("val_auc", "f1", "precision", "recall", "val_accuracy"):
        rows = [Row(variant, columns[name]["value"], columns[name]["low"], columns[name]["high"],
                    columns[name]["not_estimable"], variant, columns[name]["original"])
                for variant, columns in found_rows if name in columns]
        if rows:
            groups.append((original.COLUMNS[name], rows))
    with ctx.canvas.panel("model_comparison", "Model comparison on test", height_of(groups) + .2) as (panel, axes):
        draw_rows(axes, groups, row_words(3), bars=True, limits=(0, 1.02))
        axes.set_xlabel("value; diamond: the original's")
    return section.add(Figure("Bar and point: our mean over seeds, with its 95% interval for new seeds and new subjects; "
                              "hollow diamond: what the original reported from one seed.", [panel]))
