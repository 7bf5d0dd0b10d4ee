"""The gate in use: which images look protected."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.run_folder import RunFolder
from tfppdnn.signature import Signature


class Gate:
    """Says which images look protected. May be called from several threads.

    Args:
        folder: A SavedModel as `make_gate` writes it.

    Raises:
        UserError: The folder is no such SavedModel.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self._judge = Signature(folder, mend="make the gate again with `export`")
        if "looks_protected" not in self._judge.outputs:
            raise UserError(f"{folder} is not a gate; make it again with `export`")

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns whether each image looks protected, bool [N].

        Args:
            images: uint8 RGB [N, H, W, 3] of any size from 1x1.

        Raises:
            ValueError: The array has another shape or dtype, or images without pixels.
        """
        import tensorflow as tf

        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(
                f"images must be uint8 [N, H, W, 3], not {images.dtype} {images.shape}"
            )
        if 0 in images.shape[1:3]:
            raise ValueError("images must have pixels")
        return self._judge(image=tf.constant(images))["looks_protected"].numpy()


def find_gate(run: str | os.PathLike[str]) -> Path:
    """Returns the folder of a run's gate, without loading it.

    Args:
        run: A run folder made by `train`.

    Raises:
        UserError: The run has no gate.
    """
    folder = Path(run) / "gate"
    if not (folder / "saved_model.pb").is_file():
        if _is_of_classify(Path(run)):
            raise UserError(
                f"{run} holds no gate, which refusing plain images needs, and a folder made "
                "by `classify` has none: gates come with runs made by `train`, and the shipped "
                "protector has none; leave out --refuse_plain, or serve such a run itself, after "
                "`classify --protector=RUN` without --out"
            )
        if not (Path(run) / "config.json").is_file():
            raise UserError(
                f"{run} holds no gate, which refusing plain images needs; leave out "
                "--refuse_plain, or `export` the run that it comes from, and again with --deploy"
            )
        raise UserError(
            f"{run} holds no gate, which refusing plain images needs; make it with "
            f"`python -m tfppdnn export {run}`"
        )
    return folder


def load_gate(run: str | os.PathLike[str]) -> Gate:
    """Loads a run's gate.

    Args:
        run: A run folder made by `train`.

    Returns:
        A callable from uint8 [N, H, W, 3] to bool [N], true where an image looks protected.

    Raises:
        UserError: The run has no gate, or it is damaged.
    """
    return Gate(find_gate(run))


def _is_of_classify(folder: Path) -> bool:
    if not (folder / "config.json").is_file():
        return False
    return RunFolder(folder).config().get("verb") == "classify"
