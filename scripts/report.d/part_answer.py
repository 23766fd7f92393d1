"""The first screen: the answer in three sentences, one figure of differences with the margins that were declared, one table of
variants; then what all variants share. The sentences are the study's own (table `answer`); nothing is decided here."""

import math

import words
from context import percent_words
from document import Answer, Grid, LiveFigure, Missing, Section, Text
from in_short import in_short
from rows import Row, draw_rows, height_of
from style import PALE
from part_costs import measured
from part_limited import marks

WIDE = 5.2
# Questions of study/findings/questions.cpp, with the heading that each gets.
SHOWN = [("AUC on test", "test AUC"),
         ("specificity on test at 95% sensitivity on val", "specificity at 95% sensitivity on val"),
         ("sensitivity on test at 95% sensitivity on val", "sensitivity at 95% sensitivity on val"),
         ("images called positive, same weights", "images called positive, same weights")]


def answer(ctx):
    section = Section("answer", "")
    sentences = [row["sentence"] for row in ctx.table("answer").rows()]
    if not sentences:
        rows = list(ctx.table("verdicts").rows())
        sentences = in_short(ctx, rows) if rows else []
    section.add(Answer(sentences) if sentences else
                Missing("One variant only: there is nothing to compare." if len(ctx.variants) < 2 else
                        f"{ctx.results.file.name} holds no answer: `study report` on the folder writes it."))
    return section.add(forest(ctx), variants_grid(ctx), marks(ctx))


def forest_groups(ctx):
    """[(heading, margin in points or NaN, rows)], differences in points."""
    table = ctx.table("verdicts")
    groups = []
    for question, heading in SHOWN:
        mine = table.where(question=question, noise=ctx.base_noise) if len(table) else table
        rows = [forest_row(row, heading) for row in mine.rows() if math.isfinite(row["value"])]
        margins = [row.get("margin", math.nan) for row in mine.rows()]
        if rows:
            groups.append((heading, 100 * margins[0] if margins else math.nan, rows))
    return groups


def forest_row(row, heading):
    value, low, high = (100 * row[name] for name in ("value", "low", "high"))
    told = (f"{row['comparison']}, {heading}: {words.signed(value)} points ({words.signed(low)} to {words.signed(high)}); "
            f"{row['verdict']}")
    return Row(row["comparison"], value, low, high, "", row["comparison"].split(" ")[0], tip=told)


def margin_words(margin):
    return f", margin {margin:g} point{'' if margin == 1 else 's'}" if math.isfinite(margin) else ""


def forest(ctx):
    groups = forest_groups(ctx)
    if not groups:
        return None
    drawn = [(heading + margin_words(margin), rows) for heading, margin, rows in groups]
    with ctx.canvas.panel("forest", "Differences between variants, in points", height_of(drawn), WIDE) as (panel, axes):
        draw_rows(axes, drawn, lambda row: f"{words.signed(row.value)} ({words.signed(row.low)} to {words.signed(row.high)})", zero=0)
        places = list(axes.get_yticks())
        for _, margin, rows in groups:
            mine, places = places[:len(rows)], places[len(rows):]
            if math.isfinite(margin):
                axes.fill_betweenx([mine[0] - .45, mine[-1] + .45], -margin, margin, color=PALE, alpha=.6, linewidth=0, zorder=0)
        axes.set_xlabel("first minus second; grey band: smaller than the margin")
    return LiveFigure("Points with 95% intervals for new seeds and new subjects. An interval inside the grey band: no difference that "
                      "matters; outside it and off 0: a difference; across its edge: not decided. A pointer over a point tells its "
                      "numbers.", panel)


def variants_grid(ctx):
    columns = ["variant", "test AUC", "sensitivity", "specificity", "called positive too often", "batch of 32"]
    rows = []
    for variant in ctx.variants:
        at = {"rule": "sensitivity", "variant": variant}
        shown = [ctx.base("generalization").first(split="test", metric="auc", variant=variant),
                 *(ctx.base("decision").first(metric=metric, **at) for metric in ("sensitivity", "specificity", "excess_positive"))]
        if not any(shown):
            continue
        time = measured(ctx, variant)
        rows.append([ctx.marked(variant), words.interval(shown[0]) if shown[0] else "n/a"]
                    + [percent_of(row) for row in shown[1:3]] + [points_of(shown[3])]
                    + [f"{words.significant(time['median_ms'])} ms" if time else "not measured"])
    if not rows:
        return None
    return Grid("The variants", columns, rows, f"{words.count(len(ctx.seeds), 'seed')}, {ctx.base_words}; positive is {ctx.results.positive}. "
                "Sensitivity, specificity and the excess of positives (in points) at the threshold for 95% sensitivity on val. Time: "
                f"{ctx.engine_words}.")


def percent_of(row):
    return percent_words(Row("", row["value"], row["low"], row["high"])) + words.mark(row) if row and math.isfinite(row["value"]) else "n/a"


def points_of(row):
    if not row or not math.isfinite(row["value"]):
        return "n/a"
    return words.interval(row, form=lambda v: words.signed(100 * v))


def falls(ctx):
    """From val to test, over all variants."""
    table = ctx.base("gap").where(metric="auc", gap="val-test")
    values = sorted(100 * v for v in table["value"] if math.isfinite(v)) if len(table) else []
    if values:
        span = words.number(values[0], 1) + (f" to {words.number(values[-1], 1)}" if values[-1] - values[0] > .05 else "")
        yield f"AUC falls by {span} points from val to test, whatever the variant: the new images are another matter than the operator."


def always_wrong(ctx):
    table = ctx.base("test_images")
    if not len(table):
        return
    sets = [set(m["name"][m["wrong"] >= m["seeds"]]) for m in (table.where(variant=v) for v in ctx.ordered(table))]
    images, common = len(set(table["name"])), set.intersection(*sets)
    if common:
        yield (f"{words.count(len(common), 'test image')} of {images:,} {'is' if len(common) == 1 else 'are'} decided wrongly by every seed of "
               "every variant (listed under \"Images that are decided wrongly\"): no choice of an operator helps them.")


def shared(ctx):
    section = Section("shared", "What all variants share")
    for sentence in (*falls(ctx), *always_wrong(ctx)):
        section.add(Text(sentence))
    return section
