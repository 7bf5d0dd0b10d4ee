"""The protector as a `.tflite` file, run by LiteRT without TensorFlow."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tfppdnn.client.memory import MemoryBudget, machine_memory
from tfppdnn.errors import UserError

_MEND = "pass the protector.tflite of a run folder, made by `train` or `export`"
# An interpreter keeps the memory of the largest image it has seen; above this it is given back.
_KEPT_BYTES = 2**28


class LiteRTProtector:
    """Protects images with a TFLite model, uint8 [1, H, W, 3] to the same, H and W resizable.

    One object may be called from several threads: each gets an interpreter of its own.
    An image waits while others use the memory that it needs, and is refused if it needs
    more than three quarters of what the machine has.

    Args:
        path: The `.tflite` file.
        num_threads: Threads within one image. Several images at a time scale better.

    Raises:
        UserError: The file is missing, is no TFLite model, or is the model of something else.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_threads: int = 1):
        self._path = Path(path)
        self._num_threads = num_threads
        self._thread = threading.local()
        self._memory = MemoryBudget(0.75 * machine_memory())
        try:
            self._model = self._path.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {path}: {os.strerror(error.errno)}; {_MEND}") from None
        self._check_interface()
        self._bytes_per_pixel = self._measure_bytes_per_pixel()

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: uint8 RGB [N, H, W, 3] or [H, W, 3], of any size.

        Returns:
            Protected images of the same shape and dtype.

        Raises:
            ValueError: The array has another shape or dtype.
            MemoryError: The images are too large for this machine.
        """
        batch = as_batch(images)
        protected = np.empty_like(batch)
        for index, image in enumerate(batch):
            protected[index] = self._protect_one(image)
        return protected.reshape(images.shape)

    def _protect_one(self, image: np.ndarray) -> np.ndarray:
        needed = self._bytes_per_pixel * image.shape[0] * image.shape[1]
        with self._memory.reserve(needed):
            try:
                return self._run(image)
            except RuntimeError as error:
                self._drop_interpreter()
                raise MemoryError(f"LiteRT failed ({_one_line(error)})") from error
            finally:
                if needed > _KEPT_BYTES:
                    self._drop_interpreter()

    def _run(self, image: np.ndarray) -> np.ndarray:
        interpreter = self._interpreter()
        source = interpreter.get_input_details()[0]["index"]
        target = interpreter.get_output_details()[0]["index"]
        if self._thread.shape != image.shape:
            self._thread.shape = None
            interpreter.resize_tensor_input(source, (1, *image.shape), strict=True)
            interpreter.allocate_tensors()
            self._thread.shape = image.shape
        interpreter.set_tensor(source, image[np.newaxis])
        interpreter.invoke()
        return interpreter.get_tensor(target)[0]

    def _interpreter(self) -> Interpreter:
        if getattr(self._thread, "interpreter", None) is None:
            self._thread.interpreter = Interpreter(
                model_content=self._model, num_threads=self._num_threads
            )
            self._thread.shape = None
        return self._thread.interpreter

    def _drop_interpreter(self) -> None:
        self._thread.interpreter = None

    def _check_interface(self) -> None:
        if not self._model:
            raise UserError(f"{self._path} is empty; {_MEND}")
        try:
            interpreter = self._interpreter()
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"{self._path} is not a TFLite model ({_one_line(error)}); {_MEND}"
            ) from None
        if not all(
            len(tensors) == 1 and _holds_images(tensors[0]) for tensors in (inputs, outputs)
        ):
            raise UserError(
                f"{self._path} is not a protector: its inputs are {_described(inputs)} and its "
                f"outputs {_described(outputs)}, not one uint8 [1, H, W, 3] each; {_MEND}"
            )
        shape = inputs[0]["shape_signature"]
        if shape[1] != -1 or shape[2] != -1:
            raise UserError(
                f"{self._path} only takes images of fixed sizes, as a browser needs them; {_MEND}, "
                "which takes any size"
            )

    def _measure_bytes_per_pixel(self) -> float:
        """Runs two small images and sees how the sizes of all tensors grow."""
        tensor_bytes = {}
        for side in (32, 64):
            image = np.zeros((side, side, 3), np.uint8)
            try:
                shape = self._run(image).shape
            except (ValueError, RuntimeError) as error:
                raise UserError(
                    f"{self._path} does not run ({_one_line(error)}); {_MEND}"
                ) from None
            if shape != image.shape:
                raise UserError(
                    f"{self._path} is not a protector: it turns {image.shape} into {shape}; {_MEND}"
                )
            tensor_bytes[side] = sum(
                int(np.prod(tensor["shape"])) * np.dtype(tensor["dtype"]).itemsize
                for tensor in self._interpreter().get_tensor_details()
            )
        return (tensor_bytes[64] - tensor_bytes[32]) / (64**2 - 32**2)


def as_batch(images: np.ndarray) -> np.ndarray:
    """Checks what a protector was given.

    Args:
        images: Should be uint8 [N, H, W, 3] or [H, W, 3].

    Returns:
        The same pixels as [N, H, W, 3].

    Raises:
        ValueError: The array has another shape or dtype, or images without pixels.
    """
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        kind = getattr(images, "dtype", type(images).__name__)
        raise ValueError(f"images must be a uint8 array with values of 0 to 255, not {kind}")
    if images.ndim not in (3, 4) or images.shape[-1] != 3 or 0 in images.shape[-3:-1]:
        raise ValueError(f"images must be [N, H, W, 3] or [H, W, 3], not {list(images.shape)}")
    return images if images.ndim == 4 else images[np.newaxis]


def _holds_images(tensor: dict) -> bool:
    shape = tensor["shape_signature"]
    return tensor["dtype"] is np.uint8 and len(shape) == 4 and shape[0] == 1 and shape[3] == 3


def _described(tensors: list[dict]) -> str:
    return " and ".join(
        f"{np.dtype(tensor['dtype']).name} {tensor['shape_signature'].tolist()}"
        for tensor in tensors
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
