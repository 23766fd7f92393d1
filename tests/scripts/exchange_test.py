#!/usr/bin/env python3
"""`study export`, `import` and `predict` against the libraries that read and write the same files: ONNX's checker,
ONNX Runtime, OpenVINO, and safetensors' own package. Makes its environment once, in the user's cache (about 130 MB to fetch);
without a network and without the environment it is skipped (77).

usage: exchange_test.py STUDY
"""

import fcntl
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

REQUIREMENTS = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "openvino==2026.4.1", "safetensors==0.8.0"]
SKIP = 77
TINY = ("--synthetic-train 32 --synthetic-val 16 --synthetic-test 16 --batch 16 --epochs 1 --threads 1 --lr .05 "
        "--schedule constant --warmup-epochs 0 --latency=false --progress none").split()
# Every layer type, padding, and odd sizes before strides.
EVERYTHING = """
name: everything
layers:
  - AvgPool2d: {kernel_size: 3, stride: 1, padding: 1}
  - Conv2d: {out_channels: 4, kernel_size: 3, padding: 1, bias: false}
  - BatchNorm2d: {eps: 0.001}
  - ReLU
  - Downsample
  - Conv2d: {out_channels: 5, kernel_size: 3, stride: 2, padding: 1}
  - ReLU
  - AvgPool2d: {kernel_size: 3, stride: 2, padding: 1, count_include_pad: false}
  - MaxPool2d: {kernel_size: 3, stride: 1, padding: 1}
  - AdaptiveAvgPool2d: {output_size: 1}
  - Flatten
  - Linear: {out_features: 6}
  - ReLU
  - Linear: {out_features: 1, bias: false}
"""


def own_python():
    """The interpreter of the environment, made if it is not there; None when it cannot be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "downscalexr"
    home, wanted = cache / "exchange-venv", "\n".join(REQUIREMENTS)
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / ".exchange.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_for = home / "made-for.txt"
        if not made_for.exists() or made_for.read_text() != wanted:
            for words in (["/usr/bin/python3", "-m", "venv", "--clear", str(home)],
                          [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *REQUIREMENTS]):
                done = subprocess.run(words, capture_output=True, text=True)
                if done.returncode != 0:
                    print("skipped:", (done.stderr or done.stdout).strip().splitlines()[-1])
                    return None
            made_for.write_text(wanted)
    return str(home / "bin" / "python")


def write_png(path, pixels):
    """pixels: uint8 [H, W] or [H, W, 3]."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) +
                     chunk(b"IEND", b""))


class Exchange(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def study(self, *words, code=0):
        done = subprocess.run([STUDY, *map(str, words)], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"study {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
        return done

    def trained(self, name, *words):
        self.study(*TINY, "--out", "runs", "--name", name, *words)
        return self.folder / "runs" / name

    def images(self, size, channels=1, count=5):
        """PNGs that need no fitting, and the same as arrays [N, C, size, size] before preprocessing."""
        random = numpy.random.default_rng(7)
        pixels = random.integers(0, 256, (count, size, size, channels), dtype=numpy.uint8)
        (self.folder / "images").mkdir(exist_ok=True)
        for i, image in enumerate(pixels):
            write_png(self.folder / "images" / f"{i}.png", image[:, :, 0] if channels == 1 else image)
        return pixels.transpose(0, 3, 1, 2).astype(numpy.float32)

    def our_logits(self, run, *words):
        answer = json.loads(self.study("predict", run, "images", "--json", "--threads", "1", *words).stdout)
        return numpy.array([image["logit"] for image in answer["images"]], numpy.float32)

    def check_onnx(self, run, size, channels=1):
        self.study("export", run, "--format", "onnx", "--out", "model.onnx", "--force")
        path = self.folder / "model.onnx"
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        facts = {p.key: p.value for p in model.metadata_props}
        self.assertEqual((int(facts["size"]), int(facts["channels"])), (size, channels))
        inputs = (self.images(size, channels) / 255 - float(facts["mean"])) / float(facts["std"])
        inputs = inputs.astype(numpy.float32)
        ours = self.our_logits(run)
        self.assertGreater(numpy.ptp(ours), 1e-3, "images that all look alike to the network test nothing")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        for batch in (5, 1, 3):
            for name, theirs in (("ONNX Runtime", session.run(None, {"input": inputs[:batch]})[0]),
                                 ("OpenVINO", compiled(inputs[:batch])[0])):
                self.assertEqual(theirs.shape, (batch, 1))
                self.assertLess(numpy.abs(theirs[:, 0] - ours[:batch]).max(), 1e-4, f"{name}, batch {batch}, {run.name}")

    def test_onnx_of_every_operator(self):
        for variant in VARIANTS:
            # 37: an odd 33 x 33 before the first operator, an even 12 x 12 before the second.
            self.check_onnx(self.trained(variant, "--variant", variant, "--size", "37"), 37)

    def test_onnx_of_every_layer_type_in_colour(self):
        (self.folder / "everything.yaml").write_text(EVERYTHING)
        for variant in ("strided", "maxblurpool"):
            run = self.trained(f"everything-{variant}", "--network", "everything.yaml", "--variant", variant,
                               "--size", "35" if variant == "strided" else "40", "--channels", "3")
            self.check_onnx(run, 35 if variant == "strided" else 40, 3)

    def check_int8(self, run, size, channels=1):
        self.study("export", run, "--format", "onnx-int8", "--out", "int8.onnx", "--force")
        model = onnx.load(self.folder / "int8.onnx")
        onnx.checker.check_model(model, full_check=True)
        facts = {p.key: p.value for p in model.metadata_props}
        self.assertIn("train images", facts["quantization"])
        weights = {t.name: t.data_type for t in model.graph.initializer if t.name.endswith(".weight")}
        self.assertIn(onnx.TensorProto.INT8, weights.values())
        inputs = (self.images(size, channels) / 255 - float(facts["mean"])) / float(facts["std"])
        ours, real = self.our_logits(run, "--dtype", "int8"), self.our_logits(run)
        self.assertGreater(numpy.abs(ours - real).max(), 0)
        options = onnxruntime.SessionOptions()
        for level in (onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
                      onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):  # in float as written, then in integers
            options.graph_optimization_level = level
            session = onnxruntime.InferenceSession(self.folder / "int8.onnx", options, providers=["CPUExecutionProvider"])
            theirs = session.run(None, {"input": inputs.astype(numpy.float32)})[0][:, 0]
            # A value in the middle of two integers may go either way.
            self.assertLess(numpy.abs(theirs - ours).max(), 0.02 * max(1, numpy.abs(real).max()), f"{level}, {run.name}")

    def test_int8_of_every_operator(self):
        for variant in VARIANTS:
            self.check_int8(self.trained(variant, "--variant", variant, "--size", "37"), 37)

    def test_int8_of_every_layer_type_in_colour(self):
        (self.folder / "everything.yaml").write_text(EVERYTHING)
        run = self.trained("everything", "--network", "everything.yaml", "--variant", "maxblurpool", "--size", "40",
                           "--channels", "3")
        self.check_int8(run, 40, 3)

    def test_safetensors_there_and_back(self):
        run = self.trained("original", "--size", "32", "--variant", "maxpool")
        self.images(32)
        self.study("export", run, "--format", "safetensors", "--out", "w.safetensors")
        with safetensors.safe_open(self.folder / "w.safetensors", "numpy") as opened:
            facts = opened.metadata()
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}
        self.assertEqual((facts["format"], facts["variant"]), ("pt", "maxpool"))
        self.assertEqual(tensors["conv1.weight"].shape, (6, 1, 5, 5))
        self.assertEqual(tensors["fc1.weight"].shape, (120, 16 * 5 * 5))
        self.study("import", "w.safetensors", "--out", "runs/again")
        numpy.testing.assert_array_equal(self.our_logits(run), self.our_logits(self.folder / "runs" / "again"))
        self.assertIn("weights of epoch 0", self.study("--latency-only", "--resume", "runs/again", "--latency-iterations",
                                                       "5", "--threads", "1", "--progress", "none").stdout)
        self.assertIn("nothing to resume from", self.study("--resume", "runs/again", code=3).stderr)

        for kind in (numpy.float16, numpy.float64):
            safetensors.numpy.save_file({key: value.astype(kind) for key, value in tensors.items()},
                                        self.folder / "theirs.safetensors")
            self.study("import", "theirs.safetensors", "--variant", "maxpool", "--size", "32", "--out", kind.__name__)
            exact = kind is numpy.float64
            self.assertLess(numpy.abs(self.our_logits(run) - self.our_logits(self.folder / kind.__name__)).max(),
                            1e-9 if exact else 2e-2)

    def test_what_does_not_fit_is_refused_by_name(self):
        run = self.trained("original", "--size", "32")
        self.study("export", run, "--format", "safetensors", "--out", "w.safetensors")
        tensors = safetensors.numpy.load_file(self.folder / "w.safetensors")
        def save(values):
            safetensors.numpy.save_file(values, self.folder / "x.safetensors")
        words = ["import", "x.safetensors", "--variant", "avgpool", "--size", "32", "--out", "x"]
        save({key: value for key, value in tensors.items() if key != "fc2.bias"})
        self.assertIn("no tensor 'fc2.bias'", self.study(*words, code=3).stderr)
        save({**tensors, "fc9.bias": tensors["fc2.bias"]})
        self.assertIn("tensor 'fc9.bias', which lenet with avgpool does not have", self.study(*words, code=3).stderr)
        save({**tensors, "fc2.bias": tensors["fc2.bias"].astype(numpy.int32)})
        self.assertIn("type I32; weights are", self.study(*words, code=3).stderr)
        save(tensors)
        self.assertIn("give --variant", self.study("import", "x.safetensors", "--out", "x", code=2).stderr)
        self.assertIn("takes [120, 784]", self.study("import", "w.safetensors", "--size", "40", "--out", "x", code=3).stderr)
        (self.folder / "x.safetensors").write_bytes((self.folder / "w.safetensors").read_bytes()[:-4])
        self.study(*words, code=3)
        self.assertFalse((self.folder / "x").exists())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if os.environ.get("EXCHANGE_TEST_PYTHON") != sys.executable:
        python = own_python()
        if python is None:
            sys.exit(SKIP)
        os.execve(python, [python, "-B", *sys.argv], {**os.environ, "EXCHANGE_TEST_PYTHON": python})
    STUDY = os.path.abspath(sys.argv.pop(1))
    import numpy
    import onnx
    import onnxruntime
    import openvino
    import safetensors
    import safetensors.numpy
    VARIANTS = [line.split()[0] for line in
                subprocess.run([STUDY, "--help"], capture_output=True, text=True, check=True)
                .stdout.split("Downsampling operators (--variant):\n")[1].split("\n\n")[0].splitlines()[1:]]
    unittest.main()
