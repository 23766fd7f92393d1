"""One peer with one work, in a process of its own; speaks PROTOCOL.md.

Each library is set up as its own documentation advises for CPU latency: buffers bound once, no copies inside an
iteration, as many threads as asked. What a library cannot do is refused with exit code 5 and a reason.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time

import int8_model
import operators
from options import DATA_TYPES, MODES, UNITS
from works import Work, read_files

TORCH_WAYS = ("torch-eager-nchw", "torch-eager-nhwc", "torch-compile-nchw", "torch-compile-nhwc")
PEERS = (*TORCH_WAYS, "onnxruntime", "openvino", "openvino-qdq")


def refuse(reason):
    print(reason, file=sys.stderr)
    raise SystemExit(5)


def refuse_unless_integers(name, model, found):
    """Every layer with weights must run in integers: else its time would be that of something else."""
    wanted = int8_model.layers_of(model)
    if sum(found.values()) < wanted or not wanted:
        refuse(f"{name}: int8 is for networks and blocks" if not wanted else
               f"{name}: only {sum(found.values())} of {wanted} layers run in integers ({found})")
    return {"integer layers": ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))}


class OnnxRuntime:
    def __init__(self, work, files, arguments):
        if work.mode == "train" or arguments.data_type == "bf16":
            refuse("ONNX Runtime's CPU package: inference in float32 and int8 only")
        import onnxruntime

        import works_onnx
        weights, x, _ = files
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = arguments.threads, 1
        options.log_severity_level = 3
        model, self.detail = works_onnx.build(work, weights), {}
        if arguments.data_type == "int8":
            self.session, self.detail = self.quantized(onnxruntime, options, model, x)
        else:
            self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.input = onnxruntime.OrtValue.ortvalue_from_numpy(x)
        shape = [int(n) for n in self.session.get_outputs()[0].shape]
        self.output = onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, x.dtype)
        self.binding.bind_ortvalue_input("input", self.input)
        self.binding.bind_ortvalue_output("output", self.output)
        self.version = onnxruntime.__version__

    @staticmethod
    def quantized(onnxruntime, options, model, x):
        with tempfile.TemporaryDirectory(prefix="downscalexr-int8-") as folder:
            options.optimized_model_filepath = f"{folder}/optimized.onnx"
            session = onnxruntime.InferenceSession(int8_model.qdq(model, x), options,
                                                   providers=["CPUExecutionProvider"])
            found = int8_model.onnxruntime_integers(options.optimized_model_filepath)
        return session, refuse_unless_integers("ONNX Runtime", model, found)

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

        import works_onnx
        weights, x, _ = files
        core = openvino.Core()
        if arguments.data_type == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            refuse("OpenVINO: this CPU has no bf16")
        given = works_onnx.build(work, weights)
        if arguments.data_type != "int8":
            model = core.read_model(given, b"")
        elif arguments.peer == "openvino-qdq":
            model = core.read_model(int8_model.qdq(given, x), b"")
        else:
            model = int8_model.nncf_model(core.read_model(given, b""), x)
        # What is not in integers stays float32 in an int8 model.
        hint = "bf16" if arguments.data_type == "bf16" else "f32"
        config = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": arguments.threads,
                  "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        compiled = core.compile_model(model, "CPU", config)
        integers = {}
        if arguments.data_type == "int8":
            integers = refuse_unless_integers("OpenVINO", given, int8_model.openvino_integers(compiled))
        self.input = numpy.ascontiguousarray(x)
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))
        self.version = openvino.__version__
        self.detail = {"precision": str(compiled.get_property("INFERENCE_PRECISION_HINT")),
                       "threads": str(compiled.get_property("INFERENCE_NUM_THREADS")), **integers}

    def iterate(self):
        self.request.infer()

    def check(self):
        self.iterate()
        return self.request.get_output_tensor().data.astype("float32").ravel()


def make_peer(name, work, files, arguments):
    if name == "onnxruntime":
        return OnnxRuntime(work, files, arguments)
    if name.startswith("openvino"):
        return OpenVino(work, files, arguments)
    import torch_peer
    return torch_peer.make(name, work, files, arguments, refuse)


def reply(messages, message):
    messages.write(json.dumps(message) + "\n")
    messages.flush()


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
    data_type = {"dest": "data_type", "choices": DATA_TYPES}
    parser.add_argument("--dtype", **data_type, default="f32")
    parser.add_argument("--data-type", **data_type, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # its old spelling
    parser.add_argument("--weights", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--target")
    arguments = parser.parse_args()
    # Only messages may reach stdout: what libraries print (NNCF its progress) goes to stderr.
    messages = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work = Work(arguments.unit, arguments.mode, arguments.variant, arguments.batch)
    peer = make_peer(arguments.peer, work, read_files(work, arguments.weights, arguments.input, arguments.target),
                     arguments)
    reply(messages, {"ready": True, "name": arguments.peer, "version": peer.version, "detail": peer.detail})
    for line in sys.stdin:
        reply(messages, answer(peer, json.loads(line)))


if __name__ == "__main__":
    main()
