"""Numbers and names as a reader wants them. A missing number is always a word, never a zero or a gap."""

import math

METRICS = {"auc": "AUC", "pr_auc": "PR-AUC", "loss": "loss", "accuracy": "accuracy", "f1": "F1",
           "accuracy_half": "accuracy at probability .5", "f1_half": "F1 at probability .5",
           "precision_half": "precision at probability .5", "recall_half": "recall at probability .5", "sensitivity": "sensitivity", "specificity": "specificity",
           "false_positive_rate": "false positive rate", "false_negative_rate": "false negative rate",
           "ppv": "positive predictive value", "npv": "negative predictive value",
           "predicted_positive_rate": "predicted-positive rate", "excess_positive": "excess of positives",
           "brier": "Brier score", "ece": "ECE, debiased", "ece_plug_in": "ECE, plain", "slope": "calibration slope",
           "in_the_large": "calibration in the large", "changed": "decisions changed",
           "probability_change": "change of probability", "accuracy_loss": "accuracy lost", "logit": "mean logit",
           "logit_change_sd": "spread of the logit's change", "rank_correlation": "rank correlation"}
RULES = {"youden": "Youden threshold", "sensitivity": "95% sensitivity on val",
         "cost": "a miss costs {cost_ratio:g} false alarms", "half": "probability .5",
         "youden_again": "Youden threshold chosen again", "sensitivity_again": "95% sensitivity on val, chosen again"}
LOADS = {"none": "alone", "compute": "beside computing", "memory": "beside memory traffic"}
WAITS = {"active": "spinning", "passive": "passive"}


def metric(name):
    return METRICS.get(name, name.replace("_", " "))


def rule(name, cost_ratio):
    return RULES.get(name, name).format(cost_ratio=cost_ratio)


def noise_name(kind, level):
    return "clean labels" if not level else f"{100 * level:g}% wrong labels ({kind})"


def number(value, digits=3):
    if value is None or not math.isfinite(value):
        return "n/a"
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def signed(value, digits=1):
    """+1.2, -0.3, 0.0: never a -0.0."""
    text = number(value, digits)
    return text if text.startswith("-") or not text.strip("0.") or text == "n/a" else "+" + text


def significant(value, digits=3):
    """1234.5 -> 1234, 12.345 -> 12.3, 0.01234 -> 0.0123."""
    if value is None or not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    return number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def has_not_learnt(row):
    """A figure of a network that has not learnt, or over seeds of which one has not."""
    return row.get("not_learnt", 0) > 0 or row.get("learnt", 1) == 0


def mark(row):
    """Behind every such figure; part_limited.py says what it means."""
    return " !" if has_not_learnt(row) else ""


def interval(row, digits=3, names=("value", "low", "high"), scale=1, form=None):
    """0.899 (0.876 to 0.918), or why there is not a number."""
    value, low, high = (row[name] for name in names)
    if not math.isfinite(value):
        return f"not estimable: {row.get('not_estimable') or 'no reason given'}" + mark(row)
    show = form or (lambda v: number(v * scale, digits))
    if not (math.isfinite(low) and math.isfinite(high)):
        reason = row.get("not_estimable")
        return f"{show(value)} (no interval{': ' + reason if reason else ''})" + mark(row)
    return f"{show(value)} ({show(low)} to {show(high)})" + mark(row)


def by_width(row):
    """Value and interval with two digits of what the interval leaves open."""
    half = (row["high"] - row["low"]) / 2
    digits = max(0, 1 - math.floor(math.log10(half))) if math.isfinite(half) and half > 0 else 3
    return interval(row, min(digits, 6))


def p_value(p):
    """Three digits everywhere, as study/cli/text_table.hpp writes p into the sentences."""
    if p is None or not math.isfinite(p):
        return "not tested"
    return "< .001" if p < .001 else "> .999" if p > .999 else f"{p:.3f}".lstrip("0")


def p_text(p):
    value = p_value(p)
    return f"p = {value}" if value.startswith(".") else f"p {value}"


def count(value, word):
    return f"{value:,.0f} {word}{'' if value == 1 else 's'}"


def listing(names):
    names = list(names)
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else "none"
