"""A scheme in a SavedModel, run by TensorFlow."""

from __future__ import annotations

import os

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.scheme import as_batch


class SavedModelScheme:
    """Protects images with a SavedModel, all at once, on whatever device TensorFlow finds.

    Args:
        path: A folder with the signature `serving_default`: `image` uint8 [N, H, W, 3] to
            `protected` uint8 [N, H, W, 3].

    Raises:
        UserError: TensorFlow is not installed, or the folder is no such SavedModel.
    """

    def __init__(self, path: str | os.PathLike[str]):
        try:
            # TensorFlow takes seconds to import and is needed for this kind of file only.
            import tensorflow as tf
        except ImportError:
            raise UserError(
                f"{path} is a SavedModel, which needs TensorFlow; pip install tensorflow, "
                "or pass a protector.tflite"
            ) from None
        try:
            # The signatures hold references into the loaded object: both must be kept.
            self._model = tf.saved_model.load(os.fspath(path))
        except Exception as error:
            raise UserError(
                f"{path} cannot be loaded as a SavedModel ({str(error).splitlines()[0]}); "
                "make it again with `export`"
            ) from error
        self._protect = self._model.signatures.get("serving_default")
        inputs = self._protect.structured_input_signature[1] if self._protect else {}
        outputs = self._protect.structured_outputs if self._protect else {}
        if {name: spec.dtype for name, spec in inputs.items()} != {"image": tf.uint8} or {
            name: spec.dtype for name, spec in outputs.items()
        } != {"protected": tf.uint8}:
            raise UserError(
                f"{path} is not a protector: its serving_default turns {sorted(inputs)} into "
                f"{sorted(outputs)}, not 'image' into 'protected' (uint8); pass the `protector` "
                "folder of a run"
            )

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: uint8 RGB [N, H, W, 3] or [H, W, 3].

        Returns:
            Protected images of the same shape and dtype.

        Raises:
            ValueError: The array has another shape or dtype.
            MemoryError: The images are too large for this machine.
        """
        import tensorflow as tf

        try:
            protected = self._protect(image=as_batch(images))["protected"]
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError("TensorFlow ran out of memory") from error
        return protected.numpy().reshape(images.shape)
