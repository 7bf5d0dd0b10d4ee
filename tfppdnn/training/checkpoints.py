"""Checkpoints that hold everything a training needs to go on as if never stopped."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole

_KEPT = 2


class Checkpoints:
    """The checkpoints of one training, numbered by step, in a folder of their own.

    A checkpoint is an `.npz` with every variable of the model (weights, running
    statistics, random generators, pools of images) and of its optimizers, and the
    history of the metrics so far. The newest two are kept.

    Args:
        directory: The folder.
        model: A built Keras model. Its optimizers are `model.optimizers` if it has such
            an attribute, otherwise `model.optimizer`; they must be built.
    """

    def __init__(self, directory: str | Path, model: keras.Model):
        self.directory = Path(directory)
        self.model = model

    def latest(self) -> Path | None:
        """The newest checkpoint's file, or None."""
        return max(self.directory.glob("step-*.npz"), default=None)

    def save(self, step: int, history: list[dict[str, float]]) -> None:
        """Writes the state after `step` steps, whole or not at all."""
        arrays = {f"{i:04d}": _as_array(v) for i, v in enumerate(self._variables())}
        with written_whole(self.directory / f"step-{step:08d}.npz") as temporary:
            np.savez(temporary, step=step, history=json.dumps(history), **arrays)
        for old in sorted(self.directory.glob("step-*.npz"))[:-_KEPT]:
            old.unlink()

    def restore(self) -> tuple[int, list[dict[str, float]]]:
        """Puts the newest checkpoint's state into the model.

        Returns:
            The step it was made at (0 without a checkpoint) and the history.

        Raises:
            UserError: The checkpoint is truncated or damaged, or belongs to a model of
                another shape.
        """
        path = self.latest()
        if path is None:
            return 0, []
        variables = self._variables()
        try:
            with np.load(path) as archive:
                step, history = int(archive["step"]), json.loads(str(archive["history"]))
                arrays = [archive[f"{i:04d}"] for i in range(len(archive.files) - 2)]
        except Exception:  # Damaged bytes raise errors of every kind, from zipfile to numpy.
            raise UserError(
                f"checkpoint {path} is damaged; delete it to go on from the one before"
            ) from None
        if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
            raise UserError(f"checkpoint {path} is of another model; delete it to begin again")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return step, history

    def _variables(self) -> list[keras.Variable]:
        optimizers = getattr(self.model, "optimizers", None) or [self.model.optimizer]
        metrics = {id(v) for v in self.model.metrics_variables}
        weights = [v for v in self.model.variables if id(v) not in metrics]
        return weights + [v for optimizer in optimizers for v in optimizer.variables]


def _as_array(variable: keras.Variable) -> np.ndarray:
    # numpy cannot store bfloat16.
    array = keras.ops.convert_to_numpy(variable)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
