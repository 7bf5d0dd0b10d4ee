"""Making the gate: F_B is taught, its threshold chosen, its errors counted."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.files import written_whole
from tfppdnn.gate.export import write_gate
from tfppdnn.gate.gate import Gate
from tfppdnn.gate.measure import errors_on_other_kinds, threshold_and_errors
from tfppdnn.gate.scores import gate_scores
from tfppdnn.gate.teach import TAUGHT, teach_plain_images
from tfppdnn.models.eight_bit import run_on_images


def make_gate(
    discriminator: keras.Model,
    protector: keras.Model,
    dataset: ImageDataset,
    folder: str | os.PathLike[str],
    *,
    steps: int = 400,
    batch_size: int = 32,
    test_images: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Writes a gate as a SavedModel, and says how often it errs.

    F_B is taught on training images. Of the test images, every other one sets the threshold
    and the rest count the errors: the gate has learnt from neither.

    Args:
        discriminator: F_B as the training left it; it is changed.
        protector: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        dataset: The data set that both were trained on.
        folder: Where the SavedModel shall stand, see `tfppdnn.gate.export`.
        steps: Most steps that F_B is taught for; two passes over the images, if that is less.
        batch_size: Its batch size.
        test_images: How many of the test images are looked at; all of them if 0.
        seed: Seed of order, scales and decoys.

    Returns:
        `threshold`, `steps` that F_B was taught for, and shares in [0, 1] of `images` that
        the gate is wrong about: `protected_refused`, `plain_let_through`, and both of F_B
        as the training left it under `before_teaching`. `other_kinds` counts the errors on
        `plain` images of other kinds, and on `protected` photographs: for each kind its
        `share`, its number of `images`, and whether F_B was `taught` such.

    Raises:
        UserError: The folder cannot be written to.
    """
    plain = dataset.test_images[: test_images or None]
    protected = run_on_images(protector, plain)
    score = gate_scores(discriminator, image_size=dataset.image_size)
    compiled = tf.function(score, input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])

    def scores(images: np.ndarray) -> np.ndarray:
        return compiled(images).numpy()

    _, before = threshold_and_errors(scores, protected, plain)
    taught_steps = teach_plain_images(
        discriminator,
        protector,
        dataset.train_images,
        most_steps=steps,
        batch_size=batch_size,
        seed=seed,
    )
    threshold, errors = threshold_and_errors(scores, protected, plain)
    with written_whole(folder) as temporary:
        write_gate(temporary, score, threshold=threshold)
    return {
        "threshold": threshold,
        "steps": taught_steps,
        **errors,
        "images": len(plain[1::2]),
        "before_teaching": before,
        "other_kinds": errors_on_other_kinds(
            Gate(folder), protector, plain[1::2], seed=seed, taught=TAUGHT
        ),
    }
