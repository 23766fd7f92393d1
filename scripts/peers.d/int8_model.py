"""Models in 8-bit integers, made by each library's own tool from our ONNX model, calibrated on the input that is timed (as
our worker is), and the proof that what runs then is integers: a model that a library quietly runs in float32 is refused."""

import logging
import re
import tempfile
from pathlib import Path

LAYERS = ("Conv", "Gemm")  # of ONNX: those that must run in integers


def has_vnni():
    """Without it pairs of products saturate 16 bits, and weights keep to 7."""
    text = Path("/proc/cpuinfo").read_text()
    return bool(re.search(r"\b(avx512_vnni|avx_vnni)\b", text))


def qdq(model: bytes, x) -> bytes:
    """ONNX Runtime's static quantization: u8 activations, s8 weights by output channel, least to largest value."""
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Once(quantization.CalibrationDataReader):
        def __init__(self):
            self.inputs = iter([{"input": x}])

        def get_next(self):
            return next(self.inputs, None)

    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="downscalexr-int8-") as folder:
        given, prepared, made = (str(Path(folder) / name) for name in ("given.onnx", "prepared.onnx", "made.onnx"))
        Path(given).write_bytes(model)
        quant_pre_process(given, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(prepared, made, Once(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                     reduce_range=not has_vnni(), activation_type=quantization.QuantType.QUInt8,
                                     weight_type=quantization.QuantType.QInt8,
                                     calibrate_method=quantization.CalibrationMethod.MinMax)
        return onnx.load(made).SerializeToString()


def layers_of(model: bytes):
    """How many layers of the model must run in integers."""
    import onnx
    return sum(node.op_type in LAYERS for node in onnx.load_from_string(model).graph.node)


def onnxruntime_integers(optimized: Path):
    """{operator: count} of the integer layers in the model that ONNX Runtime wrote down after its own optimizing."""
    import onnx
    count = {}
    for node in onnx.load(str(optimized)).graph.node:
        if node.op_type in ("QLinearConv", "QGemm", "QLinearMatMul", "ConvInteger", "MatMulInteger"):
            count[node.op_type] = count.get(node.op_type, 0) + 1
    return count


def openvino_integers(compiled):
    """{kind and implementation: count} of the layers that OpenVINO runs in integers."""
    count = {}
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        kind, precision, implementation = (info[key].astype(str) if key in info else "" for key in
                                           ("layerType", "runtimePrecision", "primitiveType"))
        if kind in ("Convolution", "FullyConnected", "MatMul") and precision.lower() in ("u8", "i8"):
            count[f"{kind} {implementation}"] = count.get(f"{kind} {implementation}", 0) + 1
    return count


def nncf_model(model, x):
    """NNCF's post-training quantization of an OpenVINO model."""
    import nncf
    nncf.set_log_level(logging.ERROR)
    return nncf.quantize(model, nncf.Dataset([x]), subset_size=1)
