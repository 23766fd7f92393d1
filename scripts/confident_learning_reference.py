#!/usr/bin/env python3
"""Writes the figures that study/statistics/confident_learning.hpp and logistic.hpp are compared with:
tests/fixtures/confident_learning.json.

Run by hand, in an environment of its own (nothing else of the project needs these packages):

    /usr/bin/python3 -m venv /tmp/confident
    /tmp/confident/bin/pip install cleanlab scikit-learn numpy
    /tmp/confident/bin/python scripts/confident_learning_reference.py

Confident learning is cleanlab's (its functions are called, not copied); the logistic regression is scikit-learn's.
"""

import json
import platform
from pathlib import Path

import cleanlab
import numpy as np
import sklearn
from cleanlab.count import compute_confident_joint, estimate_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent


def rounded(values, digits=12):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, dtype=float).ravel()]


def case(name, classes, images, noise, sharpness, seed):
    """Labels drawn with `noise` wrong ones; probabilities from noisy scores of the true class, rounded to 7 digits so
    that both sides read the same numbers."""
    random = np.random.default_rng(seed)
    true = random.choice(classes, size=images, p=np.linspace(1, 2, classes) / np.linspace(1, 2, classes).sum())
    given = np.where(random.random(images) < noise, (true + random.integers(1, classes, images)) % classes, true)
    logits = random.normal(size=(images, classes)) + sharpness * np.eye(classes)[true]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    p = np.round(p, 7)
    p[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), 7)
    joint, issues = compute_confident_joint(given, p, calibrate=False, return_indices_of_off_diagonals=True)
    ranked = find_label_issues(given, p, filter_by="confident_learning", return_indices_ranked_by="self_confidence")
    assert sorted(ranked) == sorted(issues)
    scores = get_label_quality_scores(given, p, method="self_confidence")
    assert len(set(scores[ranked])) == len(ranked), "a tie would leave the order open: take another seed"
    return {
        "name": name, "classes": classes, "given": given.tolist(), "probabilities": rounded(p),
        "thresholds": rounded(get_confident_thresholds(given, p)), "counts": joint.ravel().astype(int).tolist(),
        "joint": rounded(estimate_joint(given, p)), "issues": [int(i) for i in ranked],
        "self_confidence": rounded(scores),
        "normalized_margin": rounded(get_label_quality_scores(given, p, method="normalized_margin")),
    }


def logistic(seed):
    """Features of very different scales, standardised as ours are; scikit-learn's C is 1 / ridge."""
    random = np.random.default_rng(seed)
    x = np.round(random.normal(size=(120, 3)) * [1, 50, 0.01] + [0, 300, 1], 5)
    y = (random.random(120) < 1 / (1 + np.exp(-(x[:, 0] - (x[:, 1] - 300) / 40)))).astype(int)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=10000).fit(z, y)
    return {"features": rounded(x), "columns": 3, "positive": y.tolist(), "ridge": 1,
            "weights": rounded(model.coef_[0]), "intercept": float(model.intercept_[0]),
            "logits": rounded(model.decision_function(z))}


def main():
    figures = {
        "made_by": "scripts/confident_learning_reference.py",
        "versions": {"python": platform.python_version(), "cleanlab": cleanlab.__version__, "numpy": np.__version__,
                     "scikit-learn": sklearn.__version__},
        "cases": [case("two classes, 10% wrong", 2, 200, 0.10, 2.5, 1), case("two classes, weak model", 2, 150, 0.25, 1.0, 2),
                  case("three classes", 3, 240, 0.15, 2.0, 3), case("clean labels, sharp model", 2, 80, 0.0, 6.0, 4)],
        "logistic": logistic(5),
    }
    path = ROOT / "tests" / "fixtures" / "confident_learning.json"
    path.write_text(json.dumps(figures, separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    print(f"{path}: {len(figures['cases'])} cases")


if __name__ == "__main__":
    main()
