"""Running an exported protector the way its users do: bytes in, bytes out, no Keras."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tfppdnn.protector.litert import image_first

Runner = Callable[..., np.ndarray]
"""Maps uint8 [N, H, W, 3], and int32 [N, M] noise where h_p takes any, to uint8 [N, H, W, 3]."""


def saved_model_runners(directory: Path) -> list[Runner]:
    """Returns a runner for each signature of a protector's SavedModel."""
    loaded = tf.saved_model.load(directory)
    pixels, files = loaded.signatures["serving_default"], loaded.signatures["encoded"]

    def run_pixels(images: np.ndarray, *noise: np.ndarray) -> np.ndarray:
        return pixels(image=tf.constant(images), **_named(noise))["protected"].numpy()

    def run_files(images: np.ndarray, *noise: np.ndarray) -> np.ndarray:
        answers = files(image_bytes=tf.constant([_png(image) for image in images]), **_named(noise))
        return np.stack([_pixels(png) for png in answers["protected_bytes"].numpy()])

    # The signatures go when the model that owns them goes.
    run_pixels.owner = run_files.owner = loaded
    return [run_pixels, run_files]


def tflite_runner(path: Path) -> Runner:
    """Returns a runner for a protector's TFLite file of any image size."""
    interpreter = Interpreter(model_path=str(path))
    inlets = image_first(interpreter.get_input_details())
    outlet = interpreter.get_output_details()[0]

    def run(images: np.ndarray, *noise: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(inlets[0]["index"], (1, *images.shape[1:]))
        interpreter.allocate_tensors()
        protected = []
        for inputs in zip(images, *noise, strict=True):
            for inlet, one in zip(inlets, inputs, strict=True):
                interpreter.set_tensor(inlet["index"], one[np.newaxis])
            interpreter.invoke()
            protected.append(interpreter.get_tensor(outlet["index"])[0])
        return np.stack(protected)

    return run


def web_runners(path: Path) -> dict[int, Runner]:
    """Returns a runner for each image size of a protector's browser file."""
    interpreter = Interpreter(model_path=str(path))

    def runner(signature: str) -> Runner:
        protect = interpreter.get_signature_runner(signature)
        return lambda images, *noise: np.concatenate(
            [
                protect(
                    image=image[np.newaxis], **_named([numbers[np.newaxis] for numbers in others])
                )["protected"]
                for image, *others in zip(images, *noise, strict=True)
            ]
        )

    signatures = interpreter.get_signature_list()
    return {int(name.removeprefix("protect_")): runner(name) for name in signatures}


def _named(noise: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip(["noise"], noise, strict=False))


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))
