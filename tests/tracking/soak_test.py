#!/usr/bin/env python3
"""Comparisons, one after another for as long as asked, while everything fails around them: SIGKILL of the comparison, of a
cell, of the MLflow server; a full disk; a clock that is an hour slow; memory that others take. Each has to end with the
figures of one that nobody disturbed, epoch for epoch, and with all of it on the server; beside them one long run, whose
memory has to stay.
usage: soak_test.py STUDY    DOWNSCALEXR_SOAK_MINUTES (0: one comparison, and memory is left alone) and _SEED (random,
printed) from the environment"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

from tracked_runs import TrackedRuns, tiny  # first: it cleans the environment

MINUTES = float(os.environ.get("DOWNSCALEXR_SOAK_MINUTES", "0"))
SEED = os.environ.get("DOWNSCALEXR_SOAK_SEED", str(random.randrange(10**6)))
EPOCHS, CELLS = 12, 6
SWEEP = f"""--variants avgpool,maxpool,strided --seeds 2 --jobs 2 --size 32 --synthetic-train 128 --synthetic-val 32
    --synthetic-test 32 --batch 16 --epochs {EPOCHS} --threads 2 --lr .05 --schedule constant --warmup-epochs 0 --patience 0
    --progress none --no-latency --no-page --no-mechanism --no-shift --no-swap --resamples 100 --retry-failed""".split()
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
DISK_MIB = 96  # of a comparison's folder: some three times what it needs


class SoakTest(TrackedRuns):
    warm = True

    def test_soak(self):
        print(f"seed {SEED}; ", file=sys.stderr)
        reference = self.folder / "reference"
        began = time.time()
        self.study("compare", *SWEEP, "--out", reference)
        self.seconds = time.time() - began
        self.expected = figures_of(reference)
        self.assertEqual(len(self.expected), CELLS)
        self.long = LongRun(self)
        counts, number, end = Counter(), 0, time.time() + 60 * MINUTES
        while number == 0 or time.time() < end:
            number += 1
            with self.subTest(round=number, seed=SEED):
                Round(self, number, counts).play()
        self.long.end()
        print(f"{number} comparisons: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), file=sys.stderr)


def figures_of(folder):
    """Cell -> what its training gave, to the last digit that is written."""
    figures = {}
    for path in sorted(folder.glob("cells/*/summary.json")):
        summary = json.loads(path.read_text())
        epochs = [{split: epoch[split] for split in ("train", "val")} for epoch in summary["training"]["epochs"]]
        figures[path.parent.name] = [epochs, summary["best"]["test"]]
    return figures


class LongRun:
    """One process through it all. Its resident memory is looked at every few seconds."""

    def __init__(self, test):
        self.test = test
        self.process = test.start([*tiny(100000, 64), "--name", "long", "--out", test.folder / "long",
                                   "--track", test.server.url, "--experiment", "long"])  # fmt: skip
        self.kib = []

    def look(self):
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        self.kib += [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]

    def end(self):
        self.look()
        self.test.assertIsNone(self.process.poll(), "the long run ended by itself")
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=300)
        settled = self.kib[len(self.kib) // 5 :]
        grown = (max(settled[-3:]) - settled[0]) / 1024
        epochs = len(json.loads((self.test.folder / "long/long/summary.json").read_text())["training"]["epochs"])
        print(f"the long run: {epochs} epochs, {settled[0] / 1024:.1f} MiB, {grown:+.1f} MiB in the last four fifths", file=sys.stderr)
        # What it has to keep: some 2 KiB an epoch of figures, and their records until the server is back.
        self.test.assertLess(grown, 8 + epochs * 8 / 1024)


class Round:
    """One comparison from its first cell to a server that has all of it, over five kinds of disturbance in random order."""

    def __init__(self, test, number, counts):
        self.test, self.counts = test, counts
        self.random = random.Random(f"{SEED}-{number}")
        self.folder = test.folder / f"round{number}"
        self.words = ["compare", *SWEEP, "--out", self.folder / "out", "--track", test.server.url, "--experiment", self.folder.name]

    def play(self):
        self.folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", self.folder], capture_output=True)
        self.can_fill = mounted.returncode == 0
        try:
            kinds = [self.kill_all, self.kill_cell, self.kill_server, self.fill_disk, self.slow_clock]
            if MINUTES > 0:
                kinds.append(self.take_memory)
            for disturb in self.random.sample(kinds, 5):
                disturb()
                self.test.long.look()
            self.test.study(*self.words)
            self.test.study("sync", self.folder / "out")
            found = figures_of(self.folder / "out")
            for cell, expected in self.test.expected.items():
                self.test.assertEqual(found.get(cell), expected, cell)
            self.counts["cells"] += len(found)
            self.expect_server()
        finally:
            if self.can_fill:
                subprocess.run(["umount", "-l", self.folder], check=True)

    def expect_server(self):
        """A run for each cell, whole, and the comparison's own above them."""
        cells = {run.info.run_name: run for run in self.test.runs(self.folder.name)}
        for cell in self.test.expected:
            self.test.expect_whole(cells[cell], self.folder / "out/cells" / cell)
            self.test.expect_same_files(cells[cell], self.folder / "out/cells" / cell)

    def wait(self, share):
        """Any moment of so much of a comparison's time."""
        time.sleep(self.random.uniform(0, share * self.test.seconds))

    def begin(self, **environment):
        return self.test.start(self.words, **environment)

    def end(self, process, codes):
        out, err = process.communicate(timeout=900)
        self.test.assertIn(process.returncode, codes, out + err)

    def cells_of(self, process):
        listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout
        return [int(pid) for pid in listed.split()]

    def kill_all(self):
        process = self.begin()
        self.wait(0.7)
        cells = self.cells_of(process)
        process.kill()
        for pid in cells if self.random.random() < 0.5 else []:
            kill(pid)
        process.communicate()
        self.counts["comparisons killed"] += 1

    def kill_cell(self):
        process = self.begin()
        self.wait(0.5)
        for pid in self.cells_of(process)[:1]:
            kill(pid)
            self.counts["cells killed"] += 1
        self.end(process, range(256))  # a cell that failed

    def kill_server(self):
        process = self.begin()
        self.wait(0.3)
        self.test.server.kill()
        self.wait(0.5)
        self.test.server.start()
        self.counts["servers killed"] += 1
        self.end(process, (0, 4))

    def fill_disk(self):
        if not self.can_fill:
            self.counts["disks not filled, for want of the right to mount"] += 1
            return
        process = self.begin()
        self.wait(0.4)
        filler = self.folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 20)):
                    pass
            except OSError:
                pass
        self.wait(0.3)
        filler.unlink()
        self.counts["disks full"] += 1
        self.end(process, range(256))

    def slow_clock(self):
        if not Path(FAKETIME).exists():
            self.counts["clocks not set back, for want of libfaketime"] += 1
            return
        process = self.begin(LD_PRELOAD=FAKETIME, FAKETIME="-1h", FAKETIME_DONT_FAKE_MONOTONIC="1")
        self.wait(0.7)
        process.kill()
        process.communicate()
        self.counts["clocks an hour slow"] += 1

    def take_memory(self):
        """All but a gigabyte, for some seconds."""
        process = self.begin()
        take = ("import time\nfree = next(int(l.split()[1]) for l in open('/proc/meminfo') if l.startswith('MemAvailable'))\n"
                "held = bytearray(max(0, free - (1 << 20)) * 1024)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep(5)\n")  # fmt: skip
        subprocess.run([sys.executable, "-c", take], check=False)
        self.counts["times without memory"] += 1
        self.end(process, (0,))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
