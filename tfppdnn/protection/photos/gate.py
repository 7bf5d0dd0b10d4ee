"""The gate of pictures that are drawn codes: it draws them again, and compares."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.files import written_whole
from tfppdnn.gate.export import write_gate
from tfppdnn.gate.gate import Gate
from tfppdnn.gate.measure import errors_on_other_kinds, threshold_and_errors
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.resizing import NearestResizeLike
from tfppdnn.models.tiles import ReadTiles, grid_side
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings.photos import PhotoSettings


def export_tile_gate(
    run: RunFolder,
    settings: PhotoSettings,
    protector: keras.Model,
    images: np.ndarray,
    *,
    seed: int,
) -> dict[str, Any]:
    """Writes RUN/gate, and records how often it errs.

    Nothing is taught: which pictures h_p can draw is known. Every other image sets the threshold,
    the rest count the errors.

    Args:
        run: The run folder.
        settings: Of the code.
        protector: h_p, a `trunk_protector`.
        images: uint8 [N, H, W, 3], plain.
        seed: Seed of the decoys.
    """
    # Where words name the numbers, any grey may be drawn.
    levels = None if settings.privacy.words_of_photos else settings.code.levels
    score = tile_scores(code_size=settings.code.size, code_levels=levels)
    compiled = tf.function(score, input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    threshold, errors = threshold_and_errors(
        lambda some: compiled(some).numpy(), run_on_images(protector, images), images
    )
    with written_whole(run.path / "gate") as temporary:
        write_gate(temporary, score, threshold=threshold)
    figures = {
        "threshold": threshold,
        "steps": 0,
        **errors,
        "images": len(images[1::2]),
        "other_kinds": errors_on_other_kinds(
            Gate(run.path / "gate"), protector, images[1::2], seed=seed
        ),
    }
    return run.record("gate", figures)


def tile_scores(*, code_size: int, code_levels: int | None):
    """Makes the score: uint8 [N, H, W, 3] to float32 [N], at most 0.

    It is minus the mean distance, in grey levels, between a picture and the one that its own tiles
    draw when each is brought to the nearest grey of the code.

    Args:
        code_size: Numbers in the code.
        code_levels: Values of each; None for any.
    """
    side = grid_side(code_size)
    # Tiles that no number is drawn in are mid-grey.
    drawn = np.arange(side * side).reshape(1, side, side, 1) < code_size
    read, enlarge = ReadTiles(side), NearestResizeLike()
    steps = 255 if code_levels is None else code_levels - 1

    def score(image: tf.Tensor) -> tf.Tensor:
        pixels = tf.cast(image, tf.float32) / 255.0
        grey = tf.reduce_mean(read(pixels), axis=-1, keepdims=True)
        tiles = tf.where(drawn, tf.round(grey * steps) / steps, 0.5)
        again = enlarge(tf.repeat(tiles, 3, axis=-1), pixels)
        return -255.0 * tf.reduce_mean(tf.abs(pixels - again), axis=[1, 2, 3])

    return score
