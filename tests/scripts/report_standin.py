"""A small, finished compare folder for tests of scripts/report: every table of docs/comparison_files.md with made-up but
consistent numbers, two cells' run.h5 per variant, and an explain.json. Nothing in it was measured."""

import json
import math

import h5py
import numpy
from PIL import Image

NAN = math.nan
ESTIMATE = ["value", "low", "high", "se", "p", "method", "not_estimable"]
OVER = ESTIMATE + ["seeds", "lowest", "highest", "low_these_images", "high_these_images", "observed_sd", "seed_sd", "image_sd",
                   "shared_image_sd", "detectable"]
STEPS = [("conv1", 958.6, 89.8, 7.9), ("pool1", 19.2, 95.9, 3.8), ("conv2", 3642.8, 67.8, 8.9), ("pool2", 12.1, 60.7, 1.0),
         ("fc1", 728.6, 57.7, 3.1)]
QUESTIONS = ["AUC on test", "accuracy on test at the Youden threshold", "loss of test AUC with symmetric label noise",
             "specificity on test at 95% sensitivity on val", "calibration error on test", "decisions changed by a shift of 4 pixels"]
LATENCY = "latency, batch 32, spinning"
BIAS = "images called positive against positives on test at probability .5"
TIMES = {"avgpool": 24., "maxpool": 25.6, "strided": 8.6}


def estimate(value, half=.02, p=NAN, reason=""):
    if reason:
        return [NAN] * 5 + ["", reason]
    return [value, value - half, value + half, half / 2, p, "stand-in", ""]


def over(value, half=.02, p=NAN, reason="", detectable=NAN):
    if reason:
        return estimate(0, reason=reason) + [2.] + [NAN] * 9
    return estimate(value, half, p) + [2., value - half / 3, value + half / 3, value - half / 2, value + half / 2, half / 2,
                                       half / 4, half / 3, half / 5, detectable]


class StandIn:
    def __init__(self, folder, variants=("avgpool", "maxpool", "strided"), seeds=(1, 2), noises=(0, .2), latency=True, images=40, sizes=("all", "400", "100")):
        self.folder, self.variants, self.seeds, self.images = folder, list(variants), list(seeds), images
        self.noises, self.latency, self.sizes = list(noises), latency, list(sizes)
        self.random = numpy.random.default_rng(7)
        self.unlearnt = None  # (variant, seed)
        self.tables = {}
        self.pairs = [(a, b) for i, a in enumerate(self.variants) for b in self.variants[:i]]
        self.labels = numpy.arange(images) % 2
        self.names = [f"test/{('NORMAL', 'PNEUMONIA')[label]}/person{i}_{label}.png" for i, label in enumerate(self.labels)]

    def add(self, name, columns, rows):
        self.tables[name] = (columns, rows)

    def noise(self, level):
        return ["symmetric" if level else "", level]

    def level(self, variant):
        return .9 + .01 * self.variants.index(variant)

    def study(self):
        cells = [(v, s, n) for v in self.variants for s in self.seeds for n in self.noises]
        self.cells = [(v, s, n, f"{v}-seed{s}-{'noise' if n else 'clean'}") for v, s, n in cells]
        self.add("cells", ["variant", "seed", "noise_kind", "noise", "name", "best_epoch", "epochs", "training_s", "parameters",
                           "size_mib", "mflop", "wrong_labels"],
                 [[v, s, *self.noise(n), name, 2, 3, 90, 11396621, 43.47, 167.6, 12 * bool(n)] for v, s, n, name in self.cells])
        self.add("images", ["seed", "split", "class", "images", "subjects"],
                 [[s, split, c, 20, 15] for s in self.seeds for split in ("train", "val", "test") for c in ("NORMAL", "PNEUMONIA")])
        names = ["loss", "accuracy", "precision", "recall", "specificity", "f1", "auc"]
        self.add("epochs", ["variant", "seed", "noise_kind", "noise", "epoch", "lr"] + [f"train_{n}" for n in names]
                 + [f"val_{n}" for n in names] + ["train_s"],
                 [[v, s, *self.noise(n), e, .01] + [.7 / e + .02 * s] + [.8 + .05 * e] * 6 + [.6 / e + .03 * s] + [.7 + .08 * e + .01 * s] * 6
                  + [30] for v, s, n, _ in self.cells for e in (1, 2, 3)])
        self.add("variants", ["variant", "parameters", "size_mib", "mflop", "executed_mflop", "help"],
                 [[v, 11396621, 43.47, *[41.9 if v == "strided" else 167.6] * 2, f"about {v}"] for v in self.variants])

    def topic(self, name, keys, half=.02, base=None, reason=""):
        """Tables <name>, <name>_seed and <name>_difference with the given label columns and their values."""
        columns, values = keys
        rows, seeds, differences = [], [], []
        for n in self.noises:
            for v in self.variants:
                for value in values:
                    at = (base(v, *value) if base else self.level(v)) - .1 * n
                    why = reason or getattr(self, "unknown", {}).get(value, "")
                    rows.append([*self.noise(n), v, *value] + over(at, half, reason=why))
                    seeds += [[*self.noise(n), v, s, *value] + estimate(at + .004 * s, half, reason=reason) for s in self.seeds]
            for a, b in self.pairs:
                differences += [[*self.noise(n), a, b, *value] + over(.01, half, .2, reason, .05) for value in values]
        start = ["noise_kind", "noise"]
        self.add(name, start + ["variant"] + columns + OVER, rows)
        self.add(f"{name}_seed", start + ["variant", "seed"] + columns + ESTIMATE, seeds)
        self.add(f"{name}_difference", start + ["variant_a", "variant_b"] + columns + OVER, differences)

    def generalization(self):
        metrics = ["auc", "pr_auc", "loss", "accuracy", "f1", "accuracy_half", "f1_half", "precision_half", "recall_half"]
        self.unknown = {("test", "loss"): "fewer than 10 of a class"}
        self.topic("generalization", (["split", "metric"], [(s, m) for s in ("train", "val", "test") for m in metrics]))
        self.topic("gap", (["gap", "metric"], [(g, m) for g in ("train-val", "val-test", "train-test") for m in ("auc", "accuracy")]),
                   base=lambda v, *_: .03)
        self.add("auc_delong", ["noise_kind", "noise", "seed", "variant_a", "variant_b", "split"] + ESTIMATE,
                 [[*self.noise(n), s, a, b, "test"] + estimate(.01, p=.3) for n in self.noises for s in self.seeds for a, b in self.pairs])
        noisy = any(self.noises)
        self.add("robustness", ["noise_kind", "variant", "metric"] + OVER,
                 [["symmetric", v, "auc"] + over(-.1, .03, .01) for v in self.variants if noisy])
        self.add("robustness_difference", ["noise_kind", "variant_a", "variant_b", "metric"] + OVER,
                 [["symmetric", a, b, "auc"] + over(-.01, .03, .4, detectable=.06) for a, b in self.pairs if noisy])
        grid = numpy.linspace(0, 1, 21)
        for name, x, y, curve in (("roc", "false_positive_rate", "true_positive_rate", grid ** .2),
                                  ("pr", "recall", "precision", 1 - .4 * grid ** 4)):
            self.add(name, ["noise_kind", "noise", "variant", "seed", x, y],
                     [[*self.noise(n), v, s, a, b ** (1 + .1 * s)] for v, s, n, _ in self.cells for a, b in zip(grid, curve)])
            self.add(f"{name}_mean", ["noise_kind", "noise", "variant", x, y, "lowest", "highest"],
                     [[*self.noise(n), v, a, b ** 1.15, b ** 1.2, b ** 1.1] for v in self.variants for n in self.noises for a, b in zip(grid, curve)])

    def decisions(self):
        rules = ["youden", "sensitivity", "cost", "half"]
        metrics = ["sensitivity", "specificity", "false_positive_rate", "false_negative_rate", "ppv", "npv", "accuracy", "f1",
                   "predicted_positive_rate", "excess_positive"]
        where = ["noise_kind", "noise", "variant", "seed", "rule"]
        self.topic("decision", (["rule", "metric"], [(r, m) for r in rules for m in metrics]),
                   base=lambda v, r, m: .6 if m == "specificity" else self.level(v))
        cells = [[*self.noise(n), v, s, r] for v, s, n, _ in self.cells for r in rules]
        self.add("thresholds", where + ["logit", "probability", "val_sensitivity", "val_specificity", "not_estimable"],
                 [c + [1., .73, .95, .9, ""] for c in cells])
        self.add("confusion", where + ["tp", "fp", "tn", "fn", "prevalence"], [c + [19, 8 + c[3], 12 - c[3], 1, .5] for c in cells])
        self.add("mcnemar", ["noise_kind", "noise", "seed", "variant_a", "variant_b", "rule", "on", "both", "a_only", "b_only", "neither",
                             "p", "not_estimable"],
                 [[*self.noise(0), s, a, b, r, on, 15, 2, 1, 2, 1, ""] for s in self.seeds for a, b in self.pairs for r in rules
                  for on in ("positives", "negatives")])
        self.add("disagreement", ["noise_kind", "noise", "variant_a", "variant_b", "rule"] + OVER,
                 [[*self.noise(0), a, b, r] + over(.08) for a, b in self.pairs for r in rules])
        self.add("test_images", ["noise_kind", "noise", "variant", "name", "subject", "label", "seeds", "wrong", "mean_probability"],
                 [[*self.noise(0), v, name, f"person{i}", label, len(self.seeds), (i + k) % 3 == 0, .2 + .6 * ((i + k) % 5) / 4]
                  for k, v in enumerate(self.variants) for i, (name, label) in enumerate(zip(self.names, self.labels))])

    def calibration_and_shift(self):
        self.topic("calibration", (["metric"], [(m,) for m in ("brier", "ece", "ece_plug_in", "slope", "in_the_large")]),
                   base=lambda v, m: {"slope": .7, "in_the_large": -.4}.get(m, .12))
        self.add("reliability_pooled", ["noise_kind", "noise", "variant", "bin", "images", "mean_probability", "observed", "low", "high",
                                        "not_estimable"],
                 [[*self.noise(0), v, b, 4, NAN, NAN, NAN, NAN, "fewer than 10 images"] if b == 5 else
                  [*self.noise(0), v, b, 10 + b, .05 + .1 * b, .1 * b, max(0, .1 * b - .08), .1 * b + .08, ""]
                  for v in self.variants for b in range(10)])
        self.topic("shift", (["pixels", "metric"], [(p, m) for p in (1, 2, 4, 8) for m in (
            "changed", "probability_change", "accuracy", "accuracy_loss")]), half=.01, base=lambda v, p, m: .01 * p)

    def swaps(self):
        """Each network run with every operator and with two more power means."""
        run_with = self.variants + [op for op in ("rmspool", "powermean4", "powermean8") if op not in self.variants]
        rules = [("", m) for m in ("logit", "auc")] + [(r, m) for r in ("half", "youden", "sensitivity", "youden_again", "sensitivity_again")
                                                       for m in ("sensitivity", "specificity", "predicted_positive_rate")]
        of_change = [("", "logit_change_sd"), ("", "rank_correlation")]
        where = ["noise_kind", "noise", "variant"]
        runs = [(n, v, w) for n in self.noises for v in self.variants for w in run_with]
        self.add("swap", where + ["run_with", "split", "rule", "metric"] + OVER,
                 [[*self.noise(n), v, w, s, *m] + over(.6) for n, v, w in runs for s in ("test", "val") for m in rules])
        self.add("swap_change", where + ["run_with", "split", "rule", "metric"] + OVER,
                 [[*self.noise(n), v, w, "test", *m] + over(.05, .02, .03, detectable=.03) for n, v, w in runs if v != w
                  for m in rules + of_change])
        self.add("swap_parts", ["noise_kind", "noise", "variant_a", "variant_b", "part", "rule", "metric"] + OVER,
                 [[*self.noise(n), a, b, part, *m] + over(value, .02, .03, detectable=.03) for n in self.noises for a, b in self.pairs
                  for part, value in (("difference", .01), ("operator", .05), ("training", -.04), ("operator_on_a", .06), ("operator_on_b", .04))
                  for m in rules])
        trained = self.variants + ["all"]
        self.add("swap_dose", where + ["power", "rule", "metric"] + OVER,
                 [[*self.noise(n), v, p, *m] + over(.1 * (1 - 1 / float(p)), .02, .03) for n in self.noises for v in trained
                  for p in ("2", "4", "8", "inf") for m in rules[:5]])
        self.add("swap_dose_slope", where + ["rule", "metric"] + OVER,
                 [[*self.noise(n), v, *m] + over(.1, .02, .03) for n in self.noises for v in trained for m in rules[:5]])
        self.add("swap_control", where + ["seed", "check", "largest_difference", "decisions_changed", "not_estimable"],
                 [[*self.noise(n), v, s, check, 1e-6, 0, ""] for v, s, n, _ in self.cells
                  for check in ("own operator, against the record", "slice, against strided")])

    def mechanism(self):
        """Made-up curves; the first variants' networks only, as `study compare` looks into."""
        operators = [*self.variants, "slice"]
        grid = [k / 64 for k in range(1, 32) if k != 16]
        self.add("mechanism_response", ["variant", "signal", "direction", "frequency", "gain", "gain_low", "gain_high", "mean_ratio",
                                        "elsewhere"],
                 [[v, s, d, f, math.cos(math.pi * f) + .05 * k, math.cos(math.pi * f), 1, 1, .1] for k, v in enumerate(operators)
                  for s in ("level", "rectified") for d in ("horizontal", "diagonal") for f in grid])
        figures = [("level gratings, horizontal", "aliased_share", .2), ("noise on a level", "variance_ratio", .25),
                   ("noise on a level", "mean_shift", .5), ("shift by 1 px", "error", .1)]
        figures += [(f"{tone} spot, 1 px", m, x) for tone in ("bright", "dark") for m, x in (
            ("peak", .25), ("peak_low", 0), ("peak_high", 1), ("mass", 1))]
        self.add("mechanism_signal", ["variant", "probe", "metric", "value", "se"], [[v, *f, 0] for v in operators for f in figures])
        places = [(layer, place, m) for layer in ("pool1", "pool2") for place in ("before", "after", "change")
                  for m in ("mean", "zeros", "tail", "high_frequencies", "p99") if place == "change" or m != "p99"]
        noises, self.noises = self.noises, [0]
        self.topic("mechanism_layers", (["layer", "place", "metric"], places))
        self.topic("mechanism_logit", (["class", "metric"], [(c, m) for c in ("NORMAL", "PNEUMONIA") for m in ("logit", "bias")]))
        views = ["whole", "border_grey", "border_other", "border_alone", "noise"]
        self.topic("mechanism_border", (["seen", "metric"], [(s, "auc") for s in views] + [("windows", "border_share")]))
        for name in ("mechanism_layers", "mechanism_logit", "mechanism_border"):
            del self.tables[f"{name}_seed"]
        self.noises = noises
        edges = [0, *(.05 + .1 * k for k in range(10)), 1]
        windows = [[edges[r], edges[c], edges[r + 1], edges[c + 1]] for r in range(11) for c in range(11)]
        self.add("mechanism_map", ["variant", "class", "top", "left", "bottom", "right", "logit_fall", "evidence_share", "images", "seeds"],
                 [[v, c, *w, (w[0] - .5) * (1 + k), 1 / 121, 16, 2] for k, v in enumerate(self.variants) for c in ("NORMAL", "PNEUMONIA")
                  for w in windows])
        self.add("mechanism_example", ["variant", "seed", "name", "class", "image_logit", "top", "left", "bottom", "right", "logit_fall"],
                 [[v, 1, self.names[i], ("NORMAL", "PNEUMONIA")[i % 2], .3, *w, w[1] - .5] for v in self.variants for i in range(2)
                  for w in windows])
        self.add("mechanism_words", ["word", "measure", "layer", "variant_a", "variant_b", "no_effect", "value", "low", "high", "se", "p",
                                     "p_holm", "method", "not_estimable", "reading"],
                 [["smooths spatial activations", "variance of white noise that is left", "signal", v, "", 1, .25, .25, .25, 0, NAN, NAN,
                   "exact", "", "yes"] for v in operators]
                 + [["leans on the border", "AUC with the border greyed out, minus AUC", "", a, b, 0, .01, -.02, .04, .01, .2, .4, "stand-in",
                     "", "cannot tell"] for a, b in self.pairs])

    def limits(self):
        """What label noise has as a column, training-set size has too; smaller sets only where learning curves are drawn."""
        for name, (columns, rows) in self.tables.items():
            if "noise" not in columns or name == "verdicts":
                continue
            at = columns.index("noise") + 1
            more = self.sizes[1:] if name in ("cells", "generalization", "gap", "decision") else []
            rows[:] = [row[:at] + ["all"] + row[at:] for row in rows] + [
                row[:at] + [size] + row[at:] for size in more for row in rows if row[at - 1] == 0]
            columns.insert(at, "train_images")
            if name == "cells":
                columns += ["train_count", "learnt"]
                place = columns.index("train_images")
                rows[:] = [row + [{"all": 5000}.get(row[place]) or float(row[place]), row[place] != "100" and tuple(row[:2]) != self.unlearnt]
                           for row in rows]
            if "detectable" in columns and self.unlearnt:
                columns.append("not_learnt")
                rows[:] = [row + [float(self.unlearnt[0] in row)] for row in rows]
        several = len(self.sizes) > 1
        metrics = ["auc", "gap"] + [f"half/{m}" for m in ("sensitivity", "specificity", "excess_positive")]
        self.add("limited", ["variant", "metric"] + OVER, [[v, m] + over(.01, .01, .04) for v in self.variants for m in metrics if several])
        self.add("limited_difference", ["variant_a", "variant_b", "metric"] + OVER,
                 [[a, b, m] + over(-.01, .02, .3, detectable=.03) for a, b in self.pairs for m in metrics if several])

    def latencies(self):
        where = ["variant", "batch", "wait", "load"]
        arms = [[v, b, w, l] for v in self.variants for b in (1, 32) for w in ("active", "passive") for l in (
            "none", "compute", "memory")] if self.latency else []
        time = {tuple(a): TIMES.get(a[0], 20) * (a[1] / 32 if a[1] > 1 else .05) * (1 if a[3] == "none" else 1.9) for a in arms}
        self.add("flops_latency", ["variant", "size", "engine", "batch", "threads", "mflop", "median_ms", "median_low_ms", "median_high_ms",
                                   "samples", "busy"],
                 [[v, size, engine, 32, 2, size * size / 500, size / 10 + place, size / 10, size / 8, 9, 0] for place, v in enumerate(self.variants)
                  for size in (80, 320) for engine in ("primitives", "fused") if self.latency])
        quantiles = [f"{q}{e}_ms" for q in ("median", "p90", "p99") for e in ("", "_low", "_high")]
        self.add("latency", where + quantiles + ["images_per_s", "samples", "disturbed", "busy"],
                 [a + [time[tuple(a)] * f for f in (1, .99, 1.01, 1.2, 1.15, 1.3, 1.6, 1.5, 1.9)]
                  + [1e3 * a[1] / time[tuple(a)], 60, 2, 0] for a in arms])
        self.add("latency_warnings", ["part", "sentence"], [["spread", "Stand-in warning on latency."] for _ in arms[:1]])
        self.add("latency_stability", where + ["processes", "iqr_percent", "within_percent", "between_percent", "over_time_percent",
                                               "lowest_ms", "highest_ms", "next_low_ms", "next_high_ms", "memory_correlation", "spread"],
                 [a + [3, 2.5, .8, 1.5, .2] + [time[tuple(a)] * f for f in (.99, 1.01, .95, 1.05)] + [.4, ""] for a in arms])
        self.add("latency_ratio", ["variant_a", "variant_b", "batch", "wait", "load"] + ESTIMATE,
                 [[a, b, n, "active", "none"] + estimate(TIMES.get(a, 20) / TIMES.get(b, 20), p=.001) for a, b in self.pairs for n in (1, 32)
                  if arms])
        self.add("latency_load", where + ESTIMATE, [a + estimate(1.9 if a[2] == "active" else 1.4, .1) for a in arms if a[3] != "none"])
        self.add("latency_processes", where + ["process", "start_s", "median_ms", "samples", "disturbed", "memory_slowdown", "unlike"],
                 [a + [r, 9. * r, time[tuple(a)] * (1 + .01 * (r - 1)), 20, 0, 1.1, 0] for a in arms for r in range(3)])
        self.add("latency_memory", ["wait", "process", "start_s", "l2_ns", "l3_ns", "memory_ns", "read_gb_per_s", "l3_ours_mib",
                                    "memory_slowdown"],
                 [["active", r, 9. * r + i, 4, 20, 100, 12, 6, 1 + .1 * i] for r in range(3) for i in range(4) if arms])
        self.add("latency_samples", where + ["process", "sample", "ms"],
                 [a + [r, i, time[tuple(a)] * (1 + abs(self.random.normal()) * .05)] for a in arms for r in range(3) for i in range(20)])

    def answers(self):
        rows = []
        for v in self.variants:
            for column in ("val_auc", "f1", "precision", "recall", "val_accuracy", "train_accuracy"):
                rows.append([v, column, .8, self.level(v), self.level(v) - .02, self.level(v) + .02, ""])
            for column, value in (("ms_per_batch", TIMES.get(v, 20)), ("images_per_s", 1e3)):
                rows.append([v, column, 100., value, value * .99, value * 1.01, ""] if self.latency else
                            [v, column, 100., NAN, NAN, NAN, "no latency measured"])
        self.add("headline", ["variant", "column", "original", "value", "low", "high", "not_estimable"], rows)
        columns = ["question", "family", "comparison", "noise_kind", "noise", "value", "low", "high", "p", "p_holm", "detectable",
                   "verdict", "sentence"]
        ratios = {pair: TIMES.get(pair[0], 20) / TIMES.get(pair[1], 20) for pair in self.pairs}
        self.add("verdicts", columns, [
            [q, q, f"{a} - {b}", "", 0, -.041, -.073, -.01, .004, .02, .05, "lower" if "specificity" in q else "cannot tell",
             f"stand-in sentence on {q}: {a} against {b}"]
            for q in QUESTIONS for a, b in self.pairs] + [
            [LATENCY, LATENCY, f"{a} / {b}", "", 0, ratio, ratio * .98, ratio * 1.02, 1e-5, .0004, 1.01, "lower" if ratio < 1 else "higher",
             f"stand-in sentence on {LATENCY}: {a} against {b}"]
            for (a, b), ratio in ratios.items() if self.latency] + [
            [BIAS, BIAS, v, "", 0, .2 + .01 * i, .15, .27, 1e-5, .0004, .05, "higher", f"stand-in sentence on {BIAS}: {v}"]
            for i, v in enumerate(self.variants) if self.pairs])
        self.add("answer", ["part", "sentence"], [[part, f"Stand-in answer on {part}."] for part in ("accuracy", "bias", "latency") if self.pairs])
        self.add("claims", ["claim", "measurement", "verdict", "how_decided", "repeat_with"], [
            ["AvgPool is conservative", "stand-in measurement", verdict, "by its interval", "study compare"]
            for verdict in ("supported", "contradicted", "cannot tell") if len(self.variants) > 2])

    def write(self, with_cells=True, with_json=False):
        for part in (self.study, self.generalization, self.decisions, self.calibration_and_shift, self.swaps, self.mechanism,
                     self.latencies, self.answers, self.limits):
            part()
        self.folder.mkdir(parents=True, exist_ok=True)
        head = {"command": "study compare --seeds 2", "data": "stand-in data", "negative": "NORMAL", "positive": "PNEUMONIA",
                "confidence": .95, "alpha": .05, "resamples": 200, "cost_ratio": 3.0}
        environment = {"cpu_model": "stand-in CPU", "threads": "2", "version": "0.1.0", "commit": "abc", "onednn_version": "3.2.0"}
        settings, notes = {"data": str(self.folder / "data")}, ["a stand-in's note"]
        described = {name: {"title": name, "columns": [{"name": c, "unit": "", "help": ""} for c in columns]}
                     for name, (columns, _) in self.tables.items()}
        with h5py.File(self.folder / "compare.h5", "w") as h5:
            h5.attrs.update({"format": "downscalexr-compare", "version": 1, **head})
            for name, value in (("environment", environment), ("settings", settings), ("notes", notes), ("columns", described)):
                h5[f"{name}_json"] = json.dumps(value)
            for name, (columns, rows) in self.tables.items():
                for i, column in enumerate(columns):
                    h5[f"{name}/{column}"] = column_of([row[i] for row in rows])
        if with_json:
            tables = {name: {**described[name], "rows": [[clean(v) for v in row] for row in rows]} for name, (_, rows) in self.tables.items()}
            (self.folder / "compare.json").write_text(json.dumps({
                "format": "downscalexr-compare", "version": 1, **head, "environment": environment, "settings": settings, "notes": notes,
                "tables": tables}))
        if with_cells:
            self.write_cells()

    def write_cells(self):
        for variant, seed, _, name in self.cells:
            (self.folder / "cells" / name).mkdir(parents=True, exist_ok=True)
            with h5py.File(self.folder / "cells" / name / "run.h5", "w") as h5:
                h5.attrs["command"] = f"study train --variant={variant} --seed={seed}"
                steps = [s for s in STEPS if variant != "strided" or not s[0].startswith("pool")]
                for column, values in (("step", [s[0] for s in steps]), ("layer", [s[0] for s in steps]), ("impl", ["jit"] * len(steps)),
                                       ("src", ["f32 nhwc"] * len(steps)), ("dst", ["f32 nhwc"] * len(steps)),
                                       ("mflop", [s[1] for s in steps]), ("min_mb", [s[2] for s in steps])):
                    h5[f"plans/inference_batch_32/{column}"] = column_of(values)
                for column, values in (("step", [s[0] for s in steps]), ("layer", [s[0] for s in steps]),
                                       ("median_ns", [s[3] * 1e6 for s in steps])):
                    h5[f"latency/batch_32/steps/{column}"] = column_of(values)
                for split, subjects in (("train", ["a", "b", "c"]), ("val", ["d"]), ("test", ["c", "e"])):
                    h5[f"predictions/{split}/subject"] = column_of(subjects)

    def write_explanation(self):
        (self.folder / "explain.json").write_text(json.dumps({
            "format": "downscalexr-explain", "version": 1, "command": "study explain", "noise": [], "machine": {}, "left_out": ["fused"],
            "settings": {"variants": "maxpool,strided"}, "environment": {"cache_l1": "2 x 48 KiB, 64-byte lines", "cache_l2": "2 x 1 MiB"},
            "experiments": explained()}))

    def write_images(self, licence="Source: nobody, licensed CC BY 4.0."):
        for name in self.names:
            file = self.folder / "data" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(self.random.integers(0, 255, (224, 200), numpy.uint8)).save(file)
        if licence:
            (self.folder / "data" / "README.md").write_text(f"# Stand-in\n\n{licence}\n")


def finding(identity, value, text="stand-in finding"):
    return {"id": identity, "text": text, "unit": "ms", "value": value, "low": value * .9, "high": value * 1.1, "is_part": True}


def explained():
    """Experiments of `study explain` that have figures of their own."""
    def experiment(name, findings, tables):
        return {"name": name, "question": f"what does {name} say?", "command": "study explain", "notes": ["a note"], "findings": findings,
                "spread": "processes differ" if name == "factorial" else "",
                "tables": [{"name": n, "title": n, "in_text": True, "rows": rows,
                            "columns": [{"name": c, "unit": "", "digits": 2} for c in columns]} for n, columns, rows in tables]}
    pair = "factorial/maxpool-strided"
    curve = ["side", "batch", "touched", "time", "per output pixel", "low", "high", "bandwidth"]
    points = [[10., 1., 10. ** k, 1., 3. + k, 2.9 + k, 3.1 + k, 5.] for k in range(-2, 3)]
    return [
        experiment("account", [finding("account/block1 maxpool/traffic", .8, "block1 maxpool: not explained: strips says memory traffic")],
                   [("account", ["step", "cause", "together", "strips"], [["block1 maxpool", "traffic", "NOT EXPLAINED", "supports 80%"]])]),
        experiment("whole", [finding("whole/maxpool-strided", 16)], []),
        experiment("factorial", [finding(pair + rest, value) for rest, value in (
            ("/block1", 8.5), ("/block1/convolution", 4.7), ("/block1/traffic", 1.7), ("/block1/operator", 2.1), ("/network", 16.1),
            ("/residual", .9))], []),
        experiment("strips", [finding("strips/block1/maxpool/traffic", 3.2), finding("strips/block1/maxpool/arithmetic", 1.1)],
                   [("block1_maxpool", ["fits", "operator", "low", "high"], [[f, t, t * .9, t * 1.1] for f, t in (("L1", 1.7), ("L2", 1.1))])]),
        experiment("working_set", [finding("working_set/block1/maxpool", 5)],
                   [("block1_convolution", curve, points), ("block1_maxpool", curve, points)]),
        experiment("prediction", [finding("prediction/maxpool", 1.7)],
                   [("maxpool", ["step", "measured", "predicted", "ratio", "arithmetic", "traffic"],
                     [["conv1", 7.8, 4.7, 1.7, 4.7, 1.1], ["pool1", 4.2, 1., 4.1, .2, 1.]])])]


def column_of(values):
    if any(isinstance(v, str) for v in values):
        return numpy.array([str(v).encode() for v in values])
    return numpy.array(values, float)


def clean(value):
    if isinstance(value, str):
        return value
    return None if not math.isfinite(value) else float(value)
