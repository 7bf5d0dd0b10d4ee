"""Batches that depend on the seed and the step only, so that training can resume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf


def shuffled_indices(
    count: int, *, batch_size: int, first_step: int, steps: int, seed: int
) -> Iterator[np.ndarray]:
    """Yields the indices of `steps` batches of an endless shuffled pass over the data.

    Every epoch is a new permutation, drawn from (seed, epoch); a batch that reaches past
    the end of one takes its rest from the next, so all batches have the same size.

    Args:
        count: Number of images.
        batch_size: Images a batch.
        first_step: Number of the first batch, as counted from the start of training.
        steps: How many batches to yield.
        seed: Seed of the permutations.

    Yields:
        int64 [batch_size].
    """
    epoch, order = -1, np.empty(0, np.int64)
    for step in range(first_step, first_step + steps):
        positions = np.arange(step * batch_size, (step + 1) * batch_size)
        indices = np.empty(batch_size, np.int64)
        for row, position in enumerate(positions):
            if position // count != epoch:
                epoch = position // count
                order = np.random.default_rng([seed, epoch]).permutation(count)
            indices[row] = order[position % count]
        yield indices


def image_batches(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int,
    first_step: int,
    steps: int,
    seed: int,
    augment: bool = False,
    flip: bool = True,
    part: slice | None = None,
) -> tf.data.Dataset:
    """Makes shuffled training batches, the same ones whenever asked for the same steps.

    Args:
        images: uint8 [N, H, W, 3].
        labels: int64 [N].
        batch_size: Images a batch.
        first_step: Number of the first batch, as counted from the start of training.
        steps: How many batches.
        seed: Seed of order and augmentation.
        augment: Whether to crop and flip at random (see `live_augmentation`).
        flip: Whether augmentation flips.
        part: Which rows of each batch are wanted, all having been drawn; None for all of them.

    Returns:
        A data set of (float32 [B, H, W, 3] in [0, 1], int64 [B]).
    """

    def batches():
        for indices in shuffled_indices(
            len(images), batch_size=batch_size, first_step=first_step, steps=steps, seed=seed
        ):
            yield images[indices], labels[indices]

    signature = (
        tf.TensorSpec((batch_size, *images.shape[1:]), tf.uint8),
        tf.TensorSpec((batch_size,), tf.int64),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    dataset = dataset.map(lambda x, y: (tf.cast(x, tf.float32) / 255, y))
    if augment:
        from tfppdnn.datasets.augmentation import live_augmentation

        # Seeded by the step it starts at: a resumed round repeats the draws of the
        # round that was cut off.
        crop_and_flip = live_augmentation(
            images.shape[1], seed=hash((seed, first_step)) % 2**31, flip=flip
        )
        dataset = dataset.map(lambda x, y: (crop_and_flip(x), y))
    if part is not None:
        dataset = dataset.map(lambda x, y: (x[part], y[part]))
    return dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(4)


def in_batches(images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Yields consecutive slices of at most `batch_size` images."""
    for start in range(0, len(images), batch_size):
        yield images[start : start + batch_size]
