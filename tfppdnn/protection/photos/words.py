"""A vocabulary for what a trunk sees: the words that pictures are named by under noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from tfppdnn.errors import UserError

# Means of so many pictures hardly move any more.
_MOST_PICTURES = 50_000


class Vocabulary(NamedTuple):
    """Numbers of what a trunk sees, and the words that name them.

    Attributes:
        kernel: float32 [F, D], from features to numbers.
        bias: float32 [D].
        values: float32 [W, K, D]: what each value of each word stands for. One of each
            word, added up, lie in [-1, 1].
        kept: Share of the features' variance that the words, all true, explain.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    values: NDArray[np.float32]
    kept: float


PICTURES_A_WORD = 50
"""A word is a mean of pictures' features, and travels with h_p. Of fewer pictures many a word would
be one picture's, and whoever has h_p could tell that it was there."""


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
            f"--privacy_choices={choices}: words are means of {PICTURES_A_WORD} pictures and more, "
            f"which are {needed:,}, and there are {count:,} to learn from; give fewer choices, or "
            "more pictures"
        )


def learn_words(
    features: NDArray[np.floating], *, size: int, words: int, choices: int, seed: int
) -> Vocabulary:
    """Finds words that lie near what pictures look like to a trunk.

    The numbers are the features' principal components. The first word's values are the means of
    K clusters of them (k-means), the second word's those of what the first leaves over, and so
    on: residual vector quantisation. Labels are not used, so no task is preferred.

    Args:
        features: What the trunk sees of each picture, [N, F].
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
    covariance = (centred.T @ centred).astype(np.float64)
    _, directions = np.linalg.eigh(covariance)
    if size > len(directions):
        raise ValueError(f"features of {len(directions)} directions do not make {size} numbers")
    kernel = directions[:, ::-1][:, :size]
    left = centred[:_MOST_PICTURES] @ kernel.astype(np.float32)
    values = np.empty((words, choices, size), np.float32)
    for word in range(words):
        clusters = MiniBatchKMeans(choices, batch_size=4096, n_init=3, random_state=seed).fit(left)
        values[word] = clusters.cluster_centers_
        left -= values[word][clusters.predict(left)]
    total = float((centred[:_MOST_PICTURES] ** 2).sum(dtype=np.float64))
    outside = total - float(((centred[:_MOST_PICTURES] @ kernel.astype(np.float32)) ** 2).sum())
    # So that whichever words are added up, a picture can be drawn of them.
    largest = np.abs(values).max(axis=1).sum(axis=0).max()
    return Vocabulary(
        kernel=(kernel / largest).astype(np.float32),
        bias=(-mean @ kernel / largest).astype(np.float32),
        values=values / largest,
        kept=1 - (outside + float((left**2).sum(dtype=np.float64))) / total,
    )
