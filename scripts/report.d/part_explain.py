"""Why the latencies differ, from `study explain`: its parts, each with the experiment that shows it."""


import numpy

import words
from document import Figure, Grid, Missing, Points, Quote, Section
from rows import Row, draw_rows, height_of
from style import BLUE, GREEN, GREY, INK, ORANGE, SKY, key_above, look, plain

PART_NAMES = {"convolution": "convolution work", "traffic": "moving the image", "operator": "the pooling itself",
              "arithmetic": "stays when the input lies in a cache"}
PART_COLORS = {"convolution work": BLUE, "moving the image": ORANGE, "the pooling itself": GREEN, "traffic": ORANGE,
               "arithmetic": GREEN, "in no part": GREY}
FIRST = ("account", "whole", "factorial", "strips", "working_set", "prediction", "original")  # the others are shown on demand
SHOWN_CAUSES = 6  # of the account, which has some twenty lines


def factorial_panels(ctx, experiment):
    """For each pair: the blocks' differences as stacked parts with intervals."""
    panels = []
    pairs = dict.fromkeys(f["id"].split("/")[1] for f in experiment.findings if f["id"].count("/") == 3)
    for pair in pairs:
        groups = []
        for block in dict.fromkeys(f["id"].split("/")[2] for f in experiment.findings if f["id"].startswith(
                f"factorial/{pair}/block")):
            total = experiment.finding(f"factorial/{pair}/{block}")
            rows = [finding_row(total, "in all")] if total else []
            for part in ("convolution", "traffic", "operator"):
                finding = experiment.finding(f"factorial/{pair}/{block}/{part}")
                if finding:
                    rows.append(finding_row(finding, PART_NAMES[part]))
            groups.append((block, rows))
        network, rest = (experiment.finding(f"factorial/{pair}/{name}") for name in ("network", "residual"))
        if network and rest:
            groups.append(("whole networks", [finding_row(network, "in all"), finding_row(rest, "in no part")]))
        with ctx.canvas.panel(f"explain_parts_{pair}", f"{pair.replace('-', ' minus ')}: parts", height_of(groups)) as (panel, axes):
            draw_rows(axes, groups, ms_words, zero=0, bars=True)
            axes.set_xlabel("ms per batch")
        panels.append(panel)
    return panels


def finding_row(finding, name):
    return Row(name, finding["value"], finding["low"], finding["high"], color=PART_COLORS.get(name, ""))


def ms_words(row):
    return f"{row.value:.2f} ({row.low:.2f} to {row.high:.2f})"


def strips_panel(ctx, experiment):
    groups = []
    for finding in experiment.findings:
        words_of = finding["id"].split("/")
        if len(words_of) == 4 and words_of[3] == "traffic":
            stays = experiment.finding("/".join(words_of[:3] + ["arithmetic"]))
            groups.append((f"{words_of[1]} {words_of[2]}", [finding_row(finding, "traffic")]
                           + ([finding_row(stays, "arithmetic")] if stays else [])))
    if not groups:
        return None
    with ctx.canvas.panel("explain_strips", "Pooling: what vanishes near a cache, and what stays", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, ms_words, bars=True)
        axes.set_xlim(left=0)
        axes.set_xlabel("ms per batch")
    return panel


def look_of(table):
    """Of "block2_maxpool": the variant's colour and marker; dashed and hollow for every block but the first."""
    block, _, work = table.name.partition("_")
    color, marker, _ = (INK, "o", "-") if work == "convolution" else look(work)
    first = block == "block1"
    return {"color": color, "marker": marker, "linestyle": "-" if first else "--", "label": f"{block} {work}",
            "markerfacecolor": color if first else "white"}


def strips_curve(ctx, experiment):
    """Time of the operator by the cache that still holds its input."""
    tables = [table for name, table in experiment.tables.items() if name != "counters" and "fits" in table]
    if not tables:
        return None
    with ctx.canvas.panel("explain_strips_levels", "Pooling by where its input lies", 3.4) as (panel, axes):
        for i, table in enumerate(tables):
            x = numpy.arange(len(table)) + .06 * (i - (len(tables) - 1) / 2)
            axes.errorbar(x, table["operator"], yerr=[table["operator"] - table["low"], table["high"] - table["operator"]],
                          capsize=3, **look_of(table))
            axes.set_xticks(range(len(table)), [{"all images": "all images"}.get(fit, f"in {fit}") for fit in table["fits"]])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("operator, ms per batch")
        axes.set_xlabel("strips whose intermediate image fits")
        key_above(axes, 2)
    return panel


def working_set_panels(ctx, experiment):
    panels = []
    caches = ctx.explained.cache_mb()
    tables = {name: table for name, table in experiment.tables.items() if "touched" in table}
    for kind in dict.fromkeys("convolution" if name.endswith("convolution") else "operator" for name in tables):
        chosen = [t for n, t in tables.items() if n.endswith("convolution") == (kind == "convolution")]
        title = "Convolution: ns per pixel" if kind == "convolution" else "Pooling: ns per pixel"
        with ctx.canvas.panel(f"explain_working_set_{kind}", title, 3.7) as (panel, axes):
            for table in chosen:
                shown = look_of(table)
                axes.fill_between(table["touched"], table["low"], table["high"], color=shown["color"], alpha=.25, linewidth=0)
                axes.plot(table["touched"], table["per output pixel"], markersize=4.5, **shown)
            axes.set_xscale("log")
            axes.set_yscale("log")
            plain(axes.xaxis)
            plain(axes.yaxis)
            axes.yaxis.set_minor_formatter(lambda v, _: f"{v:g}" if str(f"{v:e}")[0] in "25" else "")
            for level, size in caches.items():
                axes.axvline(size, color=GREY, linestyle="--", linewidth=1)
                axes.text(size, 1, f"{level} ", transform=axes.get_xaxis_transform(), ha="right", va="top", color=INK, fontsize=9)
            axes.set_xlabel("MB touched (one thread)")
            axes.set_ylabel("ns per output pixel")
            key_above(axes, 2)
        panels.append(panel)
    return panels


def prediction_panels(ctx, experiment):
    panels = []
    for name, table in experiment.tables.items():
        if "predicted" not in table:
            continue
        most = max(max(table["measured"]), max(table["predicted"]))
        shown = [row for row in table.rows() if row["measured"] > .02 * most]
        with ctx.canvas.panel(f"explain_prediction_{name}", f"{name}: measured and predicted", 1.5 + .5 * len(shown)) as (
                panel, axes):
            bars = (("measured", -.22, .34, look(name)[0], ""), ("predicted", .05, .18, GREY, ""),
                    ("arithmetic", .21, .12, ORANGE, ""), ("traffic", .35, .12, SKY, "////"))
            for column, shift, height, color, hatch in bars:
                axes.barh([y + shift for y in range(len(shown))], [row[column] for row in shown], height=height, color=color,
                          hatch=hatch, edgecolor="white" if hatch else "none", linewidth=0, label=column)
            for y, row in enumerate(shown):
                axes.text(row["measured"] + .01 * most, y - .22, f" {row['ratio']:.2f} times", va="center", fontsize=9)
            axes.set_yticks(range(len(shown)), [row["step"] for row in shown])
            axes.invert_yaxis()
            axes.grid(axis="y", visible=False)
            axes.set_xlim(0, 1.22 * most)
            axes.set_xlabel("ms per batch; words: measured / predicted")
            key_above(axes, 2)
        panels.append(panel)
    return panels


def original_panels(ctx, experiment):
    """Time of maximum over time of average: our operators, and other libraries where they were measured."""
    rows = {}
    for name in ("operators", "peers"):
        for row in experiment.tables[name].rows() if name in experiment.tables else ():
            work = row.get("work") or f"{row['shape']}: the operator alone"
            rows.setdefault(work, []).append(Row(row.get("library", "ours").replace(" f32", ""), row["ratio"], row["low"], row["high"]))
    if not rows:
        return []
    groups = list(rows.items())
    with ctx.canvas.panel("explain_original", "Maximum against average pooling", height_of(groups)) as (panel, axes):
        draw_rows(axes, groups, ms_words, zero=1)
        axes.set_xlabel("time with maximum / time with average")
    return [panel]


def figure_of(ctx, name, experiment):
    if name == "factorial":
        return Figure("Each bar is one part of the difference with its 95% interval; the parts of a block add up to it, and "
                      "what is in no part is shown as such.", factorial_panels(ctx, experiment))
    if name == "strips":
        return Figure("What vanishes when the input still lies in a cache speaks for memory traffic, what stays for arithmetic, loads "
                      "from that cache and calls; the account above holds both against the other experiments.", [p for p in (strips_panel(ctx, experiment), strips_curve(ctx, experiment)) if p])
    if name == "working_set":
        return Figure("Dashed: the size of one cache, as the system names it. A rise speaks for memory traffic; a flat curve against "
                      "it.", working_set_panels(ctx, experiment))
    if name == "prediction":
        return Figure("Thin bars: time for the arithmetic at the measured peak, and for the traffic at the measured bandwidths; a "
                      "measured bar far beyond the predicted one is what this model does not explain. Steps under 2% are left "
                      "out.", prediction_panels(ctx, experiment))
    if name == "original":
        return Figure("1: a maximum costs as much as an average; what lies right of it has a penalty of its own, in our kernels "
                      "or in another library's.", original_panels(ctx, experiment))
    return None


def table_grids(experiment):
    for table in experiment.tables.values():
        if table.name == "counters" and not any(numpy.isfinite(table[c]).any() for c in table.columns
                                                if table[c].dtype.kind == "f" and "cycles" in c):
            continue
        names = list(table.columns)
        rows = [[value if isinstance(value, str) else words.significant(value) for value in row.values()] for row in table.rows()]
        yield Grid(table.title, [f"{n} [{table.units[n]}]" if table.units.get(n) else n for n in names], rows, folded=True)


def is_of_excluded(finding):
    """What the account excludes comes after the causes that it states."""
    return finding["id"].endswith("/excluded")


def explanation(ctx):
    section = Section("why", "Why the latencies differ")
    if not ctx.explained:
        return section.add(Missing("No explanation of the latency difference: put the explain.json of `study explain` into this "
                                   "folder, or name it with --explain, and draw the page again."))
    unmeasured = [v for v in ctx.variants if v not in ctx.explained.variants]
    if unmeasured:
        section.add(Missing(f"`study explain` was run for {words.listing(ctx.explained.variants)}; {words.listing(unmeasured)} "
                            f"{'is' if len(unmeasured) == 1 else 'are'} not explained here."))
    if ctx.explained.noise:
        section.add(Missing("Rough in places, by the word of `study explain`: " + "; ".join(ctx.explained.noise) + "."))
    there = ctx.explained.experiments
    for name in [n for n in FIRST if n in there] + [n for n in there if n not in FIRST]:
        experiment = there[name]
        figure = figure_of(ctx, name, experiment)
        question = experiment.question[:1].upper() + experiment.question[1:]
        first = [f"{experiment.spread}."] if experiment.spread else []
        texts = [f["text"] for f in sorted(experiment.findings, key=is_of_excluded)]
        findings = Points(first + texts or ["no finding"], question, name not in FIRST, SHOWN_CAUSES if name == "account" else 0)
        section.add(findings, figure if figure and figure.panels else None, *table_grids(experiment))
    if ctx.explained.left_out:
        section.add(Missing("Experiments not run: " + ", ".join(ctx.explained.left_out) + "."))
    notes = list(dict.fromkeys(note for e in ctx.explained.experiments.values() for note in e.notes))
    return section.add(Points(notes, "Notes of study explain") if notes else None, Quote(ctx.explained.command))
