"""The paper's live augmentation (Section IV-D), the one module that knows keras-cv."""

from __future__ import annotations

import tensorflow as tf

_PADDING = 4


def live_augmentation(image_size: int, *, seed: int, flip: bool = True):
    """Returns random cropping with padding 4 and random horizontal flipping.

    keras-cv crops and flips every image of a batch differently.

    Args:
        image_size: Height and width of the images, in pixels.
        seed: Seed of the draws.
        flip: Whether to flip; not where that changes the meaning, as in digits.

    Returns:
        A function for `tf.data.Dataset.map`, from float32 [N, S, S, 3] in [0, 1] to the
        same.
    """
    import keras_cv

    class WholePixelCrop(keras_cv.layers.RandomCrop):
        """keras-cv draws offsets between pixels and resamples; the paper's crops do not."""

        def get_random_transformation_batch(self, batch_size, **kwargs):
            drawn = super().get_random_transformation_batch(batch_size, **kwargs)
            return {
                side: tf.floor(share * (2 * _PADDING + 1)) / (2 * _PADDING)
                for side, share in drawn.items()
            }

    # keras-cv takes a seed of 0 for none, and would draw differently at every call.
    crop = WholePixelCrop(image_size, image_size, seed=seed or 2**31)
    flip_some = keras_cv.layers.RandomFlip("horizontal", seed=seed + 1)

    def augment(images):
        sides = [_PADDING, _PADDING]
        padded = tf.pad(images, [[0, 0], sides, sides, [0, 0]])
        cropped = crop(padded, training=True)
        return flip_some(cropped, training=True) if flip else cropped

    return augment
