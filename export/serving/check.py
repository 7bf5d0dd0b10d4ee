"""Would TensorFlow Serving take this classifier? Checks a SavedModel as the server would.

python export/serving/check.py RUN

RUN is a run folder on which `classify` has run, or a SavedModel. The file needs TensorFlow and
nothing else; neither tfppdnn nor Keras can be imported while it runs. Exit code 0: all is well;
1: something is not, and is named; 2: there is no SavedModel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Importing one of these now fails, as it would where only the server is installed.
for _package in ("tfppdnn", "keras", "tf_keras", "keras_cv"):
    sys.modules[_package] = None
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402  (after the line above, which is the point)
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

_OUTPUTS = {
    "probabilities": (tf.float32, 2),
    "class_id": (tf.int64, 1),
    "label": (tf.string, 1),
}
_SIGNATURES = {
    "serving_default": {"image": (tf.uint8, 4)},
    "encoded": {"image_bytes": (tf.string, 1)},
}
# Run Python inside the graph, which the server has not.
_PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def faults(folder: Path) -> Iterator[str]:
    """Yields one line for everything that the server or its clients would stumble over.

    Args:
        folder: A SavedModel.
    """
    saved_model = saved_model_pb2.SavedModel()
    try:
        saved_model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception:
        yield "saved_model.pb is damaged"
        return
    graphs = [g for g in saved_model.meta_graphs if set(g.meta_info_def.tags) == {"serve"}]
    if not graphs:
        yield "nothing has the tag 'serve'"
        return
    (graph,) = graphs
    of_signatures = list(_faults_of_signatures(graph.signature_def))
    yield from of_signatures
    yield from _faults_of_operations(graph)
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:
        yield f"it cannot be loaded: {str(error).splitlines()[0]}"
        return
    if not of_signatures:
        yield from _faults_of_answers(loaded)


def _faults_of_signatures(signatures) -> Iterator[str]:
    for name, inputs in _SIGNATURES.items():
        if name not in signatures:
            yield f"signature {name} is missing"
            continue
        signature = signatures[name]
        if signature.method_name != "tensorflow/serving/predict":
            yield f"signature {name} is not for Predict but {signature.method_name!r}"
        for kind, tensors, expected in (
            ("input", signature.inputs, inputs),
            ("output", signature.outputs, _OUTPUTS),
        ):
            found = {
                tensor: (tf.as_dtype(info.dtype), len(info.tensor_shape.dim))
                for tensor, info in tensors.items()
            }
            if found != expected:
                yield f"signature {name}: {kind} {_words(found)}, not {_words(expected)}"
            for tensor, info in tensors.items():
                if info.tensor_shape.dim and info.tensor_shape.dim[0].size != -1:
                    yield f"signature {name}: {tensor} has a fixed batch size"


def _faults_of_operations(graph) -> Iterator[str]:
    functions = graph.graph_def.library.function
    used = {node.op for node in graph.graph_def.node}
    used |= {node.op for function in functions for node in function.node_def}
    used -= {function.signature.name for function in functions}
    for operation in sorted(used):
        if operation in _PYTHON_OPS:
            yield f"operation {operation} needs Python"
        elif not hasattr(tf.raw_ops, operation):
            yield f"operation {operation} is not one of TensorFlow's own"
    if not graph.meta_info_def.stripped_default_attrs:
        yield "attributes with default values are spelled out, which older servers may not know"


def _faults_of_answers(loaded) -> Iterator[str]:
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    files = tf.stack([tf.io.encode_png(one) for one in image])
    try:
        answers = loaded.signatures["serving_default"](image=tf.constant(image))
        of_files = loaded.signatures["encoded"](image_bytes=files)
    except Exception as error:
        yield f"it does not answer: {str(error).splitlines()[0]}"
        return
    probabilities = answers["probabilities"].numpy()
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        yield "probabilities do not sum to 1"
    if not np.array_equal(answers["class_id"], probabilities.argmax(axis=1)):
        yield "class_id is not the most probable class"
    if not np.allclose(of_files["probabilities"], probabilities, atol=1e-5):
        yield "the same images get other answers as files than as pixels"


def _words(tensors: dict) -> str:
    return ", ".join(
        f"{name} {dtype.name} of rank {rank}" for name, (dtype, rank) in sorted(tensors.items())
    )


def main(arguments: list[str]) -> int:
    """Checks, prints, and returns the exit code."""
    if len(arguments) != 1:
        print("usage: python export/serving/check.py RUN", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if (folder / "classifier").is_dir():
        folder /= "classifier"
    if not (folder / "saved_model.pb").is_file():
        print(f"{folder} holds no SavedModel; run classify first", file=sys.stderr)
        return 2
    found = list(faults(folder))
    for fault in found:
        print(f"{folder}: {fault}")
    if not found:
        print(f"{folder}: TensorFlow Serving can serve it")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
