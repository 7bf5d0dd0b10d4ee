"""How often the gate errs: on the data set's images, and on pictures of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

import keras
import numpy as np

from tfppdnn.datasets.batches import in_batches
from tfppdnn.images.decoys import DECOYS
from tfppdnn.images.photographs import photographs
from tfppdnn.models.eight_bit import run_on_images

Judge = Callable[[np.ndarray], np.ndarray]
"""Maps uint8 [N, H, W, 3] to N scores, or to N answers whether an image looks protected."""

# Of each other kind of plain image at most this many are looked at.
_OF_EACH_KIND = 1000
_PHOTOGRAPH_SIZES = (96, 256)


def threshold_and_errors(
    scores: Judge, protected: np.ndarray, plain: np.ndarray
) -> tuple[float, dict[str, float]]:
    """Chooses the threshold on every other image, and counts the errors on the rest.

    Args:
        scores: Scores images, high for protected.
        protected: uint8 [N, H, W, 3].
        plain: uint8 [M, H, W, 3].

    Returns:
        The threshold, and the shares in [0, 1] of `protected_refused` and `plain_let_through`.
    """
    of_protected, of_plain = _by_batches(scores, protected), _by_batches(scores, plain)
    threshold = threshold_between(of_protected[::2], of_plain[::2])
    return threshold, {
        "protected_refused": float((of_protected[1::2] < threshold).mean()),
        "plain_let_through": float((of_plain[1::2] >= threshold).mean()),
    }


def threshold_between(protected: np.ndarray, plain: np.ndarray) -> float:
    """Chooses the score from which an image looks protected.

    Half-way between the two sides, leaving out the outermost thousandth of each.

    Args:
        protected: Scores of protected images, float32 [N].
        plain: Scores of plain images, float32 [M].
    """
    return float((np.quantile(protected, 0.001) + np.quantile(plain, 0.999)) / 2)


def errors_on_other_kinds(
    looks_protected: Judge,
    protector: keras.Model,
    plain: np.ndarray,
    *,
    seed: int,
    taught: Set[str] = frozenset(),
) -> dict[str, dict[str, Any]]:
    """Counts the errors on decoys and photographs, and on photographs that are protected.

    Args:
        looks_protected: The gate.
        protector: h_p.
        plain: uint8 [N, S, S, 3], of which decoys are made.
        seed: Seed of the decoys.
        taught: Which kinds the gate has learnt from.

    Returns:
        For `plain` and `protected`, by kind: the `share` in [0, 1] that the gate is wrong
        about, the number of `images`, and whether it was `taught` such.
    """
    rng = np.random.default_rng(seed)
    size = plain.shape[1]
    kinds = {name: make(plain[:_OF_EACH_KIND], rng) for name, make in DECOYS.items()}
    of_photographs = {"pieces of photographs": _pieces(photographs(8 * size), size)}
    of_photographs |= {f"photographs of {s} pixels": photographs(s) for s in _PHOTOGRAPH_SIZES}

    def counted(name: str, images: np.ndarray, *, right: bool) -> dict[str, Any]:
        wrong = _by_batches(looks_protected, images) != right
        return {
            "share": float(wrong.mean()),
            "images": len(images),
            "taught": name in taught,
        }

    return {
        "plain": {
            name: counted(name, images, right=False)
            for name, images in (kinds | of_photographs).items()
        },
        "protected": {
            name: counted(name, run_on_images(protector, images), right=True)
            for name, images in of_photographs.items()
        },
    }


def _by_batches(judge: Judge, images: np.ndarray) -> np.ndarray:
    return np.concatenate([judge(some) for some in in_batches(images, 128)])


def _pieces(images: np.ndarray, size: int) -> np.ndarray:
    """Cuts [N, H, W, 3], H and W multiples of `size`, into squares."""
    count, height, width, _ = images.shape
    grid = images.reshape(count, height // size, size, width // size, size, 3)
    return grid.swapaxes(2, 3).reshape(-1, size, size, 3)
