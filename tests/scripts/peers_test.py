#!/usr/bin/env python3
"""Tests of scripts/peers that need no library: the controller's half of the protocol against stand-in workers,
statistics, tables, choice of CUDA packages. The formula is compared with tests/fixtures where numpy is at hand."""

import importlib.util
import json
import os
import sys
import textwrap
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "peers.d"))
sys.dont_write_bytecode = True

import install_torch  # noqa: E402
import operators  # noqa: E402
import options  # noqa: E402
import report  # noqa: E402
import statistics_of  # noqa: E402
from process import Refused, Worker  # noqa: E402

HONEST = """
    import json, sys
    print(json.dumps({"ready": True, "name": "stand-in"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"ns": [1000] * request["iterations"]}), flush=True)
"""


def stand_in(code):
    return Worker([sys.executable, "-c", textwrap.dedent(code)], dict(os.environ))


def state_of(worker):
    return Path(f"/proc/{worker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


class Process(unittest.TestCase):
    def setUp(self):
        self.workers = []

    def tearDown(self):
        for worker in self.workers:
            worker.close()

    def start(self, code):
        self.workers.append(stand_in(code))
        return self.workers[-1]

    def test_answers_and_is_stopped_in_between(self):
        worker = self.start(HONEST)
        self.assertEqual(worker.wait_ready(10)["name"], "stand-in")
        for _ in range(3):
            deadline = time.monotonic() + 5
            while state_of(worker) != "T" and time.monotonic() < deadline:
                time.sleep(0.001)
            self.assertEqual(state_of(worker), "T")
            self.assertEqual(worker.ask({"warmup": 0, "iterations": 2}, 10)["ns"], [1000, 1000])
        self.assertGreater(worker.wall_s, 0)

    def test_refusal_gives_the_worker_s_own_reason(self):
        worker = self.start("import sys; print('noise', file=sys.stderr); sys.exit('no bf16 on this CPU')")
        with self.assertRaisesRegex(Refused, "^no bf16 on this CPU$"):
            worker.wait_ready(10)

    def test_silence_is_ended(self):
        worker = self.start("import time; time.sleep(60)")
        with self.assertRaisesRegex(Refused, "no answer within"):
            worker.wait_ready(0.2)
        self.assertIsNotNone(worker.process.poll())

    def test_death_in_the_middle_is_a_refusal(self):
        worker = self.start("import sys; print('{}', flush=True); sys.stdin.readline(); sys.exit('out of memory')")
        worker.wait_ready(10)
        with self.assertRaisesRegex(Refused, "out of memory"):
            worker.ask({"check": [0]}, 10)

    def test_chatter_on_stdout_is_named(self):
        worker = self.start("print('Loading model...', flush=True); input()")
        with self.assertRaisesRegex(Refused, "not a message of the protocol.*Loading model"):
            worker.wait_ready(10)

    def test_closing_ends_a_stopped_worker(self):
        worker = stand_in(HONEST)
        worker.wait_ready(10)
        worker.close()
        self.assertEqual(worker.process.returncode, 0)


class Statistics(unittest.TestCase):
    def test_median_interval_holds_the_middle_ranks(self):
        middle, low, high = statistics_of.median_interval(range(100))
        self.assertEqual((middle, low, high), (49.5, 40, 59))
        self.assertEqual(statistics_of.median_interval([3, 1, 2]), (2, 1, 3))

    def test_no_sample_is_left_out(self):
        summary = statistics_of.summary([[1, 2, 3], [4, 5, 1000]])
        self.assertEqual((summary["count"], summary["median_ns"], summary["min_ns"]), (6, 3.5, 1))
        self.assertGreater(summary["p99_ns"], 900)

    def test_ratio_pairs_neighbours_so_that_drift_cancels(self):
        slow_drift = [[10], [20], [40]]
        self.assertEqual(statistics_of.ratio([[20], [40], [80]], slow_drift), {"median": 2, "low": 2, "high": 2})


    def test_processes_are_the_unit_not_their_rounds(self):
        processes = [[[100, 101], [100, 102]], [[140, 141], [140, 142]], [[120, 121], [120, 122]]]
        summary = statistics_of.over_processes(processes)
        self.assertEqual(summary["count"], 12)
        self.assertEqual(summary["median_ns"], 120.5)
        # By hand: logarithms' mean 4.7824, deviation .1677, t = 4.303 of 2 degrees of freedom.
        self.assertAlmostEqual(summary["median_low_ns"], 78.7, delta=0.1)
        self.assertAlmostEqual(summary["median_high_ns"], 181.1, delta=0.2)
        self.assertGreater(summary["between_sd_percent"], 10 * summary["within_iqr_percent"])

    def test_ratios_pair_processes_started_side_by_side(self):
        a, b = [[[100]], [[140]], [[120]]], [[[50]], [[70]], [[60]]]
        ratio = statistics_of.ratio_over_processes(a, b)
        self.assertEqual(ratio["median"], 2)
        self.assertAlmostEqual(ratio["low"], 2)
        self.assertAlmostEqual(ratio["high"], 2)


class Report(unittest.TestCase):
    def test_between_processes_is_said_first(self):
        record = self.record()
        record |= {"processes": 3}
        record["arms"][0]["time"] = statistics_of.over_processes([[[1e6, 1e6]], [[2e6, 2e6]], [[3e6, 3e6]]])
        lines = report.work_text(record).splitlines()
        self.assertIn("2 rounds in each of 3 processes", lines[1])
        self.assertIn("ours f32: most of the spread is between processes", lines[2])

    def record(self):
        def arm(name, ours, ns):
            return {"name": name, "data_type": "f32", "ours": ours, "deviation": 1e-7,
                    "time": statistics_of.summary([[ns, ns], [ns, ns]])}
        refused = {"name": "engine", "data_type": "f32", "ours": False, "reason": "inference only"}
        return {"name": "network train, batch 32, maxpool", "batch": 32, "threads": 2, "rounds": 2,
                "others_cpu_share": 0.5, "arms": [arm("ours", True, 50e6), arm("torch", False, 200e6), refused]}

    def test_what_is_not_available_has_its_reason_and_noise_is_named(self):
        text = report.work_text(self.record())
        self.assertIn("engine f32: not available: inference only", text)
        self.assertIn("Disturbed: other processes used 50%", text)

    def test_summary_names_the_fastest_peer(self):
        row = list(report.summary_rows([self.record()]))[0]
        self.assertEqual(row[2:], ("50.00", "200.00", "torch", "4.00"))


class CudaPackages(unittest.TestCase):
    def setUp(self):
        asked = ["sympy>=1.13.3", "cuda-toolkit[cublas,cufile]==13.2.2", "nvidia-nccl-cu13==2.30.7",
                 "nvidia-cudnn-cu13==9.26.0.51"]
        original, install_torch.requirements = install_torch.requirements, lambda: asked
        self.addCleanup(setattr, install_torch, "requirements", original)

    def test_missing_library_brings_its_package_only(self):
        error = "ImportError: libcufile.so.0: cannot open shared object file: No such file or directory"
        self.assertEqual(install_torch.next_step(error, []), ["cuda-toolkit[cufile]==13.2.2"])
        self.assertEqual(install_torch.next_step(error, ["cuda-toolkit[cufile]==13.2.2"]), [])

    def test_old_library_is_replaced(self):
        error = "ImportError: /x/libtorch_cuda.so: undefined symbol: ncclCommResume"
        self.assertEqual(install_torch.next_step(error, []), ["nvidia-nccl-cu13==2.30.7"])

    def test_no_idea_is_no_step(self):
        self.assertEqual(install_torch.next_step("ImportError: something else", []), [])


class Options(unittest.TestCase):
    TABLE = {row[0]: operators.Operator(*row, {}) for row in (("a", 1, True), ("b", 1, False), ("c", 2, True))}

    def test_defaults_are_the_study_s(self):
        self.assertEqual(options.chosen_variants(options.parse([]), self.TABLE), ["a", "c"])
        self.assertEqual(options.chosen_variants(options.parse(["--variants", "b"]), self.TABLE), ["b"])

    def test_nonsense_ends_with_2(self):
        for words in (["--threads", "0"], ["--processes", "0"], ["--variants", "foo"], ["--ours", "no-command"], ["--batches", "-1"]):
            with self.assertRaises(SystemExit) as raised, open(os.devnull, "w") as sys.stderr:
                options.chosen_variants(options.parse(words), self.TABLE)
            sys.stderr = sys.__stderr__
            self.assertEqual(raised.exception.code, 2)


@unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is not at hand")
class Arms(unittest.TestCase):
    def arms(self, *words):
        import controller
        words = ["--ours", "a=study worker", "--ours", "b=study worker --engine fused", *words]
        return [(arm["name"], arm["data_type"]) for arm in controller.arms_of(options.parse(words))]

    def test_int8_has_every_library_that_quantizes_and_all_of_ours(self):
        self.assertEqual(self.arms("--dtype", "int8"),
                         [(name, "int8") for name in ("onnxruntime", "openvino", "openvino-qdq", "a", "b")])

    def test_int8_is_asked_for(self):
        self.assertEqual({kind for _, kind in self.arms()}, {"f32", "bf16"})

    def test_training_is_refused_before_anything_is_started(self):
        import controller
        from works import Work
        arena = controller.Arena.__new__(controller.Arena)
        arena.work, arena.records, arena.live = Work("network", "train", "a", 2), [], []
        arena.start({"name": "openvino", "data_type": "int8", "ours": False, "command": ["/nowhere"]})
        self.assertIn("float32 only", arena.records[0]["reason"])


class Operators(unittest.TestCase):
    """The program's own table, where it is built."""

    def setUp(self):
        if not (Path(os.environ.get("DOWNSCALEXR_BIN_DIR", "/nowhere")) / "study").is_file():
            self.skipTest("study is not built")

    def test_every_operator_is_a_graph_whose_values_are_known(self):
        for name, operator in operators.table().items():
            self.assertEqual({(6, 316, 316), (16, 154, 154)}, set(operator.at), name)
            for shape in operator.at:
                known = {"source"}
                for node in operator.nodes(shape):
                    self.assertLessEqual(set(node["inputs"]), known, name)
                    known.add(node["output"])
                self.assertEqual(operator.acts_in_convolution, known == {"source"}, name)


@unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is not at hand")
class Formula(unittest.TestCase):
    def test_gives_the_values_of_the_fixture(self):
        import formula
        fixture = json.loads((ROOT / "tests" / "fixtures" / "pytorch_formula.json").read_text())
        for name, bits in fixture["bits"].items():
            self.assertEqual(formula.bits(name, 8).tolist(), bits)
        weights = formula.parameter("conv1.weight", (6, 1, 5, 5), 25).ravel()[:8]
        self.assertEqual([float(v) for v in weights], fixture["conv1.weight"])

    def test_a_smaller_batch_begins_a_larger_one(self):
        import formula
        self.assertTrue((formula.images(1, 1, 8, 8) == formula.images(3, 1, 8, 8)[:1]).all())


if __name__ == "__main__":
    unittest.main()
