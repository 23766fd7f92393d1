"""The few sentences above the list of verdicts. They count and repeat what the tables say; nothing is decided here."""

import math

import words

DECIDED = ("higher", "lower")
# The questions of study/findings/questions.cpp that the sentences are about.
AUC = "AUC on test"
BIAS = "images called positive against positives on test at probability .5"
LATENCY = "latency, batch 32, spinning"
CALLS = {"higher": ("more", "towards false alarms"), "lower": ("fewer", "towards misses")}


def in_short(ctx, rows):
    return [sentence for part in (decided, auc, latency, bias, claims) for sentence in part(ctx, rows)]


def is_pair(row):
    return " - " in row["comparison"] or " / " in row["comparison"]


def is_timing(row):
    return any(word in row["question"] for word in ("latency", "slowdown"))


def decided(_, rows):
    pairs = [row for row in rows if is_pair(row)]
    told = []
    for timing, what in ((False, "accuracy, errors, calibration and shift consistency"), (True, "latency")):
        mine = [row for row in pairs if is_timing(row) == timing]
        if mine:
            told.append(f"{sum(row['verdict'] in DECIDED for row in mine)} of {words.count(len(mine), 'comparison')} of {what}")
    if told:
        yield f"Between variants these data decide {words.listing(told)}, after correction."


def auc(ctx, rows):
    """One sentence over all noise levels."""
    table = ctx.table("generalization")
    if not len(table):
        return
    parts = []
    for noise, kind in ctx.noises:
        mine = table.where(noise=noise, noise_kind=kind, split="test", metric="auc")
        told = [f"{variant} {words.interval(mine.first(variant=variant))}" for variant in ctx.ordered(mine)]
        verdicts = {row["verdict"] for row in rows if row["question"] == AUC and (row["noise"], row["noise_kind"]) == (noise, kind)}
        alike = " (no two of them are told apart)" if verdicts and not verdicts & set(DECIDED) else ""
        if told:
            parts.append(f"with {words.noise_name(kind, noise)} {words.listing(told)}{alike}")
    if parts:
        yield f"Test AUC {'; '.join(parts)}."


def faster(row):
    """(faster, slower, factor, low, high) of a decided ratio a / b."""
    a, b = row["comparison"].split(" / ")
    if row["verdict"] == "lower":
        return a, b, 1 / row["value"], 1 / row["high"], 1 / row["low"]
    return b, a, row["value"], row["low"], row["high"]


def ratio_words(row):
    if row["verdict"] not in DECIDED:
        return f"{row['comparison'].replace(' / ', ' and ')} cannot be told apart"
    first, second, *factor = faster(row)
    shown = [words.number(value, 2 if abs(factor[0] - 1) > .05 else 3) for value in factor]
    return f"{first} is {shown[0]} ({shown[1]} to {shown[2]}) times as fast as {second}"


def latency(ctx, rows):
    table = ctx.table("latency")
    mine = sorted((row for row in table.where(batch=32, wait="active", load="none").rows() if math.isfinite(row["median_ms"])),
                  key=lambda row: row["median_ms"]) if len(table) else []
    if not mine:
        yield "Latency was not measured."
        return
    ranking = [f"{row['variant']} {words.significant(row['median_ms'])} ms" for row in mine]
    told = [ratio_words(row) for row in rows if row["question"] == LATENCY and math.isfinite(row["value"])]
    busy = " The machine was busy: do not rely on these times." if any(row["busy"] for row in mine) else ""
    yield f"Per batch of 32 ({ctx.engine_words}), the fastest first: {words.listing(ranking)}{'; ' if told else ''}{'; '.join(told)}.{busy}"


def bias(ctx, rows):
    mine = [row for row in rows if row["question"] == BIAS and row["noise"] == ctx.base_noise]
    for verdict, (how_many, way) in CALLS.items():
        chosen = [row for row in mine if row["verdict"] == verdict]
        if chosen:
            points = sorted(100 * abs(row["value"]) for row in chosen)
            span = words.number(points[0], 1) + (f" to {words.number(points[-1], 1)}" if len(points) > 1 else "")
            yield (f"At probability .5 {words.listing(row['comparison'] for row in chosen)} {'call' if len(chosen) > 1 else 'calls'} "
                   f"{how_many} images positive than there are, by {span} points: {way}.")
    open_ones = [row["comparison"] for row in mine if row["verdict"] not in CALLS]
    if open_ones:
        yield f"Which way {words.listing(open_ones)} {'err' if len(open_ones) > 1 else 'errs'} at probability .5 these data cannot tell."


def claims(ctx, _):
    table = ctx.table("claims")
    if not len(table):
        return
    verdicts = list(table["verdict"])
    told = [f"{verdicts.count(verdict)} {name}" for verdict, name in (
        ("supported", "supported"), ("contradicted", "contradicted"), ("cannot tell", "left open")) if verdict in verdicts]
    yield f"Of {words.count(len(verdicts), 'claim')} of the original study, judged one by one below: {words.listing(told)}."
