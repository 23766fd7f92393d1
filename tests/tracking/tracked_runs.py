"""What tests with a real MLflow server share: `study` as a program, and its runs read back with MLflow's own client."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
STUDY = str(Path(sys.argv.pop(1)).resolve())

from real_server import Server, tiny  # noqa: E402, F401  (first: it cleans the environment)

from mlflow import MlflowClient  # noqa: E402

SECRET = "hunter2-s3cret"


def without_advice(err):
    """A run of seconds has not learnt, and is told so."""
    return "".join(line for line in err.splitlines(True) if "has not learnt" not in line)


class TrackedRuns(unittest.TestCase):
    """One server for all tests of a program, an experiment and a folder for each."""

    warm = False  # of the server

    @classmethod
    def setUpClass(cls):
        cls.base = Path(tempfile.mkdtemp(prefix="tracking_"))
        cls.server = Server(cls.base, cls.warm)
        # ctest's time limit: the server is a session of its own and would stay.
        signal.signal(signal.SIGTERM, lambda *_: (cls.server.close(), os._exit(143)))
        began = time.time()
        cls.server.start()
        print(f"the server started in {time.time() - began:.1f} s", file=sys.stderr)
        cls.client = MlflowClient(cls.server.url)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.base)

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1]
        self.folder = self.base / self.name
        (self.folder / "home").mkdir(parents=True)
        self.run_folder = self.folder / "results/runs/x"
        self.outputs, self.began = "", time.time()

    def tearDown(self):
        print(f"{time.time() - self.began:.1f} s ", end="", file=sys.stderr)

    def start(self, words, **environment):
        names = {**os.environ, "HOME": str(self.folder / "home"), "LOGNAME": "somebody", **environment}
        return subprocess.Popen([STUDY, *map(str, words)], cwd=self.folder, env=names, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def study(self, *words, code=0, **environment):
        process = self.start(words, **environment)
        out, err = process.communicate(timeout=900)
        self.outputs += out + err
        err = without_advice(err)
        if code is not None:
            self.assertEqual(process.returncode, code, out + err)
        return out, err

    def train(self, *words, url=None, **environment):
        track = ["--track", url or self.server.url, "--experiment", self.name]
        return self.study(*tiny(), "--name", "x", *track, *words, **environment)

    def runs(self, name=None):
        experiment = self.client.get_experiment_by_name(name or self.name)
        return [] if experiment is None else list(self.client.search_runs([experiment.experiment_id]))

    def only_run(self):
        runs = self.runs()
        self.assertEqual(len(runs), 1)
        return runs[0]

    def points(self, run):
        """Metric -> its points in order of steps: everything a duplicate would show in. NaN, which equals nothing, is None."""
        return {key: sorted((m.step, None if m.value != m.value else m.value) for m in self.client.get_metric_history(run.info.run_id, key))
                for key in run.data.metrics}  # fmt: skip

    def expect_whole(self, run, folder=None, status="FINISHED"):
        """The server has what the run's own files say, each point once."""
        summary = json.loads(((folder or self.run_folder) / "summary.json").read_text())
        self.assertEqual(run.info.status, status)
        points = self.points(run)
        epochs = summary["training"]["epochs"]
        for split in ("train", "val"):
            for key in ("loss", "accuracy", "precision", "recall", "specificity", "f1", "auc"):
                values = [(e["epoch"], e[split][key]) for e in epochs]
                self.assertEqual(points[f"{split}_{key}"], values, f"{split}_{key}")
        for latency in summary["latency"]:
            (point,) = points[f"latency_batch{latency['batch']}_median_ms"]
            self.assertAlmostEqual(point[1], latency["median_ns"] / 1e6)
        if "best" in summary:
            self.assertEqual(points["best_test_auc"][0][1], summary["best"]["test"]["at_val_threshold"]["auc"])
        return summary

    def expect_no_secret(self):
        self.assertNotIn(SECRET, self.outputs)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.parent.name != ".mlflow":
                self.assertNotIn(SECRET.encode(), path.read_bytes(), path)

    def sent(self):
        try:
            return next(iter(json.loads((self.run_folder / "tracking.sent.json").read_text())["servers"].values()))
        except (OSError, ValueError, StopIteration):
            return None

    def expect_same_files(self, run, folder=None):
        """The server's artifacts are the run's files, byte for byte; gives their names."""
        folder = folder or self.run_folder
        got = Path(tempfile.mkdtemp(dir=self.folder))
        self.client.download_artifacts(run.info.run_id, "", str(got))
        names = sorted(str(p.relative_to(got)) for p in got.rglob("*") if p.is_file())
        for name in names:
            self.assertEqual((got / name).read_bytes(), (folder / name).read_bytes(), name)
        shutil.rmtree(got)
        return names
