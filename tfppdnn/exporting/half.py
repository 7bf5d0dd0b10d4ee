"""Half-size files that compute the very same function.

Rounding the weights of a trained protector to float16 moves 3% to 6% of its output by one
grey level or more, and the converter's own float16 mode rounds also the few constants that
scale the input, which costs as much again. So the weights are rounded once, in the Keras
model at the end of training, before anything is measured; and the file stores only the
kernels of the convolutions, which are nearly all of it, as float16. Nothing is lost then.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

# Of the TFLite operator, since it takes float16.
_DEQUANTIZE_VERSION = 3


def round_weights_to_half(model: keras.Model) -> None:
    """Rounds every convolution's kernel, in place, to what float16 can hold.

    The export folds a batch normalization into the convolution before it; there it is the
    folded kernel that becomes a float16. So the gain moves into the kernel here, and what is
    left of the normalization has a gain of exactly 1.

    Args:
        model: A functional model; call this when its training has ended.
    """
    inner = list(_layers(model))
    normalizations = {
        id(layer.input): layer
        for layer in inner
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    for layer in inner:
        if isinstance(layer, keras.layers.Conv2D):
            normalization = normalizations.get(id(layer.output))
            gain = 1.0 if normalization is None else _moved_gain(normalization)
            kernel = keras.ops.convert_to_numpy(layer.kernel) * gain
            layer.kernel.assign(kernel.astype(np.float16).astype(np.float32))
            if layer.bias is not None:
                layer.bias.assign(keras.ops.convert_to_numpy(layer.bias) * gain)


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    """All layers, those of a network inside another included."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _moved_gain(normalization: keras.layers.BatchNormalization) -> np.ndarray:
    """Takes the gain out of a normalization, and returns it for the kernel before it."""
    gamma, mean, variance = (
        keras.ops.convert_to_numpy(weight)
        for weight in (
            normalization.gamma,
            normalization.moving_mean,
            normalization.moving_variance,
        )
    )
    epsilon = np.float32(normalization.epsilon)
    gain = gamma / np.sqrt(variance + epsilon)
    normalization.moving_mean.assign(mean * gain)
    normalization.gamma.assign(np.ones_like(gain))
    normalization.moving_variance.assign(np.full_like(gain, 1 - epsilon))
    return gain


def store_kernels_as_half(content: bytes) -> bytes:
    """Returns a float32 TFLite file with its convolution kernels stored as float16.

    Args:
        content: A TFLite file.

    Returns:
        The same graph; each kernel is read through an operator that widens it to float32.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    convolution = schema.BuiltinOperator.CONV_2D
    is_convolution = [code.builtinCode == convolution for code in model.operatorCodes]
    widen = schema.OperatorCodeT()
    widen.builtinCode = widen.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    widen.version = _DEQUANTIZE_VERSION
    model.operatorCodes.append(widen)

    halved = set()
    for graph in model.subgraphs:
        kernels = {int(op.inputs[1]) for op in graph.operators if is_convolution[op.opcodeIndex]}
        for index in sorted(kernels):
            kernel = graph.tensors[index]
            if kernel.buffer not in halved:  # Graphs, and equal kernels, share buffers.
                halved.add(kernel.buffer)
                buffer = model.buffers[kernel.buffer]
                numbers = np.frombuffer(bytes(buffer.data), np.float32)
                buffer.data = numbers.astype(np.float16).view(np.uint8)
            stored = schema.TensorT()
            stored.name = kernel.name + b"_half"
            stored.shape = kernel.shape
            stored.type = schema.TensorType.FLOAT16
            stored.buffer = kernel.buffer
            kernel.buffer = 0  # By convention the empty one.
            operator = schema.OperatorT()
            operator.opcodeIndex = len(model.operatorCodes) - 1
            operator.inputs = [len(graph.tensors)]
            operator.outputs = [index]
            graph.tensors.append(stored)
            graph.operators.insert(0, operator)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
