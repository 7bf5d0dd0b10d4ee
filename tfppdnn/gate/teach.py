"""Teaching the protected discriminator F_B what plain images look like.

In training F_B compares preliminary images with h_p's (Section III-C) and is never shown a plain
one; as it comes, it errs on many images (`before_teaching` in a run's figures). So it is taught
for a few hundred steps more, on the weights it has, with plain images as the other side.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.gate.scores import patch_scores
from tfppdnn.images.decoys import DECOYS, other_scales
from tfppdnn.models.fused_adam import FusedAdam
from tfppdnn.models.inference import inference
from tfppdnn.models.least_squares import discriminator_loss
from tfppdnn.models.randomized_response import drawing, noise_taken
from tfppdnn.progress import following

# Kinds of plain images that the gate is not taught: its errors on them tell of those that
# nobody thought of.
UNTAUGHT = frozenset({"jpeg"})
TAUGHT = DECOYS.keys() - UNTAUGHT


def teach_plain_images(
    discriminator: keras.Model,
    protector: keras.Model,
    images: np.ndarray,
    *,
    most_steps: int,
    batch_size: int,
    seed: int,
) -> int:
    """Trains F_B to score h_p's 8-bit images 1, and plain ones and decoys 0.

    By turns at the images' own size and at twice that, and at other scales than their own, so
    that neither size nor sharpness gives the answer away.

    Args:
        discriminator: F_B; it is changed.
        protector: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        images: uint8 [N, S, S, 3], plain.
        most_steps: The number of steps, or two passes over the images if that is less.
        batch_size: Of protected images, and of plain ones, and of decoys.
        seed: Seed of order, scales and decoys.

    Returns:
        The number of steps.
    """
    rng = np.random.default_rng(seed)
    batch_size = min(batch_size, len(images))
    steps = min(most_steps, max(1, 2 * len(images) // batch_size))
    optimizer = FusedAdam(2e-4, 0.5)
    optimizer.build(discriminator.trainable_variables)
    protect = drawing(protector) if noise_taken(protector) else inference(protector)
    # For both sizes, so that the step is traced once.
    any_size = tf.TensorSpec([batch_size, None, None, 3], tf.float32)

    @tf.function(input_signature=[any_size, any_size])
    def step(pictures: tf.Tensor, decoys: tf.Tensor) -> None:
        protected = tf.round(protect(pictures / 255.0) * 255.0) / 255.0
        others = tf.concat([pictures, decoys], 0) / 255.0
        with tf.GradientTape() as tape:
            loss = discriminator_loss(
                patch_scores(discriminator, protected), patch_scores(discriminator, others)
            )
        variables = discriminator.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    for number in following(range(steps), "gate", steps, unit="steps"):
        some = images[rng.integers(len(images), size=batch_size)]
        pictures = other_scales(some, size=images.shape[1] * (1 + number % 2), rng=rng)
        step(pictures.astype(np.float32), _one_decoy_each(pictures, rng).astype(np.float32))
    return steps


def _one_decoy_each(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    taught = [make for name, make in DECOYS.items() if name in TAUGHT]
    kinds = rng.integers(len(taught), size=len(pictures))
    return np.concatenate([taught[kind](pictures[i : i + 1], rng) for i, kind in enumerate(kinds)])
