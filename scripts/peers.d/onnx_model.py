"""A work as an ONNX model, built node by node: no exporter between our weights and what the engines run."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from works import INPUTS, OUTPUTS, Work

OPSET = 17


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator, inputs, **attributes):
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name


def downsample(graph, variant, x, channels, height):
    """x is [N, channels, height, height]; the result [N, channels, height / 2, height / 2]."""
    def blur(source, pads):
        row = np.array([1, 2, 1], np.float32)
        weights = np.broadcast_to(np.outer(row, row) / 16, (channels, 1, 3, 3))
        name = graph.constant(f"blur_{len(graph.constants)}", weights.astype(np.float32))
        return graph.add("Conv", [source, name], group=channels, strides=[2, 2], pads=pads, kernel_shape=[3, 3])

    if variant == "avgpool":
        return graph.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    if variant == "maxpool":
        return graph.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    if variant == "slice":
        suffix, end = len(graph.constants), height // 2 * 2
        inputs = [graph.constant(f"{key}_{suffix}", np.array(value, np.int64)) for key, value in
                  (("starts", [0, 0]), ("ends", [end, end]), ("axes", [2, 3]), ("steps", [2, 2]))]
        return graph.add("Slice", [x, *inputs])
    if variant == "blurpool":
        return blur(x, [1, 1, 0, 0])
    if variant == "maxblurpool":
        return blur(graph.add("MaxPool", [x], kernel_shape=[2, 2], strides=[1, 1]), [1, 1, 1, 1])
    return x  # strided: the convolution did it


def block(graph, variant, x, number, weights, height):
    """5x5 convolution of a height x height image, ReLU, downsampling."""
    stride = 2 if variant == "strided" else 1
    names = [graph.constant(f"conv{number}.{kind}", weights[f"conv{number}.{kind}"]) for kind in ("weight", "bias")]
    y = graph.add("Conv", [x, *names], kernel_shape=[5, 5], strides=[stride, stride])
    return downsample(graph, variant, graph.add("Relu", [y]), weights[names[0]].shape[0], height - 4)


def linear(graph, x, name, weights):
    names = [graph.constant(f"{name}.{kind}", weights[f"{name}.{kind}"]) for kind in ("weight", "bias")]
    return graph.add("Gemm", [x, *names], transB=1)


def build(work: Work, weights) -> bytes:
    graph, shape = Graph(), (work.batch, *INPUTS[work.unit])
    channels, height = shape[1], shape[2]
    if work.unit == "network":
        y = block(graph, work.variant, "input", 1, weights, 320)
        y = graph.add("Flatten", [block(graph, work.variant, y, 2, weights, 158)])
        y = graph.add("Relu", [linear(graph, y, "fc1", weights)])
        y = graph.add("Relu", [linear(graph, y, "fc2", weights)])
        y, out = linear(graph, y, "fc3", weights), (work.batch, 1)
    else:
        out = (work.batch, *OUTPUTS[work.unit])
        if work.unit.startswith("block"):
            y = block(graph, work.variant, "input", int(work.unit[-1]), weights, height)
        else:
            y = downsample(graph, work.variant, "input", channels, height)
    graph.nodes[-1].output[0] = "output"
    model = helper.make_model(
        helper.make_graph(graph.nodes, work.name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info("output", TensorProto.FLOAT, out)], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()
