"""As many bits as a code, spent on the pixels: what a code of so many bits could give away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.baselines.images import Images
from tfppdnn.errors import UserError

_LEVELS = 8
_BITS = 3
# Eight levels reach to here, in standard deviations.
_REACH = 2.5
# More change the components little, and take much memory where pictures are large.
_FITTED_ON = 5_000


@dataclass(frozen=True)
class PCA:
    """A PCA code of the pixels, which learns its components from pictures first.

    (Jolliffe 2002, Principal Component Analysis.)

    Attributes:
        bits: Of the code, 3 a number: a multiple of 3, from 3.

    Raises:
        UserError: It is not.
    """

    bits: int = 96

    def __post_init__(self):
        if self.bits < _BITS or self.bits % _BITS:
            raise UserError(
                f"pca:{self.bits}: its numbers have {_BITS} bits each; give a multiple of {_BITS}"
            )

    def fitted_on(self, images: Images) -> PCACode:
        """Learns the components that vary most, from at most 5,000 of the images.

        Args:
            images: Training images, uint8 [N, H, W, 3], more than there are numbers in the code.

        Raises:
            UserError: The images are too few, too small, or all alike.
        """
        # Takes a moment to import, and clients never need it.
        from scipy.sparse.linalg import svds

        numbers = self.bits // _BITS
        order = np.random.default_rng(0).permutation(len(images))[:_FITTED_ON]
        pixels = images[order].reshape(len(order), -1).astype(np.float32)
        if min(pixels.shape) <= numbers:
            raise UserError(
                f"pca:{self.bits}: {numbers} components cannot be learnt from {len(pixels)} "
                f"pictures of {pixels.shape[1]} values; give more pictures, or fewer bits"
            )
        mean = pixels.mean(axis=0)
        pixels -= mean
        if not pixels.any():
            raise UserError(f"pca:{self.bits}: the pictures are all alike; give others")
        # The same start gives the same components.
        start = np.random.default_rng(0).standard_normal(min(pixels.shape)).astype(np.float32)
        _, lengths, components = svds(pixels, numbers, v0=start)
        deviations = lengths / math.sqrt(len(pixels))
        return PCACode(images.shape[1:], mean, components, np.maximum(deviations, 1e-3))

    def protect(self, images: Images) -> Images:
        """Protects nothing yet.

        Raises:
            UserError: Always.
        """
        raise UserError(
            f"pca:{self.bits} learns from a data set first: audit, classify and frontier do that; "
            f"in Python, tfppdnn.baselines.PCA({self.bits}).fitted_on(images)"
        )


@dataclass(frozen=True, eq=False)
class PCACode:
    """A PCA code that has learnt: a picture becomes what its code gives back.

    Attributes:
        shape: Height, width and 3. Pictures of another size are coded at this one.
        mean: float32 [D], of the pixels.
        components: float32 [numbers, D], of length 1.
        deviations: float32 [numbers], the pixels' standard deviation along each.
    """

    shape: tuple[int, int, int]
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    deviations: NDArray[np.float32]

    @property
    def bits(self) -> int:
        """log2 of how many pictures there can be."""
        return _BITS * len(self.components)

    def code(self, images: Images) -> NDArray[np.int64]:
        """Codes uint8 [N, *shape]; int64 [N, numbers] from 0 to 7, equally spaced levels."""
        centred = images.reshape(len(images), -1) - self.mean
        numbers = centred @ self.components.T / self.deviations
        return np.rint((np.clip(numbers / _REACH, -1, 1) + 1) / 2 * (_LEVELS - 1)).astype(np.int64)

    def draw(self, code: NDArray[np.int64]) -> Images:
        """Draws uint8 [N, *shape] from codes alone."""
        numbers = (2 * code / (_LEVELS - 1) - 1) * _REACH * self.deviations
        pixels = self.mean + numbers @ self.components
        return np.rint(pixels.clip(0, 255)).astype(np.uint8).reshape(-1, *self.shape)

    def protect(self, images: Images) -> Images:
        """Codes and draws uint8 [N, H, W, 3] or [H, W, 3]."""
        batch = images.reshape(-1, *images.shape[-3:])
        drawn = self.draw(self.code(_resized(batch, self.shape)))
        return _resized(drawn, images.shape[-3:]).reshape(images.shape)


def _resized(images: Images, shape: tuple[int, ...]) -> Images:
    if images.shape[1:] == shape:
        return images
    # Looking a protector up by its name loads no library.
    from PIL import Image

    height, width, _ = shape
    return np.array(
        [Image.fromarray(one).resize((width, height), Image.Resampling.BOX) for one in images]
    ).reshape(-1, *shape)
