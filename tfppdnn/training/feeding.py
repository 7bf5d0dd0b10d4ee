"""What a round of training is fed with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import tensorflow as tf


def fed(batches: Iterable, *, leave_out: int = 0) -> tf.data.Dataset:
    """Makes a data set of a round's batches, one that is put away at once when they are used up.

    By default TensorFlow has a thread beside each data set that tunes it, now and then. Whoever
    puts the data set away waits for that thread, which may overhear that it is to stop: it then
    sleeps on to its next turn. After twelve seconds of training ten more were seen. There is
    nothing to be tuned here.

    Args:
        batches: A data set, or anything else that yields tuples of arrays, all of the same shapes.
        leave_out: How many of them to leave out, from the first on.

    Returns:
        The others, one made while another is used. To be gone through once.
    """
    if not isinstance(batches, tf.data.Dataset):
        batches = _as_dataset(itertools.islice(batches, leave_out, None))
    elif leave_out:
        batches = batches.skip(leave_out)
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(1).with_options(options)


def _as_dataset(batches: Iterable) -> tf.data.Dataset:
    batches = iter(batches)
    first = next(batches)
    return tf.data.Dataset.from_generator(
        lambda: itertools.chain([first], batches),
        output_signature=tf.nest.map_structure(
            lambda array: tf.TensorSpec(np.shape(array), np.asarray(array).dtype), first
        ),
    )
