#!/usr/bin/env python3
"""Writes the figures that study/statistics is compared with: tests/fixtures/statistics.json.

Run by hand, in an environment of its own (nothing else of the project needs these packages):

    /usr/bin/python3 -m venv /tmp/statistics
    /tmp/statistics/bin/pip install numpy scipy scikit-learn statsmodels
    /tmp/statistics/bin/python scripts/statistics_reference.py

Figures come from SciPy, scikit-learn and statsmodels where these have them. Where they do not (DeLong, Obuchowski, Tango,
Newcombe, Obuchowski-Rockette), they are computed here in the slow, literal way of the papers: all pairs, numerical
roots, numerical derivatives. None of it is a port of the C++.
"""

import argparse
import json
import math
import platform
from pathlib import Path

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

ROOT = Path(__file__).resolve().parent.parent
DIGITS = 15


def plain(x):
    """numpy to JSON: floats with 15 digits, infinities and NaN as text."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, np.ndarray)):
        return [plain(v) for v in x]
    if isinstance(x, (bool, str)) or x is None:
        return x
    if isinstance(x, (int, np.integer)):
        return int(x)
    return float(f"{float(x):.{DIGITS - 1}e}") if math.isfinite(x) else str(float(x))


# ---- AUC ----


def kernel(x, y):
    return 1.0 if x > y else 0.5 if x == y else 0.0


def placements(scores, positive):
    """DeLong's V10 and V01 from all pairs, O(n^2)."""
    pos, neg = scores[positive == 1], scores[positive == 0]
    psi = np.array([[kernel(x, y) for y in neg] for x in pos])
    return psi.mean(axis=1), psi.mean(axis=0)


def delong_covariance(columns, positive):
    v = [placements(s, positive) for s in columns]
    auc = np.array([v10.mean() for v10, _ in v])
    s10 = np.cov(np.array([v10 for v10, _ in v]))
    s01 = np.cov(np.array([v01 for _, v01 in v]))
    return auc, s10 / (positive == 1).sum() + s01 / (positive == 0).sum()


def obuchowski_covariance(columns, positive, subjects):
    """Obuchowski 1997, equations 2 to 4, cluster by cluster."""
    m, n = int((positive == 1).sum()), int((positive == 0).sum())
    auc, sums10, sums01 = [], [], []
    clusters = sorted(set(subjects))
    for scores in columns:
        v10, v01 = placements(scores, positive)
        theta = v10.mean()
        of_pos, of_neg = subjects[positive == 1], subjects[positive == 0]
        sums10.append([sum(v - theta for v, s in zip(v10, of_pos) if s == c) for c in clusters])
        sums01.append([sum(v - theta for v, s in zip(v01, of_neg) if s == c) for c in clusters])
        auc.append(theta)
    i10 = len(set(subjects[positive == 1]))
    i01 = len(set(subjects[positive == 0]))
    i = len(clusters)
    x, y = np.array(sums10), np.array(sums01)
    s10 = i10 / ((i10 - 1) * m) * x @ x.T
    s01 = i01 / ((i01 - 1) * n) * y @ y.T
    s11 = i / (i - 1) * x @ y.T
    return np.array(auc), s10 / m + s01 / n + (s11 + s11.T) / (m * n)


def auc_figures(auc, variance):
    z, se = stats.norm.ppf(0.975), math.sqrt(variance)
    x, sx = math.log(auc / (1 - auc)), se / (auc * (1 - auc))
    expit = scipy.special.expit
    return {
        "auc": auc,
        "se": se,
        "logit": [expit(x - z * sx), expit(x + z * sx)],
        "logit_p": 2 * stats.norm.sf(abs(x / sx)),
        "plain": [max(0, auc - z * se), min(1, auc + z * se)],
        "plain_p": 2 * stats.norm.sf(abs(auc - 0.5) / se),
    }


def difference_figures(auc, covariance):
    d, se = auc[0] - auc[1], math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    low, high = stats.norm.interval(0.95, d, se)
    return {"value": d, "se": se, "interval": [low, high], "p": 2 * stats.norm.sf(abs(d) / se)}


def newcombe_auc_end(auc, m, n, upper):
    z, half = stats.norm.ppf(0.975), (m + n) / 2 - 1

    def distance(t):
        v = t * (1 - t) * (1 + half * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return abs(auc - t) - z * math.sqrt(v)

    return optimize.brentq(distance, *((1e-12, 0.5) if upper else (0.5, 1 - 1e-12)), xtol=1e-14)


# ---- Proportions ----


def wilson_root(p, n, t):
    """Both roots of |p - q| = t sqrt(q (1 - q) / n) in q."""

    def f(q):
        return (p - q) ** 2 - t * t * q * (1 - q) / n

    low = 0.0 if p == 0 else optimize.brentq(f, 0, p - 1e-9, xtol=1e-15)
    high = 1.0 if p == 1 else optimize.brentq(f, p + 1e-9, 1, xtol=1e-15)
    return [low, high]


def tango(b, c, n, z):
    """Score interval: the nuisance parameter by numerical maximisation of the trinomial likelihood."""

    def statistic(delta):
        def negative_likelihood(q):  # q = P(c only), P(b only) = q + delta
            r = 1 - 2 * q - delta
            return -(scipy.special.xlogy(b, q + delta) + scipy.special.xlogy(c, q) + scipy.special.xlogy(n - b - c, r))

        # A derivative's root is sharper than a minimiser.
        def slope(q):
            return b / (q + delta) + (c / q if c else 0) - 2 * (n - b - c) / (1 - 2 * q - delta)

        low, high = max(0.0, -delta), (1 - delta) / 2
        eps = 1e-13 * max(1e-3, high - low)
        if slope(low + eps) <= 0:
            q = low
        elif slope(high - eps) >= 0:
            q = high
        else:
            q = optimize.brentq(slope, low + eps, high - eps, xtol=1e-16)
        assert negative_likelihood(q) <= min(negative_likelihood(x) for x in np.linspace(low + eps, high - eps, 50)) + 1e-9
        return (b - c - n * delta) / math.sqrt(n * (2 * q + delta * (1 - delta)))

    d = (b - c) / n
    ends = []
    for sign, edge in ((1, -1 + 1e-9), (-1, 1 - 1e-9)):
        ends.append(optimize.brentq(lambda x: statistic(x) - sign * z, d + (1e-12 if sign < 0 else -1e-12), edge, xtol=1e-14))
    return ends


def newcombe_paired(a, b, c, d):
    n = a + b + c + d
    l1, u1 = proportion_confint(a + b, n, method="wilson")
    l2, u2 = proportion_confint(a + c, n, method="wilson")
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    phi = 0.0
    if margins:
        top = a * d - b * c
        top = top if top < 0 else max(0, top - n / 2)
        phi = top / math.sqrt(margins)
    low = p1 - p2 - math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = p1 - p2 + math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    return [low, high]


def proportions():
    rows = []
    for k, n in ((0, 20), (1, 30), (7, 20), (15, 15), (234, 390), (389, 390), (2500, 5000)):
        for level in (0.9, 0.95, 0.99):
            rows.append({
                "hits": k, "count": n, "confidence": level,
                "wilson": proportion_confint(k, n, 1 - level, "wilson"),
                "clopper_pearson": proportion_confint(k, n, 1 - level, "beta"),
            })
    return rows


def paired_tables():
    rows = []
    for a, b, c, d in ((20, 12, 2, 16), (36, 12, 2, 0), (150, 25, 9, 50), (380, 3, 1, 6), (5, 0, 7, 40), (60, 4, 4, 30), (0, 20, 5, 0), (14, 5, 0, 22)):
        exact = mcnemar([[a, b], [c, d]], exact=True).pvalue
        k, m = min(b, c), b + c
        mid = exact - stats.binom.pmf(k, m, 0.5) if b != c else 1 - 0.5 * stats.binom.pmf(k, m, 0.5)
        rows.append({"both": a, "a_only": b, "b_only": c, "neither": d, "exact_p": exact, "mid_p": mid,
                     "tango": tango(b, c, a + b + c + d, stats.norm.ppf(0.975)), "newcombe": newcombe_paired(a, b, c, d)})
    return rows


def independent_differences():
    rows = []
    for k1, n1, k2, n2 in ((56, 70, 48, 80), (9, 10, 3, 10), (390, 400, 200, 234)):
        rows.append({"a": [k1, n1], "b": [k2, n2],
                     "interval": confint_proportions_2indep(k1, n1, k2, n2, method="newcomb", compare="diff")})
    return rows


def clustered_mean_se(values, groups):
    fit = sm.OLS(values.astype(float), np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    return float(fit.params[0]), float(fit.bse[0])


def clustered_proportion(hits, groups):
    p, se = float(hits.mean()), clustered_mean_se(hits, groups)[1]
    j = len(set(groups))
    effective = j if p in (0, 1) else min(len(hits), p * (1 - p) / se**2)
    return {"value": p, "se": se, "interval": wilson_root(p, effective, stats.t.ppf(0.975, j - 1))}


def clustered_difference(a, b, groups):
    d, se = clustered_mean_se(a.astype(float) - b, groups)
    j, n = len(set(groups)), len(a)
    only_a, only_b = int((a > b).sum()), int((b > a).sum())
    independent = np.var(a.astype(float) - b) / n
    f = min(1, independent / se**2)
    t = stats.t.ppf(0.975, j - 1)
    score = (only_a - only_b) * f / math.sqrt((only_a + only_b) * f)
    return {"value": d, "se": se, "interval": tango(only_a * f, only_b * f, n * f, t), "p": 2 * stats.t.sf(abs(score), j - 1)}


# ---- One data set, everything ----


def wide_precision_recall(scores, positive):
    precision, recall, _ = metrics.precision_recall_curve(positive, scores)
    return precision[::-1], recall[::-1]  # ours rises in recall


def candidate_thresholds(scores):
    s = np.unique(scores)
    return [s[0] - 1, *(s[:-1] + s[1:]) / 2, s[-1] + 1]


def thresholds(scores, positive):
    cuts = candidate_thresholds(scores)
    rows = [(t, (scores[positive == 1] >= t).sum(), (scores[positive == 0] >= t).sum()) for t in cuts]
    p, n = (positive == 1).sum(), (positive == 0).sum()
    youden = max(rows, key=lambda r: (int(r[1]) * int(n) - int(r[2]) * int(p), -r[0]))
    result = {"youden": youden[0]}
    for target in (0.8, 0.95, 1.0):
        result[f"sensitivity_{target}"] = max(r[0] for r in rows if r[1] / p >= target - 1e-9)
    for ratio in (0.5, 1.0, 5.0):
        result[f"cost_{ratio}"] = min(rows, key=lambda r: (ratio * (p - r[1]) + r[2], r[0]))[0]
    return result


def log_bias(predicted, positive, weights):
    return math.log((weights * predicted).sum() / (weights * positive).sum())


def decisions(scores, positive, subjects, threshold):
    predicted = (scores >= threshold).astype(int)
    f1 = lambda j: 2 * j / (1 + j)  # noqa: E731
    tp = int((predicted * positive).sum())
    union = int(((predicted + positive) > 0).sum())
    ones = np.ones(len(scores))
    h = 1e-5
    influence = np.array([(log_bias(predicted, positive, ones + h * e) - log_bias(predicted, positive, ones - h * e)) / (2 * h)
                          for e in np.eye(len(scores))])
    of_subject = np.array([influence[subjects == s].sum() for s in sorted(set(subjects))])
    j = len(of_subject)
    parts = {
        "sensitivity": (predicted, positive == 1), "specificity": (1 - predicted, positive == 0),
        "ppv": (positive, predicted == 1), "npv": (1 - positive, predicted == 0),
        "accuracy": (1 * (predicted == positive), ones == 1), "predicted_positive_rate": (predicted, ones == 1),
        "prevalence": (positive, ones == 1),
    }
    result = {"threshold": threshold, "by_image": {}, "by_subject": {}}
    for name, (hit, where) in parts.items():
        k, n = int(hit[where].sum()), int(where.sum())
        result["by_image"][name] = {"value": k / n, "interval": proportion_confint(k, n, method="wilson")}
        result["by_subject"][name] = clustered_proportion(hit[where], subjects[where])
    assert np.isclose(result["by_image"]["ppv"]["value"], metrics.precision_score(positive, predicted))
    result["f1"] = {"value": metrics.f1_score(positive, predicted),
                    "interval": [f1(x) for x in proportion_confint(tp, union, method="wilson")]}
    result["bias_ratio"] = {"value": predicted.sum() / positive.sum(), "log_se": math.sqrt((influence**2).sum()),
                            "log_se_by_subject": math.sqrt((of_subject**2).sum() * j / (j - 1))}
    result["excess_by_subject"] = clustered_difference(predicted, positive, subjects)
    return result


def calibration(logits, positive, subjects, bins=8):
    p = scipy.special.expit(logits)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    n = len(p)
    share = np.array([len(b) / n for b in parts])
    count = np.array([len(b) for b in parts])
    mean_p = np.array([p[b].mean() for b in parts])
    observed = np.array([positive[b].mean() for b in parts])
    gap, sd = np.abs(mean_p - observed), np.sqrt(observed * (1 - observed) / count)

    def mean_abs(mean, s):
        return abs(mean) if s == 0 else stats.foldnorm.mean(abs(mean) / s, scale=s)

    noisy = sum(w * mean_abs(g, s) for w, g, s in zip(share, gap, sd))
    plug_in = float((share * gap).sum())
    square = float((share * (gap**2 - observed * (1 - observed) / (count - 1))).sum())
    null = sum(w * mean_abs(0, math.sqrt(q * (1 - q) / c)) for w, q, c in zip(share, mean_p, count))
    base = positive.mean()
    brier, brier_se = clustered_mean_se((p - positive) ** 2, np.arange(n))
    assert np.isclose(brier, metrics.brier_score_loss(positive, p))
    x = sm.add_constant(logits)
    free = sm.Logit(positive, x).fit(disp=0, method="newton", tol=1e-14, maxiter=200)
    groups = {"groups": subjects, "use_correction": False}
    j = len(set(subjects))
    robust = sm.Logit(positive, x).fit(disp=0, method="newton", tol=1e-14, maxiter=200, cov_type="cluster", cov_kwds=groups)
    shift = sm.GLM(positive, np.ones(n), family=sm.families.Binomial(), offset=logits).fit(tol=1e-14)
    shift_robust = sm.GLM(positive, np.ones(n), family=sm.families.Binomial(), offset=logits).fit(tol=1e-14, cov_type="cluster", cov_kwds=groups)
    correction = math.sqrt(j / (j - 1))
    return {
        "bins": bins, "mean_probability": mean_p, "observed": observed, "count": count,
        "plug_in": plug_in, "debiased": 2 * plug_in - noisy, "root_mean_square": math.sqrt(max(0, square)),
        "expected_if_calibrated": null,
        "brier": brier, "brier_se": brier_se, "brier_se_by_subject": clustered_mean_se((p - positive) ** 2, subjects)[1],
        "reliability": float((share * gap**2).sum()), "resolution": float((share * (observed - base) ** 2).sum()),
        "uncertainty": base * (1 - base),
        "intercept": free.params[0], "slope": free.params[1], "intercept_se": free.bse[0], "slope_se": free.bse[1],
        "slope_interval": free.conf_int()[1], "slope_p": 2 * stats.norm.sf(abs(free.params[1] - 1) / free.bse[1]), "intercept_p": free.pvalues[0],
        "intercept_se_by_subject": robust.bse[0] * correction, "slope_se_by_subject": robust.bse[1] * correction,
        "in_the_large": shift.params[0], "in_the_large_se": shift.bse[0],
        "in_the_large_se_by_subject": shift_robust.bse[0] * correction,
    }


def weighted(scores, positive, weights, threshold):
    predicted = (scores >= threshold).astype(int)
    return {
        "weights": weights,
        "auc": metrics.roc_auc_score(positive, scores, sample_weight=weights),
        "average_precision": metrics.average_precision_score(positive, scores, sample_weight=weights),
        "accuracy": metrics.accuracy_score(positive, predicted, sample_weight=weights),
        "f1": metrics.f1_score(positive, predicted, sample_weight=weights),
        "ppv": metrics.precision_score(positive, predicted, sample_weight=weights),
    }


def cluster_bootstrap(scores, positive, subjects, rng, resamples):
    """Replicates of average precision by subject, by copying images: SciPy's bootstrap has no clusters."""
    ids = np.unique(subjects)
    images = [np.flatnonzero(subjects == s) for s in ids]
    out = np.empty(resamples)
    for r in range(resamples):
        i = np.concatenate([images[k] for k in rng.integers(0, len(ids), len(ids))])
        out[r] = metrics.average_precision_score(positive[i], scores[i])
    return out


def case(name, rng, images, subjects, ties):
    subject = np.sort(rng.integers(0, subjects, images))
    positive = (rng.random(images) < 0.55).astype(int)
    if name == "subjects":  # one class per subject mostly, as in the real set
        positive = np.where(rng.random(images) < 0.9, subject % 2, positive)
    own = rng.normal(size=subjects)[subject]
    a = 1.5 * (positive - 0.4) + 0.8 * own + rng.normal(size=images)
    b = 0.5 * a + 0.6 * (positive - 0.5) + rng.normal(size=images)
    a, b = (np.round(a, 1), np.round(b, 1)) if ties else (np.round(a, 6), np.round(b, 6))
    auc, covariance = delong_covariance([a, b], positive)
    auc_c, covariance_c = obuchowski_covariance([a, b], positive, subject)
    fpr, tpr, _ = metrics.roc_curve(positive, a, drop_intermediate=False)
    precision, recall = wide_precision_recall(a, positive)
    assert np.isclose(auc[0], metrics.roc_auc_score(positive, a))
    cuts = thresholds(a, positive)
    other = (b >= 0.1).astype(int)
    first = (a >= cuts["youden"]).astype(int)
    result = {
        "name": name, "a": a, "b": b, "positive": positive, "subject": subject,
        "auc": auc_figures(auc[0], covariance[0, 0]), "covariance": covariance.ravel(),
        "difference": difference_figures(auc, covariance),
        "auc_by_subject": auc_figures(auc_c[0], covariance_c[0, 0]),
        "difference_by_subject": difference_figures(auc_c, covariance_c),
        "fpr": fpr, "tpr": tpr, "precision": precision, "recall": recall,
        "average_precision": metrics.average_precision_score(positive, a),
        "thresholds": cuts, "decisions": decisions(a, positive, subject, cuts["youden"]),
        "paired_by_subject": {
            "accuracy": clustered_difference(1 * (first == positive), 1 * (other == positive), subject),
            "sensitivity": clustered_difference(first[positive == 1], other[positive == 1], subject[positive == 1]),
            "specificity": clustered_difference(1 - first[positive == 0], 1 - other[positive == 0], subject[positive == 0]),
        },
        "weighted": weighted(a, positive, rng.integers(0, 4, images), cuts["youden"]),
    }
    if not ties:
        result["calibration"] = calibration(a, positive, subject)
    return result


# ---- Bootstrap, seeds, regression ----


def bootstrap_section(rng, data):
    x = np.round(rng.gamma(2.0, size=40), 6)
    y = np.round(rng.gamma(2.0, size=25), 6)
    one = stats.bootstrap((x,), np.mean, n_resamples=999, method="BCa", rng=np.random.default_rng(5))

    def difference(u, v, axis=-1):
        return np.mean(u, axis=axis) - np.mean(v, axis=axis)

    two = stats.bootstrap((x, y), difference, n_resamples=999, method="BCa", rng=np.random.default_rng(6))
    percentile = stats.bootstrap((x,), np.mean, method="percentile", n_resamples=0, bootstrap_result=one)
    left_out = [difference(np.delete(x, i), y) for i in range(len(x))] + [difference(x, np.delete(y, i)) for i in range(len(y))]
    scores, positive, subject = (np.array(data[k]) for k in ("a", "positive", "subject"))
    replicates = cluster_bootstrap(scores, positive, subject, np.random.default_rng(7), 20000)
    slow = np.round(rng.lognormal(0.3, 0.4, 101), 6)
    fast = np.round(rng.lognormal(0.0, 0.5, 80), 6)
    medians = stats.bootstrap((slow, fast), lambda u, v, axis=-1: np.median(u, axis=axis) / np.median(v, axis=axis),
                              n_resamples=100000, method="percentile", rng=np.random.default_rng(8), batch=5000)
    return {
        "one": {"x": x, "replicates": one.bootstrap_distribution, "jackknife": [np.delete(x, i).mean() for i in range(len(x))],
                "bca": one.confidence_interval, "percentile": percentile.confidence_interval, "se": one.standard_error},
        "two": {"x": x, "y": y, "replicates": two.bootstrap_distribution, "jackknife": left_out, "bca": two.confidence_interval},
        "by_subject": {"resamples": len(replicates), "se": replicates.std(ddof=1), "quantiles": np.quantile(replicates, [0.025, 0.5, 0.975])},
        "medians": {"a": slow, "b": fast, "interval": medians.confidence_interval, "se": medians.standard_error},
    }


def seeds_section(rng):
    s, v, c = 5, 4e-4, 1.5e-4
    figures = np.round(rng.normal(0.9, 0.02, s), 6)
    covariance = np.full((s, s), c) + np.diag(np.full(s, v - c)) + np.diag(np.linspace(-5e-5, 5e-5, s))
    ms = figures.var(ddof=1)
    off = covariance[~np.eye(s, dtype=bool)].mean()
    diag = np.diag(covariance).mean()
    variance = (ms + s * off) / s
    df = (s - 1) * (ms + s * off) ** 2 / ms**2
    low, high = stats.t.interval(0.95, df, figures.mean(), math.sqrt(variance))
    only = stats.t.interval(0.95, s - 1, figures.mean(), math.sqrt(ms / s))
    return {"figures": figures, "covariance": covariance.ravel(), "mean": figures.mean(), "se": math.sqrt(variance), "df": df,
            "interval": [low, high], "p_against_0.85": 2 * stats.t.sf(abs(figures.mean() - 0.85) / math.sqrt(variance), df),
            "these_images": only, "p_these_images": stats.ttest_1samp(figures, 0.85).pvalue,
            "seed_sd": math.sqrt(max(0, ms - diag + off)), "image_sd": math.sqrt(diag), "shared_image_sd": math.sqrt(off),
            "detectable": (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * math.sqrt(variance)}


def regression_section(rng):
    levels = np.array([0, 0.1, 0.2, 0.4])
    x, block = np.tile(levels, 4), np.repeat(np.arange(4), 4)
    a = np.round(0.9 - 0.3 * x + rng.normal(0, 0.02, 4)[block] + rng.normal(0, 0.01, 16), 6)
    b = np.round(0.88 - 0.2 * x + rng.normal(0, 0.02, 4)[block] + rng.normal(0, 0.01, 16), 6)
    keep = np.arange(16) != 6  # one cell failed

    def fit(y, rows):
        dummies = np.eye(4)[block[rows]]
        r = sm.OLS(y[rows], np.column_stack([x[rows], dummies])).fit()
        return {"slope": r.params[0], "se": r.bse[0], "df": r.df_resid, "interval": r.conf_int()[0], "p": r.pvalues[0]}

    every = np.ones(16, dtype=bool)
    return {"x": x, "block": block, "a": a, "b": b, "slope": fit(a, every), "missing": 6, "slope_with_missing": fit(a, keep),
            "difference": fit(a - b, every), "slope_of_block_2": stats.linregress(x[block == 2], a[block == 2]).slope}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "fixtures" / "statistics.json")
    arguments = parser.parse_args()
    rng = np.random.Generator(np.random.PCG64(20261124))
    cases = [case("plain", rng, 120, 120, False), case("ties", rng, 90, 60, True), case("subjects", rng, 160, 45, False)]
    record = {
        "made_by": "scripts/statistics_reference.py",
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
                     "sklearn": sklearn.__version__, "statsmodels": statsmodels.__version__},
        "cases": cases,
        "proportions": proportions(), "paired_tables": paired_tables(), "independent": independent_differences(),
        "perfect": [{"positives": m, "negatives": n, "low": newcombe_auc_end(1, m, n, False), "high_of_0": newcombe_auc_end(0, m, n, True)}
                    for m, n in ((10, 10), (30, 12), (390, 234))],
        "distributions": [{"p": p, "df": df, "t": stats.t.ppf(p, df), "z": stats.norm.ppf(p)} for p in (0.8, 0.975, 0.999) for df in (1, 3.7, 50)],
        "bootstrap": bootstrap_section(rng, cases[2]), "seeds": seeds_section(rng), "regression": regression_section(rng),
    }
    rows = ",\n".join(f'{json.dumps(k)}: {json.dumps(plain(v))}' for k, v in record.items())
    arguments.out.write_text("{" + rows + "}\n")


if __name__ == "__main__":
    main()
