"""A scheme in a `.tflite` file, run by LiteRT without TensorFlow."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tfppdnn.errors import UserError
from tfppdnn.protector.memory import MemoryBudget, allocated_memory, machine_memory
from tfppdnn.protector.processors import processors
from tfppdnn.protector.scheme import as_batch
from tfppdnn.quiet import silenced
from tfppdnn.system_noise import lowest_noise, system_noise

_MEND = "pass the protector.tflite of a run folder, made by `train` or `export`"
# Images that need more come one after the other, each with all processors: as fast, and the
# memory is that of one.
_LARGE_BYTES = 2**28
# An interpreter keeps the memory of the largest image it has seen; above this it is given back.
_KEPT_BYTES = 600 * 2**20


class LiteRTScheme:
    """Protects images with a TFLite model, uint8 [1, H, W, 3] to the same, H and W resizable.

    A model may also take noise, int32 [1, M]: then every image gets noise of its own from the
    operating system.

    One object may be called from several threads, and spreads the images of a batch over all
    processors by itself: each image that is being protected has an interpreter of its own.
    An image waits while others use the memory that it needs, and is refused if it needs
    more than three quarters of what the machine has.

    Args:
        path: The `.tflite` file.

    Attributes:
        draws_noise: Whether the model takes noise.

    Raises:
        UserError: The file is missing, is no TFLite model, or is the model of something else.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self._path = Path(path)
        self._noise = system_noise
        self._idle: list[_Runner] = []
        self._idle_large: list[_Runner] = []
        self._one_large = threading.Lock()
        self._memory = MemoryBudget(0.75 * machine_memory())
        try:
            self._model = self._path.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {path}: {os.strerror(error.errno)}; {_MEND}") from None
        with silenced():  # LiteRT says on stderr how it computes.
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
        workers = min(len(batch), processors())
        # All take from the same ones, so that nobody waits while there is an image left.
        indices = iter(range(len(batch)))
        if workers < 2:
            self._protect_each(indices, batch, protected)
        else:
            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                work = [
                    pool.submit(self._protect_each, indices, batch, protected)
                    for _ in range(workers)
                ]
            for one in work:
                one.result()
        return protected.reshape(images.shape)

    def without_noise(self) -> LiteRTScheme:
        """The same with all words kept, see `Protector.without_noise`."""
        quiet = copy.copy(self)  # Which shares the interpreters, and their memory.
        quiet._noise = lowest_noise
        return quiet

    def _protect_each(
        self, indices: Iterable[int], batch: np.ndarray, protected: np.ndarray
    ) -> None:
        for index in indices:
            protected[index] = self._protect_one(batch[index])

    def _protect_one(self, image: np.ndarray) -> np.ndarray:
        needed = self._bytes_per_pixel * image.shape[0] * image.shape[1]
        large = needed > _LARGE_BYTES
        idle = self._idle_large if large else self._idle
        with self._memory.reserve(needed), self._one_large if large else contextlib.nullcontext():
            try:
                # The one that was used last: its memory is still in the processor's caches.
                runner = idle.pop()
            except IndexError:
                runner = _Runner(self._model, threads=processors() if large else 1)
            try:
                protected = runner.run(image, self._noise)
            except RuntimeError as error:
                raise MemoryError(f"LiteRT failed ({_one_line(error)})") from error
            if needed <= _KEPT_BYTES:
                idle.append(runner)
            return protected

    def _check_interface(self) -> None:
        if not self._model:
            raise UserError(f"{self._path} is empty; {_MEND}")
        try:
            runner = _Runner(self._model, threads=1)
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"{self._path} is not a TFLite model ({_one_line(error)}); {_MEND}"
            ) from None
        inputs, outputs = runner.inputs, runner.outputs
        images, noise = inputs[:1] + outputs, inputs[1:]
        if not (
            len(images) == 2
            and all(_holds_images(tensor) for tensor in images)
            and (not noise or (len(noise) == 1 and _holds_noise(noise[0])))
        ):
            raise UserError(
                f"{self._path} is not a protector: its inputs are {_described(inputs)} and its "
                f"outputs {_described(outputs)}, not one uint8 [1, H, W, 3] each, and at most "
                f"int32 noise [1, M] beside; {_MEND}"
            )
        shape = inputs[0]["shape_signature"]
        if shape[1] != -1 or shape[2] != -1:
            raise UserError(
                f"{self._path} only takes images of fixed sizes, as a browser needs them; {_MEND}, "
                "which takes any size"
            )
        self.draws_noise = bool(noise)
        self._idle.append(runner)

    def _measure_bytes_per_pixel(self) -> float:
        """Runs two small images and sees how memory grows; more than is needed, never less.

        Tensors are counted as if none took the place of another. Those inside of XNNPACK's part
        do not tell their sizes, but it allocates their memory where that can be seen.
        """
        [runner] = self._idle
        used = {}
        for side in (32, 64):
            image = np.zeros((side, side, 3), np.uint8)
            try:
                shape = runner.run(image, self._noise).shape
            except (ValueError, RuntimeError) as error:
                raise UserError(
                    f"{self._path} does not run ({_one_line(error)}); {_MEND}"
                ) from None
            if shape != image.shape:
                raise UserError(
                    f"{self._path} is not a protector: it turns {image.shape} into {shape}; {_MEND}"
                )
            used[side] = runner.tensor_bytes(), allocated_memory()
        grown = [max(0, after - before) for before, after in zip(used[32], used[64], strict=True)]
        return sum(grown) / (64**2 - 32**2)


class _Runner:
    """An interpreter, ready for images of the size that it saw last.

    Args:
        model: The contents of the file.
        threads: Threads within an image.

    Attributes:
        inputs: What the interpreter says of each of its inputs, the image first.
        outputs: And of its outputs.

    Raises:
        ValueError: LiteRT does not know it for a model.
        RuntimeError: It cannot be prepared.
    """

    def __init__(self, model: bytes, *, threads: int):
        self._interpreter = Interpreter(model_content=model, num_threads=threads)
        self.inputs = image_first(self._interpreter.get_input_details())
        self.outputs = self._interpreter.get_output_details()
        self._shape: tuple[int, ...] | None = None

    def run(self, image: np.ndarray, draw: Callable) -> np.ndarray:
        """Maps uint8 [H, W, 3] to the same; see `Interpreter.invoke` for what it raises.

        Args:
            image: The image.
            draw: Draws noise, as `system_noise` does, if the model takes any.
        """
        source, target = self.inputs[0]["index"], self.outputs[0]["index"]
        if self._shape != image.shape:
            self._shape = None
            self._interpreter.resize_tensor_input(source, (1, *image.shape), strict=True)
            self._interpreter.allocate_tensors()
            self._shape = image.shape
        self._interpreter.set_tensor(source, image[np.newaxis])
        for noise in self.inputs[1:]:
            self._interpreter.set_tensor(noise["index"], draw(*noise["shape"]))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(target)[0]

    def tensor_bytes(self) -> int:
        """Adds up the sizes of all tensors outside of XNNPACK's part, as they are now."""
        return sum(
            int(np.prod(tensor["shape"])) * np.dtype(tensor["dtype"]).itemsize
            for tensor in self._interpreter.get_tensor_details()
        )


def image_first(inputs: list[dict]) -> list[dict]:
    """Sorts what an interpreter says of its inputs: the image, then its noise if it takes any."""
    return sorted(inputs, key=lambda tensor: len(tensor["shape"]), reverse=True)


def _holds_noise(tensor: dict) -> bool:
    shape = tensor["shape_signature"]
    return tensor["dtype"] is np.int32 and len(shape) == 2 and shape[0] == 1 and shape[1] > 0


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
