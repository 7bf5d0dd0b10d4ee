"""One classifier twice: as `classify` exports it, and as an ONNX file.

`python -m benchmarks.peers.onnx_classifier FOLDER` writes FOLDER/classifier, which `serve` takes,
and FOLDER/classifier.onnx. It runs in a process of its own: who measures shall not load TensorFlow.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

SIZE = 32
WIDTH = 0.25
CLASSES = 10


def main() -> None:
    """Writes both."""
    import keras

    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.models.resnet18 import resnet18

    folder = Path(sys.argv[1])
    keras.utils.set_random_seed(0)
    model = resnet18(num_classes=CLASSES, image_size=SIZE, width=WIDTH)
    _unsettle(model)
    names = [str(number) for number in range(CLASSES)]
    export_classifier(model, names, folder / "classifier", image_size=SIZE)
    write_onnx(model, folder / "classifier.onnx")


def write_onnx(model: Any, path: Path) -> None:
    """Writes a Keras classifier as an ONNX file.

    Args:
        model: Maps float32 [N, S, S, 3] in [0, 1] to logits [N, K]; of the layers of ResNet-18.
        path: The file, whose `probabilities` float32 [N, K] are of `image`, uint8 [N, S, S, 3].
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    side = model.input_shape[1]
    x = graph.add("Cast", ["image"], to=TensorProto.FLOAT)
    x = graph.add("Div", [x, graph.constant(np.float32(255))])
    names = {id(model.inputs[0]): graph.add("Transpose", [x], perm=[0, 3, 1, 2])}
    for layer in model.layers[1:]:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        names[id(layer.output)] = _convert(graph, layer, [names[id(one)] for one in inputs])
    graph.add("Softmax", [names[id(model.outputs[0])]], ["probabilities"], axis=-1)
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", side, side, 3])
    probabilities = helper.make_tensor_value_info(
        "probabilities", TensorProto.FLOAT, ["N", model.output_shape[-1]]
    )
    made = helper.make_graph(
        graph.nodes, "classifier", [image], [probabilities], initializer=graph.constants
    )
    opset = helper.make_opsetid("", 17)
    whole = helper.make_model(made, opset_imports=[opset], ir_version=9)
    onnx.checker.check_model(whole)
    onnx.save(whole, path)


def _convert(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    kind, weights = type(layer).__name__, [np.asarray(weight) for weight in layer.weights]
    if kind == "Normalization":
        mean, variance = (
            np.float32(value).reshape(1, 3, 1, 1)
            for value in (layer.input_mean, layer.input_variance)
        )
        centred = graph.add("Sub", [*inputs, graph.constant(mean)])
        return graph.add("Div", [centred, graph.constant(np.sqrt(variance))])
    if kind == "Conv2D":
        kernel = graph.constant(weights[0].transpose(3, 2, 0, 1))
        # TensorFlow's "same": what is missing is added at the right and bottom.
        strides = list(layer.strides)
        return graph.add("Conv", [*inputs, kernel], auto_pad="SAME_UPPER", strides=strides)
    if kind == "BatchNormalization":
        constants = [graph.constant(weight) for weight in weights]
        return graph.add("BatchNormalization", [*inputs, *constants], epsilon=layer.epsilon)
    if kind == "AveragePooling2D":
        how = {"kernel_shape": list(layer.pool_size), "strides": list(layer.strides)}
        return graph.add("AveragePool", inputs, **how)
    if kind == "GlobalAveragePooling2D":
        return graph.add("Flatten", [graph.add("GlobalAveragePool", inputs)])
    if kind == "Dense":
        return graph.add("Gemm", [*inputs, *map(graph.constant, weights)])
    return graph.add({"ReLU": "Relu", "Add": "Add"}[kind], inputs)


class _Graph:
    """An ONNX graph that grows."""

    def __init__(self):
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: list[str], outputs: list[str] | None = None, **how) -> str:
        from onnx import helper

        outputs = outputs or [f"value{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, inputs, outputs, **how))
        return outputs[0]

    def constant(self, value: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _unsettle(model: Any) -> None:
    """Gives batch normalization other numbers than its first, or swapped ones would not be seen."""
    random = np.random.default_rng(0)
    for variable in model.weights:
        if variable.path.split("/")[-1] in ("gamma", "moving_variance"):
            variable.assign(random.uniform(0.7, 1.4, variable.shape))
        elif variable.path.split("/")[-1] in ("beta", "moving_mean"):
            variable.assign(random.normal(0, 0.2, variable.shape))


if __name__ == "__main__":
    main()
