"""Loading a protector from whatever `train` and `export` have written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tfppdnn.client.litert_protector import LiteRTProtector, as_batch
from tfppdnn.errors import UserError
from tfppdnn.types import Protector


def load_protector(path: str | os.PathLike[str]) -> Protector:
    """Loads a trained protector h_p.

    Args:
        path: A run folder made by `train` (its `protector.tflite` is used), a `.tflite`
            file, or a SavedModel folder. Only the last imports TensorFlow.

    Returns:
        An object whose `protect` turns plain images, uint8 [N, H, W, 3] or [H, W, 3],
        into protected ones of the same shape. It may be called from several threads.

    Raises:
        UserError: There is no protector at `path`.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(
            f"{path} does not exist; name a run folder made by `train`, a protector.tflite "
            "or a SavedModel folder"
        )
    if path.is_file():
        return LiteRTProtector(path)
    if (path / "protector.tflite").is_file():
        return LiteRTProtector(path / "protector.tflite")
    if (path / "saved_model.pb").is_file():
        return SavedModelProtector(path)
    if (path / "config.json").is_file():
        raise UserError(
            f"{path} holds no protector.tflite yet: its training has not finished; "
            "run the same `train` command again"
        )
    raise UserError(
        f"{path} holds neither protector.tflite nor saved_model.pb; name a run folder made by "
        "`train`, a protector.tflite or a SavedModel folder"
    )


class SavedModelProtector:
    """Protects images with a SavedModel, in batches, on whatever device TensorFlow finds.

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
