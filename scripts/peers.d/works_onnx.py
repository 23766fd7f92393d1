"""A work as an ONNX model, built node by node: no exporter between our weights and what the engines run."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import operators
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


def downsample(graph, variant, x, shape):
    """x is [N, *shape]; the result [N, channels, rows / 2, columns / 2], or x where the convolution did it."""
    values = {"source": x}
    for node in operators.table()[variant].nodes(shape):
        constants = [graph.constant(f"{constant['name']}_{len(graph.constants)}",
                                    np.array(constant["values"], constant["type"]).reshape(constant["shape"]))
                     for constant in node["constants"]]
        inputs = [values[name] for name in node["inputs"]]
        x = values[node["output"]] = graph.add(node["type"], [*inputs, *constants], **node["attributes"])
    return x


def block(graph, variant, x, number, weights, height):
    """5x5 convolution of a height x height image, ReLU, downsampling."""
    stride = operators.table()[variant].conv_stride
    names = [graph.constant(f"conv{number}.{kind}", weights[f"conv{number}.{kind}"]) for kind in ("weight", "bias")]
    y = graph.add("Conv", [x, *names], kernel_shape=[5, 5], strides=[stride, stride])
    return downsample(graph, variant, graph.add("Relu", [y]), (weights[names[0]].shape[0], height - 4, height - 4))


def linear(graph, x, name, weights):
    names = [graph.constant(f"{name}.{kind}", weights[f"{name}.{kind}"]) for kind in ("weight", "bias")]
    return graph.add("Gemm", [x, *names], transB=1)


def build(work: Work, weights) -> bytes:
    graph, shape = Graph(), (work.batch, *INPUTS[work.unit])
    height = shape[2]
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
            y = downsample(graph, work.variant, "input", INPUTS[work.unit])
    graph.nodes[-1].output[0] = "output"
    model = helper.make_model(
        helper.make_graph(graph.nodes, work.name, [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info("output", TensorProto.FLOAT, out)], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()
