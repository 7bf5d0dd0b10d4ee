"""What a protector is made of: anything with a method `protect`."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Scheme(Protocol):
    """Anything that turns plain images into protected ones: h_p in the paper.

    A scheme may say more of itself by further attributes; see `Protector.says`:

    - `bits`: log2 of how many different protected pictures of one size it can make.
    - `epsilon`: of its local differential privacy, if it draws noise.
    - `draws_noise`: whether it draws at random for each picture, so that one picture becomes many.
    - `repeats`: whether the same picture always becomes the same protected one; it is tried out of
      one that does not say.
    - `without_noise()`: the same as its owner can run it, with noise that changes nothing.
    - `fitted_on(images)`: the scheme that it becomes by learning from training images, of one
      that has to before it protects.
    - `key_space_bits(height, width)`: the bits of its key, if it has one.
    - `with_key(key)`: the same under another key, if an attacker can run it so.
    - `classifier_front`: the layers that its classifier begins with, one of `models.fronts`.
    - `gan_generator`: the generator that fits it in the GAN attack.
    - `trained_on`: the data set that it was trained on, as `ImageDataset.summary` tells it.
    - `size_multiple`: what height and width must be multiples of to stay as they are.
    """

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: Plain images, uint8 RGB [N, H, W, 3] or [H, W, 3].

        Returns:
            Protected images of the same shape and dtype.
        """
        ...


def draws_noise(scheme: Scheme) -> bool:
    """Whether a scheme draws at random for each picture: it says so, or names its epsilon."""
    said = getattr(scheme, "draws_noise", None)
    # Of a `Protector` the epsilon is not asked for, which may load its network.
    return bool(said) if said is not None else getattr(scheme, "epsilon", None) is not None


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
    if images.ndim not in (3, 4) or images.shape[-1] != 3:
        raise ValueError(f"images must be [N, H, W, 3] or [H, W, 3], not {list(images.shape)}")
    if 0 in images.shape[-3:-1]:
        raise ValueError(f"images must be a pixel or more on each side, not {list(images.shape)}")
    return images if images.ndim == 4 else images[np.newaxis]
