"""The pictures of a run: which images its report shows."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from tfppdnn.images.montage import montage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a report shows; every array is uint8 [N, H, W, 3], N at least 1.

    Attributes:
        plain: x, at the training size.
        protected: h_p(x), of the same images.
        restored: G_BA(h_p(x)), likewise.
        large_plain: x at 96x96, as in the paper's Fig. 1.
        large_protected: h_p of these.
        large_restored: G_BA of those.
        preliminary: P, made of the same images, where an objective has them.
    """

    plain: np.ndarray
    protected: np.ndarray
    restored: np.ndarray
    large_plain: np.ndarray
    large_protected: np.ndarray
    large_restored: np.ndarray
    preliminary: np.ndarray | None = None

    def header(self) -> Image.Image:
        """Plain over protected, for a first look."""
        return montage({"plain": self.plain, "protected": self.protected}, columns=8)

    def grid(self) -> Image.Image:
        """All kinds at the training size."""
        rows = {
            "plain": self.plain,
            "preliminary: what the training aims at": self.preliminary,
            "protected: what leaves your hands": self.protected,
            "restored: what the run's own restorer makes of it": self.restored,
        }
        return montage({name: row for name, row in rows.items() if row is not None}, columns=8)

    def large(self) -> Image.Image:
        """The larger images, of the kind of the paper's Fig. 1."""
        return montage(
            {
                "plain": self.large_plain,
                "protected": self.large_protected,
                "restored": self.large_restored,
            },
            columns=5,
            tile=144,
        )
