"""A scheme as a Keras model, in a file or held by a program: it can be differentiated."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.deeds import deeds
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.scheme import as_batch
from tfppdnn.system_noise import lowest_noise, system_noise

# Of the image that a network is tried on, where it takes any size.
_SIDE = 32


class KerasScheme:
    """Protects images with a Keras model, a batch at a time.

    Args:
        network: See `load_network`.
        noise: Draws its noise, if it takes any.
    """

    def __init__(self, network: Callable, *, noise: Callable = system_noise):
        self._network, self._noise = network, noise

    @property
    def draws_noise(self) -> bool:
        """Whether the model takes noise."""
        from tfppdnn.models.randomized_response import noise_taken

        return noise_taken(self._network) is not None

    def without_noise(self) -> KerasScheme:
        """The same with all words kept, see `Protector.without_noise`."""
        return KerasScheme(self._network, noise=lowest_noise)

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: uint8 RGB [N, H, W, 3] or [H, W, 3].

        Returns:
            Protected images of the same shape and dtype.

        Raises:
            ValueError: The array has another shape or dtype.
        """
        from tfppdnn.models.eight_bit import run_on_images
        from tfppdnn.models.randomized_response import noise_taken

        batch = as_batch(images)
        if not len(batch):
            return batch.copy()
        size = noise_taken(self._network)
        noise = None if size is None else self._noise(len(batch), size)
        return run_on_images(self._network, batch, noise=noise).reshape(images.shape)


def load_network(path: str | os.PathLike[str]) -> Callable:
    """Loads a protector as the network it is, which can be differentiated.

    Args:
        path: A `.keras` file of any model from float32 [N, H, W, 3] in [0, 1] to the same.

    Returns:
        The Keras model.

    Raises:
        UserError: TensorFlow is not installed, or the file holds no such model.
    """
    try:
        # TensorFlow takes seconds to import and is needed for this kind of file only.
        import keras
    except ImportError:
        raise UserError(
            f"{path} is a Keras file, which needs TensorFlow; run: pip install 'tfppdnn[train]', "
            "or pass a protector.tflite"
        ) from None
    try:
        network = keras.models.load_model(path, compile=False)
    except Exception as error:
        raise UserError(
            f"{path} cannot be loaded as a Keras file ({_first_line(error)}); put it back as it "
            "was, or pass one that Keras has saved, of layers that it knows"
        ) from error
    return _checked(network, os.fspath(path))


def held_model(network: Any, *, name: str | None = None) -> Origin:
    """Names a Keras model that a program holds.

    Args:
        network: Any model from float32 [N, H, W, 3] in [0, 1] to the same.
        name: What messages and reports call it; its own name if None.

    Raises:
        UserError: It is no such model.
    """
    name = name or network.name
    scheme, sizes = KerasScheme(_checked(network, name)), [_size(network)]
    return Origin(
        name=name,
        title=name,
        load=lambda: scheme,
        identity=lambda: f"{name} {deeds(scheme, name=name, sizes=sizes)}",
        network=lambda: network,
        files={"protector.keras": network.save},
    )


def _checked(network: Any, name: str) -> Any:
    fault = _fault(network)
    if fault is not None:
        raise UserError(
            f"{name} is not a protector: {fault}; pass a network from float32 [N, H, W, 3] in "
            "[0, 1] to the same"
        )
    return network


def _fault(network: Callable) -> str | None:
    """Says what is wrong with what becomes of one image, from black to white, or nothing."""
    from tfppdnn.models.inference import inference
    from tfppdnn.models.randomized_response import noise_taken

    try:
        height, width = _size(network)
        image = np.linspace(0, 1, height * width * 3, dtype=np.float32)
        image = image.reshape(1, height, width, 3)
        size = noise_taken(network)
        noise = [] if size is None else [system_noise(1, size)]
        made = np.asarray(inference(network)(image, *noise))
    except Exception as error:
        return f"it does not run on an image ({_first_line(error)})"
    if made.shape != image.shape or made.dtype != image.dtype:
        return f"it turns float32 {list(image.shape)} into {made.dtype} {list(made.shape)}"
    if not 0 <= made.min() <= made.max() <= 1:  # Nor is NaN.
        return f"its values go from {made.min():.3g} to {made.max():.3g}"
    return None


def _size(network: Any) -> tuple[int, int]:
    height, width = (size or _SIDE for size in network.inputs[0].shape[1:3])
    return height, width


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
