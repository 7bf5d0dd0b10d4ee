"""What a protector hands back, looked at before it goes anywhere."""

from __future__ import annotations

import numpy as np

from tfppdnn.protector.scheme import as_batch

# A protector leaves hardly any pixel as it was; those of saturated colours, one in two hundred.
_LARGEST_UNCHANGED_SHARE = 0.01


def refuse_unprotected(protected: np.ndarray, plain: np.ndarray) -> None:
    """Stops what a wrong or damaged protector made of an image before it is sent or written.

    Args:
        protected: What the protector made.
        plain: Of what it made it, uint8 [H, W, 3].

    Raises:
        ValueError: It is no image of the same size, or shows more than one in a hundred pixels
            as they were.
    """
    as_batch(protected)
    if protected.shape != plain.shape:
        raise ValueError(
            f"the protector returned shape {list(protected.shape)}, not {list(plain.shape)}"
        )
    # Only pixels of the same red can be the same: few, of which the rest is looked at.
    places = np.flatnonzero(protected[..., 0] == plain[..., 0])
    pixels, plain_pixels = protected.reshape(-1, 3), plain.reshape(-1, 3)
    unchanged = (pixels[places] == plain_pixels[places]).all(axis=-1)
    if np.count_nonzero(unchanged) > _LARGEST_UNCHANGED_SHARE * len(pixels):
        raise ValueError(
            "the protector changes too little of it; it was left out, use another protector"
        )
