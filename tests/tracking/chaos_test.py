#!/usr/bin/env python3
"""Rounds of SIGKILL: of the run, of `study sync`, of a real MLflow server, and an artifact store that is read-only for a
while. After the last sync the server's artifacts are the run's files, byte for byte, and it has every metric once.
usage: chaos_test.py STUDY    DOWNSCALEXR_CHAOS_ROUNDS (1) and _SEED (random, printed) from the environment"""

import json
import os
import random
import shutil
import sys
import time
import unittest
from collections import Counter

from tracked_runs import TrackedRuns, tiny  # first: it cleans the environment

ROUNDS = int(os.environ.get("DOWNSCALEXR_CHAOS_ROUNDS", "1"))
SEED = os.environ.get("DOWNSCALEXR_CHAOS_SEED", str(random.randrange(10**6)))
EPOCHS = 25


class ChaosTest(TrackedRuns):
    warm = True

    def test_chaos(self):
        began = time.time()
        self.study(*tiny(EPOCHS, 128), "--name", "untracked")
        self.seconds_of_a_run = time.time() - began  # a busy machine takes ten times as long
        print(f"a run takes {self.seconds_of_a_run:.1f} s; ", file=sys.stderr)
        total, whole = Counter(), 0
        for number in range(1, ROUNDS + 1):
            with self.subTest(round=number, seed=SEED):
                counts = Round(self, number).play()
                total += counts
                whole += 1
                print(f"round {number} of seed {SEED}: " + figures(counts), file=sys.stderr)
        print(f"{whole} of {ROUNDS} rounds: " + figures(total), file=sys.stderr)


def figures(counts):
    return ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))


class Round:
    """One run from its first epoch to a server that has all of it, over six disturbances in random order."""

    def __init__(self, test, number):
        self.test, self.name, self.counts = test, f"round{number}", Counter()
        self.random = random.Random(f"{SEED}-{number}")
        self.run_folder = test.folder / "results/runs" / self.name
        self.track = ["--track", test.server.url, "--experiment", test.name]

    def play(self):
        disturbances = [self.kill_run, self.kill_sync] * 2 + [self.kill_server, self.close_store]
        self.random.shuffle(disturbances)
        for disturb in disturbances:
            disturb()
        self.finish_run()
        self.kill_sync()
        self.test.study("sync", self.run_folder)
        self.expect_all()
        return self.counts

    def wait(self, runs):
        """Any moment of so many runs' time."""
        time.sleep(self.random.uniform(0, runs * self.test.seconds_of_a_run))

    def begin(self):
        """The run from its beginning, or resumed."""
        if (self.run_folder / "config.yaml").exists():
            return self.test.start(["--resume", self.run_folder, "--progress", "none", *self.track])
        shutil.rmtree(self.run_folder, ignore_errors=True)  # killed before its first file
        return self.test.start([*tiny(EPOCHS, 128), "--name", self.name, *self.track])

    def kill(self, process, what):
        alive = process.poll() is None
        process.kill()
        out, err = process.communicate()
        self.counts[what + " killed"] += alive
        if not alive:
            self.test.assertIn(process.returncode, (0, 3, 4), out + err)

    def kill_run(self):
        process = self.begin()
        self.wait(1)
        self.kill(process, "runs")

    def kill_sync(self):
        process = self.test.start(["sync", self.run_folder])
        self.wait(0.3)
        self.kill(process, "syncs")

    def kill_server(self):
        process = self.begin() if self.random.random() < 0.5 else self.test.start(["sync", self.run_folder])
        self.wait(0.5)
        self.test.server.kill()
        self.counts["servers killed"] += 1
        self.wait(0.5)
        early = self.random.random() < 0.5
        if early:
            self.kill(process, "runs or syncs without a server")
        self.test.server.start()
        if not early:
            self.wait(0.3)
            self.kill(process, "runs or syncs")

    def close_store(self):
        with self.test.server.read_only_artifacts():
            process = self.begin()
            self.wait(1)
            self.kill(process, "runs with a read-only store")
            self.test.study("sync", self.run_folder, code=None)
        self.counts["read-only stores"] += 1

    def finish_run(self):
        process = self.begin()
        out, err = process.communicate(timeout=900)
        self.test.assertEqual(process.returncode, 0, out + err)

    def expect_all(self):
        test = self.test
        (run,) = [run for run in test.runs() if run.info.run_name == self.name]
        test.expect_whole(run, self.run_folder)
        for key, points in test.points(run).items():
            test.assertIn(len(points), (1, EPOCHS), key)
            test.assertEqual(len({step for step, _ in points}), len(points), f"{key}: a step twice")
        names = test.expect_same_files(run, self.run_folder)
        test.assertEqual(names, ["best.h5", "config.yaml", "last.h5", "run.h5", "summary.json"])
        with open(self.run_folder / "tracking.jsonl") as journal:
            self.counts["records"] += len(journal.readlines())
        self.counts["points"] += sum(len(points) for points in test.points(run).values())
        summary = json.loads((self.run_folder / "summary.json").read_text())
        test.assertEqual(len(summary["training"]["epochs"]), EPOCHS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
