"""Starts the workers of each work, compares their results, times them in turns, reports. What users read is in
options.py; what a worker must do in PROTOCOL.md. Knows nothing of any library: a worker is a command."""

import datetime
import json
import os
import platform
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import operators
import options
import report
import statistics_of
from process import Refused, Worker
from works import Work, write_files

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = (("torch-eager-nchw", "f32"), ("torch-eager-nhwc", "f32"), ("torch-compile-nchw", "f32"),
         ("torch-compile-nhwc", "f32"), ("onnxruntime", "f32"), ("openvino", "f32"), ("openvino", "bf16"),
         ("onnxruntime", "int8"), ("openvino", "int8"), ("openvino-qdq", "int8"))
TOLERANCE = {"f32": 1e-4, "bf16": 2e-2, "int8": 5e-2}  # of the largest value of the reference
AVX2_ENVIRONMENT = {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2",
                    "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
READY_S, ANSWER_S = 900, 300  # compiling takes its time


def say(text):
    print(text, file=sys.stderr, flush=True)


def peer(name, kind):
    return {"name": name, "data_type": kind, "ours": False,
            "command": [sys.executable, str(Path(__file__).with_name("worker.py")), "--peer", name]}


def arms_of(arguments):
    """[{name, data_type, ours, command}] in the order of starting; the first that answers is the reference."""
    arms = [peer(name, kind) for name, kind in PEERS]
    ours = [] if arguments.no_ours else arguments.ours or [f"ours={shlex.join(operators.own_program())} worker --layout nhwc"]
    for text in ours:
        label, _, command = text.partition("=")
        arms += [{"name": label, "data_type": kind, "ours": True, "command": shlex.split(command)}
                 for kind in options.DATA_TYPES]
    wanted = arguments.arms
    return [arm for arm in arms if arm["data_type"] in arguments.types
            and (not wanted or any(word in arm["name"] for word in wanted))]


def works_of(arguments):
    for unit in arguments.units:
        for mode in arguments.modes:
            for batch in arguments.batches if mode == "forward" else [max(arguments.batches)]:
                for variant in arguments.variants:
                    work = Work(unit, mode, variant, batch)
                    if work.exists:
                        yield work


def environment(arguments):
    values = dict(os.environ)
    for name in [name for name in values if name.startswith(("OMP_", "KMP_", "GOMP_"))]:
        del values[name]  # libraries run with their own defaults
    cache = Path(values.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "downscalexr"
    values |= {"OMP_NUM_THREADS": str(arguments.threads), "TORCHINDUCTOR_CACHE_DIR": str(cache / "inductor"),
               "TORCHINDUCTOR_COMPILE_THREADS": "1", "OPENVINO_TELEMETRY_DISABLE": "1"}
    return values | (AVX2_ENVIRONMENT if arguments.isa == "avx2" else {})


class Arena:
    """All workers of one work."""

    def __init__(self, work, arguments, folder, environment_):
        self.work, self.arguments = work, arguments
        self.options = ["--unit", work.unit, "--mode", work.mode, "--variant", work.variant, "--batch",
                        str(work.batch), "--threads", str(arguments.threads), *write_files(work, folder)]
        self.environment, self.reference, self.live, self.records = environment_, None, [], []

    def start(self, arm):
        """Starts one worker and checks its result; it stays stopped until its turn."""
        record = {key: arm[key] for key in ("name", "data_type", "ours")}
        self.records.append(record)
        worker = None
        try:
            if arm["data_type"] != "f32" and self.work.mode == "train":
                raise Refused("training is compared in float32 only")
            worker = Worker([*arm["command"], *self.options, "--dtype", arm["data_type"]], self.environment)
            ready = worker.wait_ready(READY_S)
            record |= {"version": ready.get("version", ""), "detail": ready.get("detail", {})}
            indices = self.work.check_indices()
            answer = worker.ask({"check": indices}, ANSWER_S)
            record["deviation"] = self.deviation(answer, arm)
        except (Refused, OSError) as error:
            record["reason"] = str(error)
            if worker is not None:
                worker.close()
            return
        record["rounds_ns"], record["involuntary_switches"] = [], 0
        self.live.append((record, worker))

    def refer(self):
        """Where no float32 is timed: ONNX Runtime's float32 result is the reference all the same."""
        self.start(peer("onnxruntime", "f32"))
        self.close()
        self.live, self.records = [], []

    def deviation(self, answer, arm):
        """Largest difference from the reference, in units of its largest value."""
        if answer["count"] != self.work.result_count():
            raise Refused(f"wrong result: {answer['count']} values instead of {self.work.result_count()}")
        result = np.array(answer["outputs"], dtype=np.float64)
        if not np.isfinite(result).all():
            raise Refused("wrong result: not finite")
        if self.reference is None:
            self.reference = result
        deviation = float(np.abs(result - self.reference).max() / np.abs(self.reference).max())
        if deviation > TOLERANCE[arm["data_type"]]:
            raise Refused(f"wrong result: differs from the reference by {deviation:.1e}")
        return deviation

    def warm_up(self):
        """A second of work for each, which also tells how many iterations fill a turn."""
        for record, worker in self.live:
            first = worker.ask({"warmup": 1, "iterations": 1}, ANSWER_S)["ns"][0]
            count = max(2, min(500, int(0.5e9 / first)))
            times = worker.ask({"warmup": count, "iterations": count}, ANSWER_S)["ns"]
            typical = sorted(times)[len(times) // 2]
            record["iterations"] = max(1, round(self.arguments.turn_ms * 1e6 / typical))
            # The others have taken the caches and the clock may have dropped: 20 ms, at least 2 iterations, untimed.
            record["warmup"] = max(2, round(20e6 / typical))
            worker.wall_s = worker.others_s = worker.stolen_s = 0.0

    def run(self, process=0):
        order = random.Random(self.arguments.seed + process)
        for _ in range(self.arguments.rounds):
            turn = list(self.live)
            order.shuffle(turn)
            for record, worker in turn:
                answer = worker.ask({"warmup": record["warmup"], "iterations": record["iterations"]}, ANSWER_S)
                record["rounds_ns"].append(answer["ns"])
                record["involuntary_switches"] += answer.get("involuntary_switches", 0)

    def result(self):
        for record, worker in self.live:
            record["time"] = statistics_of.summary(record["rounds_ns"])
            record["others_cpu_share"] = worker.others_s / worker.wall_s / (os.cpu_count() or 1)
            record["stolen_s"] = worker.stolen_s
        for record, _ in self.live:
            ours = [r for r, _ in self.live if r["ours"] and r["data_type"] == record["data_type"]]
            if ours:
                record["ratio"] = statistics_of.ratio(record["rounds_ns"], report.best(ours)["rounds_ns"])
        shares = [r["others_cpu_share"] for r, _ in self.live]
        return {"name": self.work.name, **self.work.__dict__, "threads": self.arguments.threads,
                "rounds": self.arguments.rounds, "others_cpu_share": max(shares, default=0.0), "arms": self.records}

    def close(self):
        for _, worker in self.live:
            worker.close()


def measure(work, arms, arguments, folder, environment_):
    """All arms in one process each, or anew in several (--processes), those of one set side by side."""
    results = []
    for process in range(arguments.processes):
        if arguments.processes > 1:
            say(f"  process {process + 1} of {arguments.processes} of each arm")
        results.append(measure_once(work, arms, arguments, folder, environment_, process))
    return results[0] if len(results) == 1 else merged(results)


def merged(results):
    """One record of several sets of processes: an arm that was refused in one of them is refused."""
    record, disturbed = results[0], max(result["others_cpu_share"] for result in results)
    record |= {"processes": len(results), "others_cpu_share": disturbed}
    for i, arm in enumerate(record["arms"]):
        same = [result["arms"][i] for result in results]
        reasons = [one["reason"] for one in same if "reason" in one]
        if reasons:
            arm["reason"] = reasons[0]
            arm.pop("time", None)
            continue
        arm["processes_ns"] = [one["rounds_ns"] for one in same]
        arm["rounds_ns"] = [rounds for one in same for rounds in one["rounds_ns"]]
        arm["involuntary_switches"] = sum(one["involuntary_switches"] for one in same)
        arm["deviation"] = max(one["deviation"] for one in same)
        arm["time"] = statistics_of.over_processes(arm["processes_ns"])
    for arm in record["arms"]:
        arm.pop("ratio", None)
        ours = [r for r in record["arms"] if "time" in r and r["ours"] and r["data_type"] == arm["data_type"]]
        if ours and "time" in arm:
            arm["ratio"] = statistics_of.ratio_over_processes(arm["processes_ns"], report.best(ours)["processes_ns"])
    return record


def measure_once(work, arms, arguments, folder, environment_, process):
    arena = Arena(work, arguments, folder, environment_)
    try:
        if all(arm["data_type"] != "f32" for arm in arms):
            arena.refer()
        for arm in arms:
            start = time.monotonic()
            arena.start(arm)
            state = arena.records[-1].get("reason") or f"ready in {time.monotonic() - start:.1f} s"
            say(f"  {arm['name']} {arm['data_type']}: {state}")
        arena.warm_up()
        arena.run(process)
        return arena.result()
    finally:
        arena.close()


def machine():
    """What the times depend on; no names of machines or people."""
    def first(path, key):
        for line in Path(path).read_text().splitlines():
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
        return ""

    commit = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": first("/proc/cpuinfo", "model name"), "cpus": os.cpu_count(),
            "memory": first("/proc/meminfo", "MemTotal"), "kernel": platform.release(),
            "python": platform.python_version(), "commit": commit, "load_average": list(os.getloadavg()),
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def write_json(path, content):
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(temporary, path)


def main():
    arguments = options.parse(sys.argv[1:])
    arguments.variants = options.chosen_variants(arguments, operators.table())
    arms, works, records = arms_of(arguments), list(works_of(arguments)), []
    if not arms or not works:
        raise SystemExit("scripts/peers: nothing to time with these options")
    content = {"command": "scripts/peers " + shlex.join(sys.argv[1:]), "machine": machine(), "isa": arguments.isa,
               "works": records}
    with tempfile.TemporaryDirectory(prefix="downscalexr-peers-") as folder:
        table = Path(folder) / "operators.json"
        table.write_text(operators.text())
        os.environ[operators.FILE] = str(table)
        for i, work in enumerate(works):
            say(f"[{i + 1}/{len(works)}] {work.name}")
            records.append(measure(work, arms, arguments, Path(folder), environment(arguments)))
            print(report.work_text(records[-1]), flush=True)
            if arguments.json:
                write_json(arguments.json, content)
    print(report.summary_text(records))
    wrong = [a for r in records for a in r["arms"] if a.get("reason", "").startswith("wrong result")]
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
