"""Words of statistics and of CPUs that a reader of the other trade may not know, in one sentence each. The page explains a word
where it first stands in a section (a pointer over it shows this), and lists those that it used at its end."""

import re

from markupsafe import Markup

MEANING = {
    "AUC": "the chance that a positive image gets a higher score than a negative one: 1 is perfect, .5 is a coin",
    "sensitivity": "share of the truly positive images that are called positive (recall)",
    "specificity": "share of the truly negative images that are called negative",
    "Youden threshold": "the probability above which an image is called positive, where sensitivity + specificity is highest on val",
    "95% sensitivity on val": "the highest threshold at which 95% of val's positive images are called positive",
    "excess of positives": "share of images called positive minus the share that is positive: above 0 errs towards false alarms",
    "F1": "harmonic mean of precision and recall",
    "Brier score": "mean squared distance of the probability from what was true: 0 is perfect",
    "ECE": "expected calibration error: how far probabilities are from the shares that came true, on average",
    "calibration in the large": "how far the mean probability is from the share that is truly positive",
    "Holm": "a correction of p for having made several comparisons: it keeps the chance of any false alarm at 5%",
    "equivalent": "shown to differ by less than the margin declared beforehand (the interval lies within it)",
    "margin": "the difference that matters: declared before the run, smaller ones count as none",
    "interval": "95% of such intervals hold the true value, over new seeds and new subjects",
    "seed": "the number that draws split, starting weights, order of images and augmentation",
    "fused": "an engine of this program that runs convolution, ReLU and downsampling as one pass, without writing the image between",
    "primitives": "the engine that runs one oneDNN primitive for each layer",
    "spinning": "OpenMP threads that wait by looping (OMP_WAIT_POLICY=active): quick to react, but they hold their core",
    "passive": "OpenMP threads that wait by sleeping: slower to react, but others can use the core",
    "p99": "99% of the passes take less time than this",
    "aliased": "shown at a false, lower frequency, because too few pixels are left to tell it",
    "roofline": "the rate that a kernel could reach, limited by the CPU's arithmetic or by its memory",
    "swap": "running a trained network with another operator in the place of its own, with the same weights",
    "label noise": "training labels turned wrong on purpose; val and test keep the true ones",
}
_PATTERN = re.compile(r"(?<![\w-])(" + "|".join(sorted(map(re.escape, MEANING), key=len, reverse=True)) + r")(?![\w-])")


class Glossary:
    """Marks the first place of each word in a section."""

    def __init__(self):
        self.used, self._here = set(), set()

    def new_section(self):
        self._here = set()
        return ""

    def mark(self, escaped_text):
        """Of text that is HTML already, without tags."""
        def mark(found):
            word = found[1]
            if word in self._here:
                return word
            self._here.add(word)
            self.used.add(word)
            return f'<abbr title="{MEANING[word]}">{word}</abbr>'
        return Markup(_PATTERN.sub(mark, str(escaped_text)))

    def rows(self):
        return [(word, meaning) for word, meaning in MEANING.items() if word in self.used]
