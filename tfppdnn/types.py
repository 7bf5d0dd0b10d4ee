"""Types that several parts of the package share."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Protector(Protocol):
    """Anything that turns plain images into protected ones: h_p in the paper.

    A scheme may also offer, and is asked for with `getattr`:

    - `key_space_bits(height, width)`: the bits of its key, if it has one.
    - `classifier_front`: the layers that its classifier begins with, one of `models.fronts`.
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
