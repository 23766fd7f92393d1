#!/usr/bin/env python3
"""What users reported of tracking, with the real `study` and a real MLflow server: stale files, stores that cannot be
written, deleted runs, and the environment of MLflow's own client.
usage: setbacks_server_test.py STUDY [unittest's own arguments]    (by with_mlflow.sh)"""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from tracked_runs import STUDY, TrackedRuns, tiny  # first: it cleans the environment

from misbehaving_proxy import Proxy, write_certificate

FILES = ["best.h5", "config.yaml", "last.h5", "run.h5", "summary.json"]


class SetbacksTest(TrackedRuns):
    warm = True

    def test_files_of_a_killed_and_synced_run_are_replaced(self):
        proxy = Proxy(self.server.url[7:])
        process = self.start([*tiny(25, 256), "--name", "x", "--track", proxy.url, "--experiment", self.name])
        for line in process.stdout:
            if line.startswith("epoch 2/25"):
                process.kill()
                break
        process.communicate()
        proxy.away = True
        self.study("sync", self.run_folder, code=4)
        proxy.away = False
        self.study("--resume", self.run_folder, "--progress", "none")
        out, _ = self.study("sync", self.run_folder)
        self.assertIn("records have arrived", out)
        self.assertEqual(len(self.expect_whole(self.only_run())["training"]["epochs"]), 25)
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)
        proxy.close()

    def test_a_changed_file_is_sent_again_and_a_damaged_one_is_found(self):
        self.train()
        (self.run_folder / "config.yaml").write_text("changed: true\n")
        self.study("sync", self.run_folder)
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)
        (stored,) = self.base.rglob(f"artifacts/*/{self.only_run().info.run_id}/artifacts/best.h5")
        stored.write_bytes(stored.read_bytes()[:-1])
        self.study("sync", self.run_folder)
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)
        stored.write_bytes(b"x" * stored.stat().st_size)
        self.study("sync", self.run_folder, "--verify")
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)

    def test_a_store_that_cannot_be_written_costs_the_files_only(self):
        with self.server.read_only_artifacts():
            out, err = self.train()
            self.assertIn("not sent, study sync tries again: artifact best.h5", out)
            self.assertEqual(err, "")
            self.expect_whole(self.only_run())
            out, _ = self.study("sync", self.run_folder, code=4)
            self.assertIn("artifact best.h5: ", out)
            self.assertIn("--artifacts-destination", out)
        self.study("sync", self.run_folder)
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)

    def test_a_value_that_fails_for_ever_is_named_and_the_rest_arrives(self):
        proxy = Proxy(self.server.url[7:])
        proxy.refuse = lambda _, path, body: 504 if b'"lr"' in body or path.endswith("/run.h5") else None
        self.train(url=proxy.url)
        out, _ = self.study("sync", self.run_folder, code=4)  # also what a slow machine had no time for
        self.assertIn("param lr: ", out)
        self.assertIn("artifact run.h5: ", out)
        run = self.only_run()
        self.expect_whole(run)
        self.assertNotIn("lr", run.data.params)
        self.assertEqual(run.data.params["batch"], "16")
        proxy.refuse = None
        self.study("sync", self.run_folder)
        self.assertEqual(self.only_run().data.params["lr"], "0.05")
        self.assertEqual(self.expect_same_files(self.only_run()), FILES)
        proxy.close()

    def test_what_was_deleted_has_not_arrived(self):
        self.train()
        run_id = self.only_run().info.run_id
        self.client.delete_run(run_id)
        out, _ = self.study("sync", self.run_folder, code=4)
        self.assertIn(f"run {run_id} was deleted there", out)
        self.client.restore_run(run_id)
        self.study("sync", self.run_folder)
        experiment = self.client.get_experiment_by_name(self.name).experiment_id
        self.client.delete_experiment(experiment)
        out, _ = self.study("sync", self.run_folder, code=4)
        self.assertIn(f"experiment '{self.name}' was deleted there", out)
        self.assertNotIn("have arrived", out)
        self.client.restore_experiment(experiment)
        self.study("sync", self.run_folder)

    def test_the_servers_own_words(self):
        out, _ = self.study(*tiny(), "--name", "x", "--track", self.server.url, "--experiment", "e" * 501)
        self.assertIn("exceeds the maximum length", out)
        self.assertIn("choose another --experiment", out)
        self.assertNotIn("404", out)
        proxy = Proxy(self.server.url[7:])
        proxy.host_header = "mlflow.example:5000"
        out, _ = self.study(*tiny(), "--name", "y", "--track", proxy.url, "--experiment", self.name)
        self.assertIn("Invalid Host header", out)
        self.assertIn(f"--allowed-hosts '{proxy.host}'", out)
        self.assertNotIn("USERNAME", out)
        proxy.close()

    def test_experiment_and_run_by_id(self):
        experiment = self.client.create_experiment(self.name)
        variables = {"MLFLOW_TRACKING_URI": self.server.url, "MLFLOW_EXPERIMENT_ID": experiment}
        self.study(*tiny(), "--name", "x", **variables)
        self.expect_whole(self.only_run())
        theirs = self.client.create_run(experiment, run_name="theirs").info.run_id
        _, err = self.study(*tiny(), "--name", "y", **variables, MLFLOW_RUN_ID=theirs, MLFLOW_TRACKING_AUTH="x")
        self.assertIn("MLFLOW_TRACKING_AUTH: ignored", err)
        self.assertEqual(len(self.runs()), 2)
        run = self.client.get_run(theirs)
        self.assertEqual(run.info.run_name, "theirs")
        self.expect_whole(run, self.folder / "results/runs/y")
        out, _ = self.study(*tiny(), "--name", "z", MLFLOW_TRACKING_URI=self.server.url, MLFLOW_EXPERIMENT_ID="987654")
        self.assertIn("MLFLOW_EXPERIMENT_ID 987654: there is no such experiment", out)
        out, _ = self.study(*tiny(), "--name", "v", **variables, MLFLOW_RUN_ID="nonsense")
        self.assertIn("MLFLOW_RUN_ID: there is no run nonsense", out)

    def test_a_certificate_as_requests_has_it(self):
        certificate = self.folder / "home/server.pem"
        write_certificate(certificate)
        proxy = Proxy(self.server.url[7:], certificate)
        self.train(url=proxy.url, REQUESTS_CA_BUNDLE=str(certificate))
        self.expect_whole(self.only_run())
        proxy.close()

    SWEEP = """--variants avgpool,strided --seeds 2 --no-latency --no-page --resamples 100 --size 32 --synthetic-train 64
        --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs 2"""

    def expect_one_parent(self):
        self.study("sync", "sweep")
        runs = self.runs()
        children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
        (parent,) = [r for r in runs if r not in children]
        self.assertEqual(len(children), 4)
        self.assertEqual({r.data.tags["mlflow.parentRunId"] for r in children}, {parent.info.run_id})
        self.assertEqual((parent.info.run_name, parent.info.status), ("sweep", "FINISHED"))
        self.assertEqual(parent.data.params["seeds"], "1,2")
        self.assertEqual(parent.data.metrics["cells_finished"], 4)

    def test_cells_before_their_sweep_are_children_of_one_parent(self):
        words = ["compare", *self.SWEEP.split(), "--out", "sweep", "--track", self.server.url, "--experiment", self.name]
        out, _ = self.study(*words, "--dry-run", "--json")
        (self.folder / "sweep/cells").mkdir(parents=True)
        jobs = [self.start([*cell["arguments"], "--progress=none"]) for cell in json.loads(out)["cells"]]
        for job in jobs:
            out, err = job.communicate(timeout=300)
            self.assertEqual(job.returncode, 0, out + err)
            self.assertIn("records have arrived", out)
        self.study(*words)
        self.expect_one_parent()

    @unittest.skipUnless(shutil.which("snakemake"), "snakemake is not installed")
    def test_cells_of_the_workflow_are_children_of_one_parent(self):
        snakefile = Path(__file__).resolve().parents[2] / "scripts/workflows/Snakefile"
        environment = {**os.environ, "HOME": str(self.folder / "home"), "MLFLOW_TRACKING_URI": self.server.url,
                       "MLFLOW_EXPERIMENT_NAME": self.name}  # fmt: skip
        done = subprocess.run(["snakemake", "-s", snakefile, "-j", "2", "--config", f"study={STUDY}", "out=sweep",
                               "flags=" + " ".join(self.SWEEP.split())], cwd=self.folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout)
        self.expect_one_parent()


if __name__ == "__main__":
    unittest.main(verbosity=2)
