"""Types that several parts of the package share."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Protector(Protocol):
    """Anything that turns plain images into protected ones: h_p in the paper."""

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: Plain images, uint8 RGB [N, H, W, 3] or [H, W, 3].

        Returns:
            Protected images of the same shape and dtype.
        """
        ...
