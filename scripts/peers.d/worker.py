"""One peer with one work, in a process of its own; speaks PROTOCOL.md.

Each library is set up as its own documentation advises for CPU latency: buffers bound once, no copies inside an
iteration, as many threads as asked. What a library cannot do is refused with exit code 5 and a reason.
"""

import argparse
import json
import os
import resource
import sys
import time

import operators
from options import MODES, UNITS
from works import Work, read_files

TORCH_WAYS = ("torch-eager-nchw", "torch-eager-nhwc", "torch-compile-nchw", "torch-compile-nhwc")
PEERS = (*TORCH_WAYS, "onnxruntime", "openvino")


def refuse(reason):
    print(reason, file=sys.stderr)
    raise SystemExit(5)


class OnnxRuntime:
    def __init__(self, work, files, arguments):
        if work.mode == "train" or arguments.data_type != "f32":
            refuse("ONNX Runtime's CPU package: float32 inference only")
        import onnxruntime

        import onnx_model
        weights, x, _ = files
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = arguments.threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(onnx_model.build(work, weights), options,
                                                    providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.input = onnxruntime.OrtValue.ortvalue_from_numpy(x)
        shape = [int(n) for n in self.session.get_outputs()[0].shape]
        self.output = onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, x.dtype)
        self.binding.bind_ortvalue_input("input", self.input)
        self.binding.bind_ortvalue_output("output", self.output)
        self.version, self.detail = onnxruntime.__version__, {}

    def iterate(self):
        self.session.run_with_iobinding(self.binding)

    def check(self):
        self.iterate()
        return self.output.numpy().ravel()


class OpenVino:
    def __init__(self, work, files, arguments):
        if work.mode == "train":
            refuse("OpenVINO: inference only")
        import numpy
        import openvino

        import onnx_model
        weights, x, _ = files
        core = openvino.Core()
        if arguments.data_type == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            refuse("OpenVINO: this CPU has no bf16")
        model = core.read_model(onnx_model.build(work, weights), b"")
        config = {"INFERENCE_PRECISION_HINT": arguments.data_type, "INFERENCE_NUM_THREADS": arguments.threads,
                  "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        compiled = core.compile_model(model, "CPU", config)
        self.input = numpy.ascontiguousarray(x)
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))
        self.version = openvino.__version__
        self.detail = {"precision": str(compiled.get_property("INFERENCE_PRECISION_HINT")),
                       "threads": str(compiled.get_property("INFERENCE_NUM_THREADS"))}

    def iterate(self):
        self.request.infer()

    def check(self):
        self.iterate()
        return self.request.get_output_tensor().data.astype("float32").ravel()


def make_peer(name, work, files, arguments):
    if name == "onnxruntime":
        return OnnxRuntime(work, files, arguments)
    if name == "openvino":
        return OpenVino(work, files, arguments)
    import torch_peer
    return torch_peer.make(name, work, files, arguments, refuse)


def reply(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def answer(peer, request):
    if "check" in request:
        result = peer.check()
        return {"outputs": [float(result[i]) for i in request["check"]], "count": int(result.size)}
    for _ in range(request["warmup"]):
        peer.iterate()
    times, clock, iterate = [], time.perf_counter_ns, peer.iterate
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    for _ in range(request["iterations"]):
        start = clock()
        iterate()
        times.append(clock() - start)
    return {"ns": times, "involuntary_switches": resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--unit", choices=UNITS, required=True)
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--variant", choices=operators.table(), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    data_type = {"dest": "data_type", "choices": ("f32", "bf16")}
    parser.add_argument("--dtype", **data_type, default="f32")
    parser.add_argument("--data-type", **data_type, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # its old spelling
    parser.add_argument("--weights", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--target")
    arguments = parser.parse_args()
    # Only messages may reach stdout: what libraries print goes to stderr.
    messages = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = messages
    work = Work(arguments.unit, arguments.mode, arguments.variant, arguments.batch)
    peer = make_peer(arguments.peer, work, read_files(work, arguments.weights, arguments.input, arguments.target),
                     arguments)
    reply({"ready": True, "name": arguments.peer, "version": peer.version, "detail": peer.detail})
    for line in sys.stdin:
        reply(answer(peer, json.loads(line)))


if __name__ == "__main__":
    main()
