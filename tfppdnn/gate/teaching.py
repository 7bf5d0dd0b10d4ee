"""The protected discriminator F_B as a gate: it tells h_p's images from plain ones.

In training F_B compares preliminary images with h_p's (Section III-C) and is never shown a plain
one; as it comes, it errs on many images (`before_teaching` in a run's figures). So it is taught
for a few hundred steps more, on the weights it has, with plain images as the other side.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from tqdm import trange

from tfppdnn.images.decoys import DECOYS, other_scales
from tfppdnn.models.inference import inference
from tfppdnn.models.least_squares import discriminator_loss

# Kinds of plain images that the gate is not taught: its errors on them tell of those that
# nobody thought of.
UNTAUGHT = frozenset({"jpeg"})

_MOST_STEPS = 400
_BATCH_SIZE = 32


def teach_plain_images(
    discriminator: keras.Model, protector: keras.Model, images: np.ndarray, *, seed: int
) -> int:
    """Trains F_B to score h_p's 8-bit images 1, and plain ones and decoys 0.

    Two passes over the images, or 400 steps if that is less; by turns at the images' own size
    and at twice that, and at other scales than their own, so that neither size nor sharpness
    gives the answer away.

    Args:
        discriminator: F_B; it is changed.
        protector: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        images: uint8 [N, S, S, 3], plain.
        seed: Seed of order, scales and decoys.

    Returns:
        The number of steps.
    """
    rng = np.random.default_rng(seed)
    batch_size = min(_BATCH_SIZE, len(images))
    steps = min(_MOST_STEPS, max(1, 2 * len(images) // batch_size))
    optimizer = keras.optimizers.Adam(2e-4, 0.5)
    optimizer.build(discriminator.trainable_variables)
    protect = inference(protector)
    # For both sizes, so that the step is traced once.
    any_size = tf.TensorSpec([batch_size, None, None, 3], tf.float32)

    @tf.function(input_signature=[any_size, any_size])
    def step(pictures: tf.Tensor, decoys: tf.Tensor) -> None:
        protected = tf.round(protect(pictures / 255.0) * 255.0) / 255.0
        others = tf.concat([pictures, decoys], 0) / 255.0
        with tf.GradientTape() as tape:
            loss = discriminator_loss(
                image_scores(discriminator, protected), image_scores(discriminator, others)
            )
        variables = discriminator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    for number in trange(steps, desc="gate", unit="step", mininterval=1):
        some = images[rng.integers(len(images), size=batch_size)]
        pictures = other_scales(some, size=images.shape[1] * (1 + number % 2), rng=rng)
        step(pictures.astype(np.float32), _one_decoy_each(pictures, rng).astype(np.float32))
    return steps


def image_scores(discriminator: Callable, images: tf.Tensor) -> tf.Tensor:
    """Returns the mean of each image's patch scores, float32 [N].

    Args:
        discriminator: A PatchGAN, or what `inference` makes of one.
        images: float32 [N, H, W, 3] in [0, 1].
    """
    return tf.reduce_mean(discriminator(images), axis=[1, 2, 3])


def threshold_between(protected: np.ndarray, plain: np.ndarray) -> float:
    """Chooses the score from which an image looks protected.

    Half-way between the two sides, leaving out the outermost thousandth of each.

    Args:
        protected: Scores of protected images, float32 [N].
        plain: Scores of plain images, float32 [M].
    """
    return float((np.quantile(protected, 0.001) + np.quantile(plain, 0.999)) / 2)


def _one_decoy_each(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    taught = [make for name, make in DECOYS.items() if name not in UNTAUGHT]
    kinds = rng.integers(len(taught), size=len(pictures))
    return np.concatenate([taught[kind](pictures[i : i + 1], rng) for i, kind in enumerate(kinds)])
