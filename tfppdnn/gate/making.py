"""Making the gate of a run, and measuring how often it errs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.datasets.batches import in_batches
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.files import written_whole
from tfppdnn.gate.loading import Gate, load_gate
from tfppdnn.gate.saved_model import export_gate, gate_scores
from tfppdnn.gate.teaching import (
    UNTAUGHT,
    teach_plain_images,
    threshold_between,
)
from tfppdnn.images.decoys import DECOYS
from tfppdnn.images.photographs import photographs
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings

# Of each other kind of plain image at most this many are looked at.
_OF_EACH_KIND = 1000
_PHOTOGRAPH_SIZES = (96, 256)


def make_gate(
    run: RunFolder,
    settings: TrainingSettings,
    dataset: ImageDataset,
    protector: keras.Model,
    discriminator: keras.Model,
    *,
    seed: int,
) -> dict[str, Any]:
    """Writes RUN/gate, and records under `gate` how often it errs.

    F_B is taught on training images. Of the test images, every other one sets the threshold
    and the rest count the errors: the gate has learnt from neither.

    Args:
        run: The run folder.
        settings: The run's settings.
        dataset: The run's data set.
        protector: h_p.
        discriminator: F_B as the training left it; it is changed.
        seed: The run's seed.

    Returns:
        `threshold`, `steps` that F_B was taught for, and shares in [0, 1] of `images` that
        the gate is wrong about: `protected_refused`, `plain_let_through`, and both of F_B
        as the training left it under `before_teaching`. `other_kinds` counts the errors on
        `plain` images of other kinds, and on `protected` photographs: for each kind its
        `share`, its number of `images`, and whether F_B was `taught` such.

    Raises:
        UserError: The folder cannot be written to.
    """
    plain = dataset.test_images[: settings.measuring.test_images or None]
    protected = run_on_images(protector, plain)
    scores = tf.function(
        gate_scores(discriminator, image_size=dataset.image_size),
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)],
    )
    before, _ = _errors_and_threshold(scores, protected, plain)
    steps = teach_plain_images(discriminator, protector, dataset.train_images, seed=seed)
    errors, threshold = _errors_and_threshold(scores, protected, plain)
    with written_whole(run.path / "gate") as temporary:
        export_gate(discriminator, threshold, temporary, image_size=dataset.image_size)
    return run.record(
        "gate",
        {
            "threshold": threshold,
            "steps": steps,
            **errors,
            "images": len(plain[1::2]),
            "before_teaching": before,
            "other_kinds": _other_kinds(load_gate(run.path), protector, plain[1::2], seed=seed),
        },
    )


def _errors_and_threshold(
    scores: Callable[[np.ndarray], tf.Tensor], protected: np.ndarray, plain: np.ndarray
) -> tuple[dict[str, float], float]:
    protected_scores = _by_batches(lambda some: scores(some).numpy(), protected)
    plain_scores = _by_batches(lambda some: scores(some).numpy(), plain)
    threshold = threshold_between(protected_scores[::2], plain_scores[::2])
    errors = {
        "protected_refused": float((protected_scores[1::2] < threshold).mean()),
        "plain_let_through": float((plain_scores[1::2] >= threshold).mean()),
    }
    return errors, threshold


def _other_kinds(
    gate: Gate, protector: keras.Model, plain: np.ndarray, *, seed: int
) -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    kinds = {name: make(plain[:_OF_EACH_KIND], rng) for name, make in DECOYS.items()}
    pieces = _pieces(photographs(8 * plain.shape[1]), plain.shape[1])
    kinds["pieces of photographs"] = pieces
    kinds |= {f"photographs of {size} pixels": photographs(size) for size in _PHOTOGRAPH_SIZES}
    taught = DECOYS.keys() - UNTAUGHT
    return {
        "plain": {
            name: {**_share(_by_batches(gate, images)), "taught": name in taught}
            for name, images in kinds.items()
        },
        "protected": {
            name: {
                **_share(~_by_batches(gate, run_on_images(protector, kinds[name]))),
                "taught": False,
            }
            for name in kinds
            if "photographs" in name
        },
    }


def _share(wrong: np.ndarray) -> dict[str, Any]:
    return {"share": float(wrong.mean()), "images": len(wrong)}


def _pieces(images: np.ndarray, size: int) -> np.ndarray:
    """Cuts [N, H, W, 3], H and W multiples of `size`, into squares."""
    count, height, width, _ = images.shape
    grid = images.reshape(count, height // size, size, width // size, size, 3)
    return grid.swapaxes(2, 3).reshape(-1, size, size, 3)


def _by_batches(judge: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.concatenate([judge(some) for some in in_batches(images, 128)])
