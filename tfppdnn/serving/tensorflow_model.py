"""A classifier run by TensorFlow, as one of an earlier version must be."""

from __future__ import annotations

import io
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image

from tfppdnn.serving.images import INPUT_NAMES, undecodable
from tfppdnn.serving.refusal import Refusal
from tfppdnn.serving.served_model import OUTPUT_NAMES, read_signature_defs


class TensorFlowModel:
    """A classifier's SavedModel in memory; see `ServedModel`.

    Args:
        path: A SavedModel with the signatures that `export_classifier` writes.

    Raises:
        ValueError: It is no such SavedModel.
        Exception: What TensorFlow raises on files that are damaged or not complete.
    """

    def __init__(self, path: Path):
        self.signature_defs = read_signature_defs(path)
        # The signatures hold references into the loaded object: both must be kept.
        self._loaded = tf.saved_model.load(str(path))
        self._signatures = self._loaded.signatures
        for signature, name in INPUT_NAMES.items():
            function = self._signatures.get(signature)
            inputs = function.structured_input_signature[1] if function else {}
            outputs = function.structured_outputs if function else {}
            if set(inputs) != {name} or set(outputs) != OUTPUT_NAMES:
                raise ValueError(f"{path} is not a classifier made by `classify`")
        # The first call of a function is slow: no client shall wait for it.
        self.run("serving_default", np.zeros((1, 32, 32, 3), np.uint8))
        self.run("encoded", np.array([_blank_png()], object))

    def run(self, signature: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """Classifies a batch; see `ServedModel.run`."""
        dtype = tf.string if signature == "encoded" else tf.uint8
        inputs = {INPUT_NAMES[signature]: tf.constant(values, dtype)}
        # TensorFlow's own messages name parts of the graph, which is nobody's business.
        try:
            outputs = self._signatures[signature](**inputs)
        except tf.errors.InvalidArgumentError:
            raise undecodable() from None
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "the images do not fit into memory; send fewer"
            ) from None
        return {name: output.numpy() for name, output in outputs.items()}


def _blank_png() -> bytes:
    encoded = io.BytesIO()
    Image.new("RGB", (32, 32)).save(encoded, "PNG")
    return encoded.getvalue()
