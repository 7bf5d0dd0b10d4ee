"""From 8-bit images to a network and back: every measurement is of what would be uploaded."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from tfppdnn.datasets.batches import in_batches
from tfppdnn.models.inference import inference
from tfppdnn.models.randomized_response import noise_taken
from tfppdnn.system_noise import system_noise

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3], RGB."""

Noise = NDArray[np.int32]
"""int32 [N, M]; see `tfppdnn.system_noise`."""


def run_on_images(
    network: keras.Model, images: Images, *, batch_size: int = 64, noise: Noise | None = None
) -> Images:
    """Runs a network from images to images, and rounds what it makes to 8 bits.

    Args:
        network: From float32 [N, H, W, 3] in [0, 1] to the same, such as a generator.
        images: uint8 [N, H, W, 3], N at least 1.
        batch_size: Images at a time.
        noise: int32 [N, M], for a network that takes noise beside images; drawn from the
            operating system's generator if not given.

    Returns:
        uint8 [N, H, W, 3].
    """
    size = noise_taken(network)
    if size is not None and noise is None:
        noise = system_noise(len(images), size)
    inputs = (images,) if size is None else (images, noise)
    run = inference(network)
    batches = zip(*(in_batches(each, batch_size) for each in inputs), strict=True)
    # Rounded batch by batch: floats take four times the memory.
    return np.concatenate(
        [
            as_bytes(keras.ops.convert_to_numpy(run(as_floats(batch), *others)))
            for batch, *others in batches
        ]
    )


def as_floats(images: Images) -> NDArray[np.float32]:
    """Maps 8-bit images to float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)


def as_bytes(images: NDArray[np.floating]) -> Images:
    """Rounds images in [0, 1] to 8 bits, halves to the even neighbour."""
    return np.rint(images * 255).astype(np.uint8)
