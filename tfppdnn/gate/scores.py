"""What F_B makes of images of any size: one score each, high for protected."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from tfppdnn.models.inference import inference

# F_B makes dozens of float32 of each pixel: all windows of a large image would need gigabytes.
PIXELS_AT_ONCE = 2**20


def patch_scores(discriminator: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """Returns the mean of each image's patch scores, float32 [N].

    Args:
        discriminator: A PatchGAN, or what `inference` makes of one.
        images: float32 [N, H, W, 3] in [0, 1].
    """
    return tf.reduce_mean(discriminator(images), axis=[1, 2, 3])


def gate_scores(discriminator: keras.Model, *, image_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the score of 8-bit images of any size: uint8 [N, H, W, 3] to float32 [N].

    F_B takes any size, but its instance normalization and padding let scores drift with it.
    So only sizes are shown to it that it was taught: an image is repeated until it is as
    large as a training image, and looked at through windows of twice that size, whose scores
    are averaged. An h_p that draws on a canvas and enlarges it makes something else of a large
    image than of a small one: for it a pixel of each of the canvas's is looked at, too, and the
    better of both scores counts.

    Args:
        discriminator: F_B.
        image_size: Height and width of the training images.
    """
    patches = inference(discriminator)

    def of_small(images: tf.Tensor) -> tf.Tensor:
        return _in_groups(
            lambda some: patch_scores(patches, tf.cast(some, tf.float32) / 255.0), images
        )

    def score(image: tf.Tensor) -> tf.Tensor:
        height, width = tf.shape(image)[1], tf.shape(image)[2]
        repeats = [1, _ceil(image_size, height), _ceil(image_size, width), 1]
        image = tf.tile(image, repeats)
        through_windows = of_small(_windows(image, 2 * image_size))
        through_windows = tf.reduce_mean(
            tf.reshape(through_windows, [tf.shape(image)[0], -1]), axis=1
        )
        return tf.maximum(through_windows, of_small(_sampled(image, image_size)))

    return score


def _in_groups(score: Callable[[tf.Tensor], tf.Tensor], windows: tf.Tensor) -> tf.Tensor:
    """Scores [M, h, w, 3] a group after the other, so that memory is bounded; float32 [M]."""
    count, height, width = (tf.shape(windows)[axis] for axis in range(3))
    groups = _ceil(count, tf.maximum(1, PIXELS_AT_ONCE // (height * width)))
    size = _ceil(count, groups)
    padded = tf.pad(windows, [[0, groups * size - count], [0, 0], [0, 0], [0, 0]])
    scores = tf.map_fn(
        score,
        tf.reshape(padded, [groups, size, height, width, 3]),
        fn_output_signature=tf.TensorSpec([None], tf.float32),
        parallel_iterations=1,
    )
    return tf.reshape(scores, [-1])[:count]


def _sampled(image: tf.Tensor, size: int) -> tf.Tensor:
    """Takes [N, H, W, 3] back to what it was at `size`, if `NearestResizeLike` enlarged it."""
    rows, columns = (
        _ceil(tf.range(size) * length, size) for length in (tf.shape(image)[1], tf.shape(image)[2])
    )
    return tf.gather(tf.gather(image, rows, axis=1), columns, axis=2)


def _windows(image: tf.Tensor, size: int) -> tf.Tensor:
    """Cuts [N, H, W, 3] into windows of at most `size` that cover it, [N * windows, h, w, 3]."""
    rows, columns = _places(tf.shape(image)[1], size), _places(tf.shape(image)[2], size)
    cut = tf.gather(tf.gather(image, columns, axis=2), rows, axis=1)
    cut = tf.transpose(cut, [0, 1, 3, 2, 4, 5])
    return tf.reshape(cut, [-1, tf.shape(rows)[1], tf.shape(columns)[1], 3])


def _places(length: tf.Tensor, size: int) -> tf.Tensor:
    """Indices of each window along one axis, int32 [windows, window]; they overlap evenly."""
    window = tf.minimum(length, size)
    count = _ceil(length, window)
    starts = tf.range(count) * (length - window) // tf.maximum(count - 1, 1)
    return starts[:, tf.newaxis] + tf.range(window)


def _ceil(dividend: int | tf.Tensor, divisor: tf.Tensor) -> tf.Tensor:
    return -(-dividend // divisor)
