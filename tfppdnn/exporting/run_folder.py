"""Everything that leaves the building about one protector, into its run folder."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfppdnn.exporting.protector import export_protector
from tfppdnn.exporting.tflite import (
    float16_tflite,
    float32_tflite,
    fully_quantizable,
    int8_tflite,
    web_tflite,
)
from tfppdnn.exporting.verify import VerificationError, verify_protector_files
from tfppdnn.files import written_whole
from tfppdnn.progress import following
from tfppdnn.protector.digests import forget_digest, record_digest

# Ranges of activations hardly move after the first hundred images.
_CALIBRATION_IMAGES = 200


def export_all(
    model: keras.Model,
    run_folder: str | os.PathLike[str],
    *,
    images: np.ndarray,
    calibration_images: np.ndarray | None = None,
    accuracy: Callable[[np.ndarray], float] | None = None,
) -> dict[str, dict[str, Any]]:
    """Writes a protector's SavedModel and TFLite files, each compared with the model first.

    A file gets its name only when it has passed `verify.verify_protector_files`: a refused
    one is never left behind and never replaces an earlier one. The others are still written.
    Digests of all go to `SHA256SUMS`.

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        run_folder: Where `protector/` and `protector*.tflite` shall stand.
        images: uint8 [N, H, W, 3], real images to compare with.
        calibration_images: uint8 [N, H, W, 3], real images to calibrate int8 by, such as
            training images; `images` if not given.
        accuracy: Maps protected `images`, uint8 [N, H, W, 3], to the accuracy of a classifier
            on them; reported for int8.

    Returns:
        Figures for each file, see `verify_protector_files`; for the int8 file also
        `full_integer`, whether the layers compute in integers.

    Raises:
        VerificationError: Some files do not do what the model does; the message names each.
        UserError: The folder cannot be written to.
    """
    calibration = images if calibration_images is None else calibration_images
    float32 = functools.cache(lambda: float32_tflite(model))
    content_of: dict[str, Callable[[], bytes]] = {
        "protector.tflite": float32,
        "protector_fp16.tflite": lambda: float16_tflite(float32()),
        "protector_int8.tflite": lambda: int8_tflite(
            model, calibration[:_CALIBRATION_IMAGES], float32=float32()
        ),
        "protector_web.tflite": lambda: web_tflite(model),
    }
    figures: dict[str, dict[str, Any]] = {}
    refusals: list[str] = []
    names = ["protector", *content_of]
    for name in following(names, "export", len(names), unit="files"):
        try:
            forget_digest(Path(run_folder), name)
            with written_whole(Path(run_folder) / name) as temporary:
                if name == "protector":
                    export_protector(model, temporary)
                else:
                    temporary.write_bytes(content_of[name]())
                figures |= verify_protector_files(
                    model, {name: temporary}, images, accuracy=accuracy
                )
            record_digest(Path(run_folder), name)
        except VerificationError as refusal:
            figures |= refusal.figures
            refusals.append(str(refusal))
    if refusals:
        raise VerificationError("; ".join(refusals), figures)
    figures["protector_int8.tflite"]["full_integer"] = fully_quantizable(model)
    return figures
