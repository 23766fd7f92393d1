#!/usr/bin/env python3
"""The real `study` against a real MLflow server, read back with MLflow's own client: runs as they should go, and
servers that are slow, away, or ask for a password.
usage: server_test.py STUDY [unittest's own arguments]    (by with_mlflow.sh)"""

import json
import subprocess
import time
import unittest
from pathlib import Path

from tracked_runs import SECRET, TrackedRuns, tiny, without_advice  # first: it cleans the environment

from misbehaving_proxy import Proxy, write_certificate


class TrackingTest(TrackedRuns):
    def test_a_run_is_read_back(self):
        out, err = self.train("--label-noise", ".2")
        self.assertIn("records have arrived: " + self.server.url, out)
        self.assertEqual(err, "")
        run = self.only_run()
        summary = self.expect_whole(run)
        tags, params = run.data.tags, run.data.params
        for key, value in {"project": "DownScaleXR", "model_name": "lenet", "downsampling": "avgpool", "device": "cpu",
                           "phase": "train", "compression": "none", "threads": "1", "mlflow.source.name": "study",
                           "mlflow.user": "somebody", "mlflow.runName": "x", "data_digest": summary["data"]["digest"],
                           "commit": summary["environment"]["commit"], "cpu": summary["environment"]["cpu_model"],
                           "onednn_version": summary["environment"]["onednn_version"]}.items():  # fmt: skip
            self.assertEqual(tags.get(key), value, key)
        self.assertEqual(params["lr"], "0.05")
        self.assertEqual(params["label_noise"], "0.2")
        self.assertNotIn("track", params)
        (data,) = run.inputs.dataset_inputs
        self.assertEqual(data.dataset.digest, summary["data"]["digest"][:36])
        self.assertEqual(data.dataset.name, "synthetic")
        history = self.client.get_metric_history(run.info.run_id, "val_auc")
        self.assertTrue(all(run.info.start_time <= m.timestamp <= run.info.end_time for m in history))
        names = sorted(f.path for f in self.client.list_artifacts(run.info.run_id))
        self.assertEqual(names, ["best.h5", "config.yaml", "last.h5", "run.h5", "summary.json"])
        for name in names:
            got = Path(self.client.download_artifacts(run.info.run_id, name, str(self.folder)))
            self.assertEqual(got.read_bytes(), (self.run_folder / name).read_bytes(), name)

    def test_environment_variables_and_off(self):
        variables = {"MLFLOW_TRACKING_URI": self.server.url, "MLFLOW_EXPERIMENT_NAME": self.name}
        self.study(*tiny(), "--name", "x", **variables)
        self.expect_whole(self.only_run())
        self.study(*tiny(), "--name", "off", "--track", "off", **variables)
        self.study(*tiny(), "--name", "plain")
        self.assertEqual(len(self.runs()), 1)
        for name in ("off", "plain"):
            names = sorted(p.name for p in (self.folder / "results/runs" / name).iterdir())
            self.assertEqual(names, ["best.h5", "config.yaml", "last.h5", "run.h5", "summary.json"])
        _, err = self.study(*tiny(), "--name", "odd", MLFLOW_TRACKING_URI="sqlite:///elsewhere.db")
        self.assertIn("not tracked", err)
        self.study("--track", "sqlite:///x.db", code=2)

    def test_lost_answers_and_a_lost_cursor_give_no_duplicates(self):
        proxy, seen = Proxy(self.server.url[7:]), set()
        # The first answer of every kind of request that changes something.
        proxy.lose = lambda method, path: method != "GET" and (path not in seen, seen.add(path))[0]
        self.train(url=proxy.url)
        for _ in range(6):
            process = self.start(["sync", self.run_folder])
            process.communicate(timeout=60)
            if process.returncode == 0:
                break
        self.assertGreaterEqual(len(seen), 9)
        points = self.points(self.only_run())
        self.expect_whole(self.only_run())
        (self.run_folder / "tracking.sent.json").unlink()
        self.study("sync", self.run_folder)
        self.assertEqual(self.points(self.only_run()), points)
        self.assertEqual(len(self.only_run().inputs.dataset_inputs), 1)
        proxy.close()

    def test_a_slow_server_does_not_slow_training(self):
        proxy = Proxy(self.server.url[7:])
        proxy.delay_s = 1.0
        process = self.start([*tiny(), "--name", "x", "--track", proxy.url, "--experiment", self.name])
        trained = None
        for line in process.stdout:
            if line.startswith("Best checkpoint"):
                trained, answered = time.time(), proxy.answered
        self.assertEqual(process.wait(), 0)
        self.assertIsNotNone(trained)
        self.assertLessEqual(answered, 3, "training ended before the server had said much")
        proxy.delay_s = 0
        self.study("sync", self.run_folder)
        self.expect_whole(self.only_run())
        process.stdout.close()
        process.stderr.close()
        proxy.close()

    def test_wrong_credentials_and_no_secret_anywhere(self):
        proxy = Proxy(self.server.url[7:])
        proxy.login = ("me", SECRET + "-right")
        out, _ = self.train(url=f"http://me:{SECRET}@{proxy.host}")
        self.assertIn("check MLFLOW_TRACKING_USERNAME", out)
        self.assertIn(f"study sync {self.run_folder}", out)
        self.expect_no_secret()
        self.assertEqual(self.runs(), [])
        wrong = {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": SECRET}
        self.study("sync", self.run_folder, code=4, **wrong)
        self.study("sync", self.run_folder, code=4, MLFLOW_TRACKING_TOKEN=SECRET)
        self.study("sync", self.run_folder, f"http://me:{SECRET}@{proxy.host}", code=2)
        self.study("sync", self.run_folder, f"http:/me:{SECRET}@{proxy.host}", code=3)
        self.study("--track", f"http://me:{SECRET}@:x", code=2)
        self.study("--no-flag", f"--lr=http://me:{SECRET}@h", code=2)
        self.study(f"--lr=http://me:{SECRET}@h", code=2)
        config = self.folder / "home/secret.yaml"
        config.write_text(f"track: http://me:{SECRET}@{proxy.host}\nlr: x\n")
        self.study("--config", config, code=2)
        config.unlink()
        (self.folder / "home/.mlflow").mkdir()
        credentials = self.folder / "home/.mlflow/credentials"
        credentials.write_text(f"[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = {SECRET}-right\n")
        self.study("sync", self.run_folder)
        self.expect_whole(self.only_run())
        self.expect_no_secret()
        proxy.close()

    def test_tls_as_mlflow_has_it(self):
        self.train()
        certificate = self.folder / "home/server.pem"
        write_certificate(certificate)
        proxy = Proxy(self.server.url[7:], certificate)
        words = ["sync", self.run_folder, "--track", proxy.url]
        out, _ = self.study(*words, code=4)
        self.assertIn("certificate", out)
        self.study(*words, MLFLOW_TRACKING_SERVER_CERT_PATH=str(certificate))
        (self.run_folder / "tracking.sent.json").unlink()
        self.study(*words, MLFLOW_TRACKING_INSECURE_TLS="true")
        self.expect_whole(self.only_run())
        proxy.close()

    def test_a_killed_study_is_sent_and_resumed(self):
        process = self.start([*tiny(40, 256), "--name", "x",
                              "--track", self.server.url, "--experiment", self.name])  # fmt: skip
        for line in process.stdout:
            if line.startswith("epoch 3/40"):
                process.kill()
                break
        process.communicate()
        with open(self.run_folder / "tracking.jsonl", "a") as journal:
            journal.write('{"seq":99,"sum":"torn')  # as if the kill had come within a write
        out, _ = self.study("sync", self.run_folder)
        self.assertIn("have arrived", out)
        run = self.only_run()
        self.assertEqual(run.info.status, "KILLED")
        self.assertGreaterEqual(len(self.points(run)["val_auc"]), 3)
        self.study("sync", self.run_folder)
        self.study("--resume", self.run_folder, "--progress", "none")
        run = self.only_run()
        self.assertEqual(len(self.expect_whole(run)["training"]["epochs"]), 40)

    def test_a_comparison_has_a_parent_and_children(self):
        flags = """--variants avgpool,strided --seeds 1-1 --no-latency --resamples 100 --size 32 --synthetic-train 64 --synthetic-val
        32 --synthetic-test 32 --batch 16 --epochs 2 --threads 1""".split()
        words = ["compare", *flags, "--out", "sweep", "--experiment", self.name]
        self.study(*words, "--track", f"http://me:{SECRET}@{self.server.url[7:]}")
        self.study("sync", "sweep")
        runs = self.runs()
        children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
        (parent,) = [r for r in runs if r not in children]
        self.assertEqual(len(children), 2)
        self.assertEqual({r.data.tags["mlflow.parentRunId"] for r in children}, {parent.info.run_id})
        self.assertEqual(parent.data.tags["phase"], "compare")
        self.assertEqual(parent.data.params["seeds"], "1")
        self.assertEqual(parent.data.metrics["cells_finished"], 2)
        for child in children:
            self.expect_whole(child, self.folder / "sweep/cells" / child.info.run_name)
        names = {f.path for f in self.client.list_artifacts(parent.info.run_id)}
        self.assertLessEqual({"compare.yaml", "compare.json", "compare.h5", "tables", "report"}, names)
        # A second seed, without a word about tracking: the sweep knows.
        self.study("compare", "--out", "sweep", "--seeds", "2", "--no-latency", "--no-page", "--resamples", "100")
        self.study("sync", "sweep")
        self.assertEqual(len(self.runs()), 5)
        self.assertEqual(self.client.get_run(parent.info.run_id).data.metrics["cells_finished"], 4)
        self.expect_no_secret()

    def test_another_artifact_store_is_refused_in_one_line(self):
        self.client.create_experiment(self.name, "s3://bucket/elsewhere")
        out, err = self.train()
        refusals = [line for line in (out + err).splitlines() if "another store" in line]
        self.assertEqual(len(refusals), 1)
        self.expect_whole(self.only_run())
        self.study("sync", self.run_folder, code=4)
        self.assertTrue((self.run_folder / "tracking.jsonl").exists())

    def test_a_full_disk_under_the_journal_does_not_end_the_run(self):
        self.study(*tiny(), "--name", "x")
        (self.run_folder / "tracking.jsonl").symlink_to("/dev/full")
        resume = ["--resume", self.run_folder, "--progress", "none", "--track", self.server.url]
        _, err = self.study(*resume, "--epochs", "4")
        self.assertEqual(err.count("No space left on device"), 1)
        self.assertEqual(err.count("\n"), 1, err)
        (self.run_folder / "tracking.jsonl").unlink()
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], capture_output=True).returncode != 0:
            self.skipTest("not permitted to mount a small disk; /dev/full was tested")
        try:  # room for the first records, not for all epochs
            (self.run_folder / "tracking.jsonl").symlink_to(disk / "tracking.jsonl")
            out, err = self.study(*resume, "--epochs", "30", "--experiment", self.name)
            self.assertEqual(err.count("No space left on device"), 1)
            self.assertIn("the run's own files are complete", out)
            epochs = len(self.points(self.only_run())["val_auc"])
            self.assertTrue(1 <= epochs < 30, epochs)
            self.assertEqual(json.loads((self.run_folder / "summary.json").read_text())["status"], "finished")
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_z_a_server_that_dies_in_mid_run_and_comes_back(self):
        process = self.start([*tiny(60, 512), "--name", "x",
                              "--track", self.server.url, "--experiment", self.name])  # fmt: skip
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("epoch 2/60"):
                deadline = time.time() + 20
                while "run_id" not in (self.sent() or {}) and time.time() < deadline:
                    time.sleep(0.01)
                self.server.kill()
        errors = without_advice(process.stderr.read())
        self.assertEqual(process.wait(), 0, errors)
        process.stdout.close()
        process.stderr.close()
        self.assertIn("the rest is kept: study sync", lines[-1])
        self.assertLessEqual(errors.count("\n"), 1, errors)
        self.study("sync", self.run_folder, code=4)
        self.server.start()
        self.study("sync", self.run_folder)
        self.assertEqual(len(self.expect_whole(self.only_run())["training"]["epochs"]), 60)
        points = self.points(self.only_run())
        self.study("sync", self.run_folder)
        self.assertEqual(self.points(self.only_run()), points)


if __name__ == "__main__":
    unittest.main(verbosity=2)
