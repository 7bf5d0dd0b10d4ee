"""Which code keeps much of what a trunk sees, and gives a restorer little: in closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of a number that is normally distributed, the tanh of so much of it falls about equally often
# into each of a few equally spaced levels.
_GAIN = 0.8

# What lies in less than this share of the largest variance is rounding.
_LEAST_VARIANCE = 1e-6

# A restorer gets nothing finer back: so many pixels along each side are what is hidden.
_HIDDEN_SIZE = 8

# More directions than any code has numbers; the rest of what a trunk sees is small.
_MOST_DIRECTIONS = 512


class Encoder(NamedTuple):
    """A linear map from features to the numbers that are rounded to a code.

    Attributes:
        kernel: float32 [F, D].
        bias: float32 [D].
        kept: Share of the features' variance that the numbers, not yet rounded, explain.
        restored: Share of the pictures' variance that they explain.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    kept: float
    restored: float


def learn_code(
    features: NDArray[np.floating],
    pictures: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    size: int,
    hiding_weight: float = 0.0,
    label_weight: float = 0.0,
) -> Encoder:
    """Chooses the numbers of a code, once and for all, by an eigenvalue problem.

    Let z = W^T f be the numbers, uncorrelated and of variance 1. Ridge regression without a
    penalty restores of the features the share trace(W^T C C W) / trace(C) of their variance, C
    their covariance, and of the pictures p the share trace(W^T B W) / trace(cov p), where
    B = cov(f, p) cov(p, f); likewise of the labels, written as one number a class. W maximises

        kept - hiding_weight * restored + label_weight * labels explained,

    which, after whitening the features, is a sum of a quadratic form over orthonormal directions:
    the eigenvectors of the largest eigenvalues. With both weights 0 they are the principal
    components. So nothing is trained, nothing depends on a seed, and an adversary who knows
    the code can do no better by linear means than was taken into account; what others can do
    is for the audit to measure.

    Args:
        features: What the trunk sees of each picture, [N, F].
        pictures: The pictures, small, [N, ...]: what a restorer wants back.
        labels: Their classes, [N].
        size: Numbers in the code, D.
        hiding_weight: Weight of what is restored, from 0.
        label_weight: Weight of the labels, from 0.

    Returns:
        The encoder.

    Raises:
        ValueError: The features have fewer directions than the code has numbers.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features.astype(np.float32) - mean.astype(np.float32)
    count = len(centred)
    variances, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64) / count)
    variances, directions = variances[::-1], directions[:, ::-1]
    total = variances.sum()
    most = int((variances > _LEAST_VARIANCE * variances[0]).sum())
    if size > min(most, count - 1):
        raise ValueError(
            f"{count} pictures have features in {min(most, count - 1)} directions, fewer than "
            f"the {size} numbers of the code"
        )
    most = min(most, _MOST_DIRECTIONS)
    whitening = directions[:, :most] / np.sqrt(variances[:most])
    white = centred @ whitening.astype(np.float32)

    kept = np.diag(variances[:most] / total)
    restored = _explained(white, pictures.reshape(count, -1))
    gained = kept - hiding_weight * restored
    if label_weight:
        gained += label_weight * _explained(white, np.eye(labels.max() + 1)[labels])
    _, chosen = np.linalg.eigh(gained)
    chosen = chosen[:, ::-1][:, :size]
    kernel = _GAIN * whitening @ chosen
    return Encoder(
        kernel=kernel.astype(np.float32),
        bias=(-mean @ kernel).astype(np.float32),
        kept=float(np.trace(chosen.T @ kept @ chosen)),
        restored=float(np.trace(chosen.T @ restored @ chosen)),
    )


def _explained(white: NDArray[np.float32], targets: NDArray) -> NDArray[np.float64]:
    """[K, K]: its quadratic form is the share of the targets' variance that a direction explains.

    Args:
        white: Uncorrelated features of variance 1, [N, K].
        targets: [N, T].
    """
    centred = (targets - targets.mean(axis=0, dtype=np.float64)).astype(np.float32)
    covariance = (white.T @ centred).astype(np.float64) / len(white)
    return covariance @ covariance.T / centred.var(axis=0, dtype=np.float64).sum()


def averaged(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Averages pictures down to what `learn_code` hides.

    Args:
        pictures: [N, S, S, 3], S a multiple of 8.

    Returns:
        [N, 8, 8, 3] in [0, 1].
    """
    side = pictures.shape[1] // _HIDDEN_SIZE
    shape = (len(pictures), _HIDDEN_SIZE, side, _HIDDEN_SIZE, side, 3)
    return pictures.reshape(shape).mean(axis=(2, 4), dtype=np.float32) / 255
