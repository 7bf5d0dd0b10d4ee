"""A scheme in a SavedModel, run by TensorFlow."""

from __future__ import annotations

import copy
import os

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.scheme import as_batch
from tfppdnn.signature import Signature
from tfppdnn.system_noise import lowest_noise, system_noise


class SavedModelScheme:
    """Protects images with a SavedModel, all at once, on whatever device TensorFlow finds.

    Args:
        path: A folder with the signature `serving_default`: `image` uint8 [N, H, W, 3], and
            maybe `noise` int32 [N, M], to `protected` uint8 [N, H, W, 3].

    Raises:
        UserError: TensorFlow is not installed, or the folder is no such SavedModel.
    """

    def __init__(self, path: str | os.PathLike[str]):
        try:
            import tensorflow  # noqa: F401
        except ImportError:
            raise UserError(
                f"{path} is a SavedModel, which needs TensorFlow; run: "
                "pip install 'tfppdnn[train]', or pass a protector.tflite"
            ) from None
        self._noise = system_noise
        self._protect = made = Signature(path, mend="make it again with `export`")
        images = {name: dtype for name, dtype in made.inputs.items() if name != "noise"}
        if (images, made.outputs) != ({"image": "uint8"}, {"protected": "uint8"}):
            raise UserError(
                f"{path} is not a protector: its serving_default turns {sorted(made.inputs)} into "
                f"{sorted(made.outputs)}, not 'image' into 'protected' (uint8); pass the "
                "`protector` folder of a run"
            )

    @property
    def draws_noise(self) -> bool:
        """Whether it takes noise."""
        return "noise" in self._protect.inputs

    def without_noise(self) -> SavedModelScheme:
        """The same with all words kept, see `Protector.without_noise`."""
        quiet = copy.copy(self)
        quiet._noise = lowest_noise
        return quiet

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
            batch = as_batch(images)
            noise = self._protect.shapes.get("noise")
            drawn = {} if noise is None else {"noise": self._noise(len(batch), noise[1])}
            protected = self._protect(image=batch, **drawn)["protected"]
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError("TensorFlow ran out of memory") from error
        return protected.numpy().reshape(images.shape)
