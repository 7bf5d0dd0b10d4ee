"""A vocabulary for what a trunk sees: the words that pictures are named by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from tfppdnn.errors import UserError

# Means of so many pictures hardly move any more.
_MOST_PICTURES = 50_000

# What lies in less than this share of the largest variance is rounding.
_ROUNDING = 1e-6


class Vocabulary(NamedTuple):
    """Numbers of what a trunk sees, and the words that name them.

    Attributes:
        kernel: float32 [F, D], from features to numbers.
        bias: float32 [D].
        values: float32 [W, K, D]: what each value of each word stands for. One of each
            word, added up, lie in [-1, 1].
        kept: Share of the features' variance that the words, all true and one after the other,
            explain.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    values: NDArray[np.float32]
    kept: float


PICTURES_A_WORD = 50
"""On the average. A word is a mean of pictures' features, and travels with h_p. Of fewer pictures
many a word would be one picture's, and whoever has h_p could tell that it was there."""


def check_enough_pictures(count: int, *, choices: int) -> None:
    """Says whether there are enough pictures to make words of.

    Args:
        count: Training pictures.
        choices: Values of each word, K.

    Raises:
        UserError: There are not.
    """
    needed = PICTURES_A_WORD * choices
    if count < needed:
        raise UserError(
            f"--privacy_choices={choices}: words are means of {PICTURES_A_WORD} pictures on "
            f"average, which are {needed:,}, and there are {count:,} to learn from; give fewer "
            "choices, or more pictures"
        )


def learn_words(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    size: int,
    words: int,
    choices: int,
    seed: int,
) -> Vocabulary:
    """Finds words that lie near what pictures look like to a trunk.

    How pictures of one class differ from each other tells nothing of what they are, and is made
    small: with S the covariance within classes and v the mean of its variances, features f
    become (S + v I)^(-1/2) f (within-class covariance normalisation: Hatch, Kajarekar and
    Stolcke, 2006). The numbers are the principal components of that.

    The first word's values are the means of K clusters of the numbers' directions, the second
    word's those of what the first leaves over, and so on: residual vector quantisation. All values
    of a word are made equally long (as in spherical k-means: Dhillon and Modha, 2001), so that
    the nearest is that of the smallest angle. How much of something there is in a picture, its
    first word does not say.

    Noise does not change which value is the best name, if there is one word. Let q be the
    probability of each value that is drawn in place of the true one, and q + r that of the true
    one. The expected squared error of the name c is r |f - c|^2 + q (the sum of |f - c'|^2 over all
    values c'). The second part is the same for every name. Of several words the second may have
    a better name than the one that is nearest to what the first leaves over; that was not tried.

    Args:
        features: What the trunk sees of each picture, [N, F].
        labels: Their classes, [N].
        size: How many numbers, D.
        words: How many words, W.
        choices: Values of each, K.
        seed: Seed of the clusters.

    Returns:
        The vocabulary.

    Raises:
        UserError: There are too few pictures, see `check_enough_pictures`.
        ValueError: There are fewer directions than numbers.
    """
    check_enough_pictures(len(features), choices=choices)
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features.astype(np.float32) - mean.astype(np.float32)
    kernel = _numbers(centred, labels, size)
    unexplained = centred[:_MOST_PICTURES]
    left, total = unexplained @ kernel.astype(np.float32), np.square(unexplained).sum()
    values = np.empty((words, choices, size), np.float32)
    for word in range(words):
        values[word] = _directions(left, choices, seed=seed)
        # Of values of one length, the nearest.
        named = (left @ values[word].T).argmax(axis=1)
        left -= values[word][named]
        for value in np.unique(named):
            alike = named == value
            unexplained[alike] -= unexplained[alike].mean(axis=0)
    # So that whichever words are added up, a picture can be drawn of them.
    largest = np.abs(values).max(axis=1).sum(axis=0).max()
    return Vocabulary(
        kernel=(kernel / largest).astype(np.float32),
        bias=(-mean @ kernel / largest).astype(np.float32),
        values=values / largest,
        kept=1 - float(np.square(unexplained).sum() / total),
    )


def _numbers(
    centred: NDArray[np.float32], labels: NDArray[np.integer], size: int
) -> NDArray[np.float64]:
    """The linear map from features to so many numbers, those that vary most: [F, D]."""
    count, width = centred.shape
    covariance = (centred.T @ centred).astype(np.float64) / count
    variances = np.linalg.eigvalsh(covariance)
    found = int((variances > _ROUNDING * variances[-1]).sum())
    if size > found:
        raise ValueError(f"features of {found} directions do not make {size} numbers")
    within = covariance.copy()
    for label in np.unique(labels):
        alike = labels == label
        middle = centred[alike].mean(axis=0, dtype=np.float64)
        within -= np.outer(middle, middle) * alike.mean()
    # Where all pictures of a class are alike, nothing is to be made small.
    mean_variance = max(np.trace(within), _ROUNDING * np.trace(covariance)) / width
    variances, directions = np.linalg.eigh(within)
    scaled = directions / np.sqrt(np.maximum(variances, 0) + mean_variance)
    whiten = scaled @ directions.T
    _, principal = np.linalg.eigh(whiten @ covariance @ whiten)
    return whiten @ principal[:, ::-1][:, :size]


def _directions(left: NDArray[np.float32], choices: int, *, seed: int) -> NDArray[np.float32]:
    """Where numbers point to: the means of clusters of them, equally long, [K, D]."""
    units = _units(left)
    clusters = MiniBatchKMeans(choices, batch_size=4096, n_init=3, random_state=seed).fit(units)
    means = _units(clusters.cluster_centers_)
    # As long as brings it nearest to the numbers, on the average.
    return means * (left * means[(units @ means.T).argmax(axis=1)]).sum(axis=1).mean()


def _units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
