"""What a protector hands back, looked at before it goes anywhere."""

from __future__ import annotations

import numpy as np

from tfppdnn.protector.scheme import as_batch

# A protector leaves hardly any pixel as it was; those of saturated colours, one in two hundred.
_LARGEST_UNCHANGED_SHARE = 0.01
# Of a picture of one colour chance may explain any share, also that of a picture left as it was.
_LARGEST_SHARE_BY_CHANCE = 0.5


def refuse_other_size(protected: np.ndarray, plain: np.ndarray) -> None:
    """Stops what is no image of the plain one's size, uint8 [H, W, 3].

    Raises:
        ValueError: It is not.
    """
    as_batch(protected)
    if protected.shape != plain.shape:
        raise ValueError(
            f"the protector returned shape {list(protected.shape)}, not {list(plain.shape)}"
        )


def refuse_unprotected(protected: np.ndarray, plain: np.ndarray) -> None:
    """Stops what a wrong or damaged protector made of an image before it is sent or written.

    Args:
        protected: What the protector made.
        plain: Of what it made it, uint8 [H, W, 3].

    Raises:
        ValueError: It shows more pixels as they were than one
            in a hundred and what would be alike by chance, or more than half of them. White paper
            is white in places, too, where a protector draws in black, white and greys.
    """
    # Only pixels of the same red can be the same: few, of which the rest is looked at.
    places = np.flatnonzero(protected[..., 0] == plain[..., 0])
    pixels, plain_pixels = protected.reshape(-1, 3), plain.reshape(-1, 3)
    unchanged = (pixels[places] == plain_pixels[places]).all(axis=-1)
    share = np.count_nonzero(unchanged) / len(pixels)
    if share <= _LARGEST_UNCHANGED_SHARE:
        return
    by_chance = min(_alike_by_chance(pixels, plain_pixels), _LARGEST_SHARE_BY_CHANCE)
    if share > by_chance + _LARGEST_UNCHANGED_SHARE * (1 - by_chance):
        raise ValueError(
            "the protector changes too little of it; it was left out, use another protector"
        )


def _alike_by_chance(pixels: np.ndarray, others: np.ndarray) -> float:
    """Which share would be alike if the pixels of both were shuffled, uint8 [N, 3] each."""
    (colours, counts), (other_colours, other_counts) = map(_counted, (pixels, others))
    _, here, there = np.intersect1d(colours, other_colours, assume_unique=True, return_indices=True)
    return float((counts[here] / len(pixels)) @ (other_counts[there] / len(others)))


def _counted(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    as_numbers = pixels.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    return np.unique(as_numbers, return_counts=True)
