#!/usr/bin/env python3
"""Tests of scripts/report on stand-in results: every figure is there, the page needs nothing from elsewhere, the sentences
appear, what is missing is said, and wrong input ends in one clear line. Skipped (77) without matplotlib and its company.
usage: report_test.py [unittest's own arguments]"""

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
LACKING = [name for name in ("matplotlib", "h5py", "numpy", "jinja2", "PIL") if importlib.util.find_spec(name) is None]
if LACKING:
    print(f"skipped: {sys.executable} lacks {', '.join(LACKING)} (scripts/setup --dev installs them)")
    sys.exit(77)

import h5py  # noqa: E402

from report_standin import StandIn  # noqa: E402

FIGURES = """model_comparison confusion_avgpool roc_avgpool pr_avgpool confusion_maxpool roc_maxpool pr_maxpool confusion_strided
roc_strided pr_strided roc_all auc_by_split gap_auc gap_accuracy auc_difference seeds_auc seeds_sensitivity seeds_specificity
spread_parts epochs_val_auc epochs_val_loss epochs_val_accuracy epochs_train_loss noise_symmetric_auc noise_symmetric_sensitivity
noise_symmetric_specificity decision_sensitivity decision_specificity decision_predicted_positive_rate difference_sensitivity
difference_specificity difference_predicted_positive_rate reliability_avgpool reliability_maxpool reliability_strided
calibration_error calibration_line shift_changed shift_probability_change shift_accuracy_loss swap_parts_logit limited_auc limited_gap
limited_sensitivity limited_specificity limited_excess limited_spread limited_interaction
swap_parts_half_predicted_positive_rate swap_parts_auc swap_dose_logit swap_dose_half_predicted_positive_rate swap_change_logit
swap_change_half_predicted_positive_rate latency_batch1 latency_batch32
calibration_error calibration_line shift_changed shift_probability_change shift_accuracy_loss mechanism_response_level
mechanism_response_rectified mechanism_noise mechanism_spot mechanism_high_frequencies mechanism_p99 mechanism_tail mechanism_maps
mechanism_examples mechanism_border latency_batch1 latency_batch32
latency_tail_batch1 latency_tail_batch32 latency_processes_batch1 latency_processes_batch32 latency_memory latency_load_batch1 latency_load_batch32
accuracy_latency accuracy_throughput accuracy_size throughput cpu_efficiency layers_time layers_work layers_traffic
explain_parts_maxpool-strided explain_strips explain_strips_levels explain_working_set_convolution explain_working_set_operator
explain_prediction_maxpool forest flops_latency""".split()


class Page(HTMLParser):
    """Every address that a browser would fetch or go to, the element that holds it, and the text."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.tags, self.identities, self.words = [], [], set(), []
        self.feed(re.sub(r"</?abbr[^>]*>", "", text))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.addresses.append(value)
            if name == "id":
                self.identities.add(value)

    def handle_data(self, data):
        if self.tags[-1:] not in (["style"], ["script"]):
            self.words.append(data)


def live(html):
    """The one drawing that is part of the page itself."""
    return re.search(r'<figure class="live">(<svg.*?</svg>)', html, re.S)[1]


def run(*arguments):
    environment = {**os.environ, "DOWNSCALEXR_PYTHON": sys.executable, "LC_ALL": "C.UTF-8"}
    return subprocess.run([str(ROOT / "scripts" / "report"), *map(str, arguments)], capture_output=True, text=True, env=environment, check=False)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name) / "a study"
        cls.standin = StandIn(cls.folder)
        cls.standin.write()
        cls.standin.write_images()
        cls.standin.write_explanation()
        cls.result = run(cls.folder, "--images")
        cls.out = cls.folder / "report"
        if cls.result.returncode == 0:
            cls.html = (cls.out / "report.html").read_text("utf-8")
            cls.page = Page(cls.html)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.assertEqual(self.result.returncode, 0, self.result.stderr)

    def test_writes_every_figure_once_as_svg(self):
        there = {path.stem for path in (self.out / "figures").glob("*.svg")}
        self.assertEqual(set(FIGURES) - there, set())
        self.assertEqual(list((self.out / "figures").glob("*.png")), [])
        for name in there:
            figure = ElementTree.parse(self.out / "figures" / f"{name}.svg").getroot()
            self.assertEqual(figure.tag, "{http://www.w3.org/2000/svg}svg", name)
            self.assertGreater(min(float(v) for v in figure.get("viewBox").split()[2:]), 100, name)
            words = [text for element in figure.iter("{http://www.w3.org/2000/svg}text") for text in element.itertext()]
            self.assertGreater(len(words), 4, name)
            names = {element.get("id") for element in figure.iter()}
            text = (self.out / "figures" / f"{name}.svg").read_text("utf-8")
            self.assertEqual(set(re.findall(r'(?:href="|url\()#([^")]+)', text)) - names, set(), name)

    def test_page_is_small(self):
        self.assertLess(len(self.html.encode()), 2_000_000)

    def test_shows_every_figure_in_page_and_markdown(self):
        markdown = (self.out / "report.md").read_text("utf-8")
        drawn = list((self.out / "figures").glob("*.svg"))
        embedded = [urllib.parse.unquote(a.split(",", 1)[1]) for a in self.page.addresses if a.startswith("data:image/svg+xml")]
        self.assertEqual(len(embedded), len(drawn) - 1)  # all but the live one
        for picture in embedded:
            self.assertEqual(ElementTree.fromstring(picture).tag, "{http://www.w3.org/2000/svg}svg")
        for figure in drawn:
            self.assertIn(f"(figures/{figure.name})", markdown)

    def test_page_needs_nothing_from_elsewhere(self):
        for address in self.page.addresses:
            self.assertTrue(address.startswith(("data:image/", "#")), address[:80])
        for anchor in (a[1:] for a in self.page.addresses if a.startswith("#")):
            self.assertIn(anchor, self.page.identities)
        for tag in ("link", "iframe", "object", "embed"):
            self.assertNotIn(tag, self.page.tags)
        self.assertNotRegex(self.html, r"<script[^>]+src")
        style = re.search(r"<style>(.*?)</style>", self.html, re.S)[1]
        self.assertNotRegex(style, r"@import|url\(")

    def test_fits_a_phone(self):
        self.assertIn('<meta name="viewport" content="width=device-width', self.html)
        html = self.html[:self.html.index("<script")]
        tables, boxes = len(re.findall("<table[ >]", html)), len(re.findall(r'<div class="box"[^>]*><table[ >]', html))
        self.assertGreater(tables, 5)
        self.assertEqual(tables, boxes)

    def test_holds_every_verdict_and_claim(self):
        markdown = (self.out / "report.md").read_text("utf-8")
        for name, column in (("verdicts", "sentence"), ("claims", "measurement")):
            columns, rows = self.standin.tables[name]
            for row in rows:
                sentence = row[columns.index(column)].rstrip(".")
                sentence = sentence[1:]  # its first letter may have become a capital
                self.assertIn(sentence, self.page.text)
                self.assertIn(sentence, markdown)
        self.assertIn("9 of 24 comparisons decided", self.page.text)
        for word in ("supported", "contradicted", "cannot tell", "a stand-in's note", "study compare --seeds 2"):
            self.assertIn(word, self.page.text)

    def test_sums_up_every_comparison_above_their_table(self):
        for sentence in (
                "3 of 18 comparisons of accuracy, errors, calibration and shift consistency and 3 of 3 comparisons of latency",
                "Test AUC with clean labels avgpool 0.900 (0.880 to 0.920)", "(no two of them are told apart)",
                "the fastest first: strided 8.60 ms, avgpool 24.0 ms and maxpool 25.6 ms",
                "avgpool is 1.07 (1.05 to 1.09) times as fast as maxpool",
                "At probability .5 avgpool, maxpool and strided call more images positive than there are, by 20.0 to 22.0 points: "
                "towards false alarms.", "Of 3 claims of the original study, judged one by one below: 1 supported, 1 contradicted and "
                "1 left open."):
            self.assertIn(sentence, self.page.text)
            self.assertLess(self.page.text.index(sentence), self.page.text.index("Each sentence has the 95% interval"), sentence)

    def test_answers_first(self):
        """The sentences of the table `answer`, the differences, the variants; everything else after."""
        first = self.html[self.html.index("<main>"):self.html.index('id="shared"')]
        columns, rows = self.standin.tables["answer"]
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertIn(row[columns.index("sentence")], re.sub("<.*?>", "", first))
        self.assertIn("data-label=\"test AUC\"", first)
        self.assertNotIn("<details", first)
        self.assertLess(first.index('class="answer"'), first.index("<svg"))

    def test_tells_numbers_to_a_pointer(self):
        drawing = ElementTree.fromstring(live(self.html))
        told = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}title")]
        self.assertIn("maxpool - avgpool, test AUC: -4.1 points (-7.3 to -1.0); cannot tell", told)

    def test_explains_words_where_they_first_stand(self):
        section = self.html[self.html.index('id="decisions"'):self.html.index('id="latency"')]
        self.assertEqual(section.count('>Youden threshold</abbr>'), 1)
        self.assertIn("share of the truly negative images", self.html[self.html.index('id="glossary"'):])

    def test_tables_sort_and_filter_with_the_script_in_the_page(self):
        from_debian = Path("/usr/share/javascript/jquery-tablesorter/js/jquery.tablesorter.min.js")
        if not from_debian.is_file():
            self.skipTest("libjs-jquery-tablesorter is not installed")
        self.assertIn("sortable", re.search(r'id="found".*?<table class="([^"]*)"', self.html, re.S)[1])
        self.assertIn("tablesorter({ widgets", self.html)

    def test_folds_what_is_not_the_answer(self):
        for identity in ("found", "training", "calibration", "costs"):
            start = self.html.index(f'<section id="{identity}">')
            self.assertTrue(self.html[start:].split(">", 1)[1].lstrip().startswith('<details class="section">'), identity)

    def test_says_the_cost_that_the_threshold_was_chosen_by(self):
        self.assertIn("a miss costs 3 false alarms", self.page.text)
        self.assertNotIn("a miss costs 5 false alarms", self.page.text)

    def test_writes_p_in_one_way(self):
        self.assertIn("maxpool - avgpool lower .004 .020", self.page.text)
        sys.path.insert(0, str(ROOT / "scripts" / "report.d"))
        import words
        told = [words.p_text(p) for p in (.0004, .02, .4, .99851, 1)]
        self.assertEqual(told, ["p < .001", "p = .020", "p = .400", "p = .999", "p > .999"])  # as verdicts_test.cpp
        self.assertEqual(words.p_value(float("nan")), "not tested")

    def test_names_the_experiments_that_the_explanation_left_out(self):
        self.assertIn("Experiments not run: fused.", self.page.text)

    def test_shows_no_folder_of_this_machine(self):
        for text in (self.page.text, (self.out / "report.md").read_text("utf-8"), (self.out / "headline.md").read_text("utf-8")):
            self.assertNotIn(self.scratch.name, text)
            self.assertIsNone(re.search(r"(^|[^A-Za-z0-9_.])/(work|root|tmp|home)/", text))

    def test_says_why_a_figure_has_no_number(self):
        self.assertIn("fewer than 10 of a class", self.page.text)

    def test_headline_has_ours_with_interval_beside_the_original(self):
        lines = (self.out / "headline.md").read_text("utf-8").splitlines()
        ours = next(line for line in lines if line.startswith("| maxpool | ours |"))
        self.assertIn("0.910 (0.890 to 0.930)", ours)
        self.assertIn("| original | 0.800 |", lines[lines.index(ours) + 1])

    def test_shows_few_small_images_with_their_licence(self):
        pictures = sorted((self.out / "figures" / "images").glob("*.png"))
        for variant in self.standin.variants:
            mine = [p for p in pictures if p.name.startswith(variant)]
            self.assertTrue(1 <= len(mine) <= 12, f"{variant}: {len(mine)}")
        for picture in pictures:
            self.assertLessEqual(max(struct.unpack(">II", picture.read_bytes()[16:24])), 96)
        self.assertIn("licensed CC BY 4.0", self.page.text)
        self.assertIn("test/PNEUMONIA/person", self.page.text)

    def test_counts_subjects_that_splits_share(self):
        self.assertIn("1 subject occurs in both train and test", self.page.text)


class Paths(unittest.TestCase):
    def test_are_portable(self):
        sys.path.insert(0, str(ROOT / "scripts" / "report.d"))
        from portable import portable
        for before, after in (
                ("study report /a/b/clone/results/x --threads 2", "study report results/x --threads 2"),
                ("--data=/a/b/shared/set", "--data=../shared/set"), ("'/h/me/.cache/d.h5': 5 images", "'~/.cache/d.h5': 5 images"),
                ("(/x/y/z/peers.json)", "(.../z/peers.json)"), ("/proc/self/schedstat, /usr/bin/python3", "/proc/self/schedstat, /usr/bin/python3"),
                ("https://host/owner/repo and results/x/y, images/s and MB/s", "https://host/owner/repo and results/x/y, images/s and MB/s"),
                ("../shared/data/x ~/a/b", "../shared/data/x ~/a/b")):
            self.assertEqual(portable(before, "/a/b/clone", "/h/me"), after)


class WhatIsMissing(unittest.TestCase):
    def test_is_said(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            StandIn(folder, variants=("slice",), seeds=(1,), noises=(0,), latency=False).write(with_cells=False)
            result = run(folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            text = Page((folder / "report" / "report.html").read_text("utf-8")).text
            for words in ("No latency was measured", "No label noise in this comparison", "No explanation of the latency",
                          "nothing to compare", "No claims were judged", "No thumbnails", "Not read: slice-seed1-clean",
                          "The cells' plans were not found", "No paired differences", "One seed"):
                self.assertIn(words, text)
            self.assertFalse((folder / "report" / "figures" / "accuracy_latency.svg").exists())

    def test_marks_networks_that_have_not_learnt(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            standin = StandIn(folder, noises=(0,), sizes=("all",))
            standin.unlearnt = ("maxpool", 1)
            standin.write(with_cells=False)
            result = run(folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            html = (folder / "report" / "report.html").read_text("utf-8")
            page = Page(html)
            self.assertIn("maxpool !", page.text)
            self.assertIn("maxpool - avgpool !", page.text)
            self.assertNotIn("avgpool !", page.text.replace("- avgpool !", ""))
            self.assertIn("Marked with !: 1 network of 6 that have not learnt", page.text)
            self.assertIn("maxpool-seed1-clean", page.text)
            unmarked = [row for row in re.findall(r"<tr>(.*?)</tr>", html, re.S)
                        if re.search(r">maxpool<", row) and re.search(r"\d \([-+.\d]+%? to ", row) and " !" not in row
                        and not re.search("alone|beside|operator", row)]  # times and signals owe nothing to learning
            self.assertEqual([re.sub("<[^>]+>", " ", row)[:120] for row in unmarked], [])

    def test_reads_json_without_hdf5(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            StandIn(folder, seeds=(1, 2), noises=(0,)).write(with_cells=False, with_json=True)
            (folder / "compare.h5").unlink()
            result = run(folder, "--no-images")
            self.assertEqual(result.returncode, 0, result.stderr)
            text = Page((folder / "report" / "report.html").read_text("utf-8")).text
            self.assertIn("0.910 (0.890 to 0.930)", text)


class WrongInput(unittest.TestCase):
    def refused(self, *arguments, words, code=3):
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        lines = result.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("scripts/report: "), lines[0])
        for word in words:
            self.assertIn(word, lines[0])

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def test_missing_folder(self):
        self.refused(self.folder / "nowhere", words=["nowhere", "no such folder", "study compare"])

    def test_folder_without_results(self):
        self.refused(self.folder, words=["neither compare.h5 nor compare.json", "study report"])
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_damaged_hdf5(self):
        StandIn(self.folder).write(with_cells=False)
        file = self.folder / "compare.h5"
        file.write_bytes(file.read_bytes()[:5000])
        self.refused(self.folder, words=["compare.h5", "cannot be read"])

    def test_damaged_json(self):
        (self.folder / "compare.json").write_text('{"format": "downscalexr-compare", "version": 1}')
        self.refused(self.folder, words=["compare.json", "cannot be read"])

    def test_another_version(self):
        (self.folder / "compare.json").write_text(json.dumps({"format": "downscalexr-compare", "version": 99}))
        self.refused(self.folder, words=["version 99", "expected"])

    def test_table_that_lacks_a_column(self):
        standin = StandIn(self.folder, seeds=(1,), noises=(0,))
        standin.write(with_cells=False)
        with h5py.File(self.folder / "compare.h5", "r+") as h5:
            described = json.loads(h5["columns_json"][()])
            described["headline"]["columns"] = [c for c in described["headline"]["columns"] if c["name"] != "original"]
            del h5["columns_json"]
            h5["columns_json"] = json.dumps(described)
        self.refused(self.folder, words=["headline", "original"])
        self.assertFalse((self.folder / "report").exists())

    def test_no_finished_cell(self):
        standin = StandIn(self.folder, variants=())
        standin.write(with_cells=False)
        self.refused(self.folder, words=["no finished cell"])

    def test_explanation_that_is_none(self):
        StandIn(self.folder, seeds=(1,), noises=(0,)).write(with_cells=False)
        (self.folder / "explain.json").write_text("{}")
        self.refused(self.folder, words=["explain.json"])

    def test_unknown_option(self):
        self.assertEqual(run(self.folder, "--frobnicate").returncode, 2)

    def test_page_cannot_be_written(self):
        StandIn(self.folder, seeds=(1,), noises=(0,)).write(with_cells=False)
        (self.folder / "file").write_text("")
        self.refused(self.folder, "--out", self.folder / "file" / "report", words=["cannot be written"], code=4)


if __name__ == "__main__":
    unittest.main()
