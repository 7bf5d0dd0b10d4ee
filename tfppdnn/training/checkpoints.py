"""Checkpoints that hold everything a training needs to go on as if never stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from tfppdnn import workers
from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.training.reading import told_apart

_KEPT = 2


# By hand: one whole file, as runs that are there have; tf.train.CheckpointManager writes several.
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
        self._delete_old()

    def restore(self) -> tuple[int, list[dict[str, float]]]:
        """Puts the newest checkpoint's state into the model.

        Returns:
            The step it was made at (0 without a checkpoint) and the history.

        Raises:
            UserError: The checkpoint is truncated or damaged, cannot be read, or belongs to a
                model of another shape.
        """
        path = self.latest()
        if path is None:
            return 0, []
        variables = self._variables()
        step, history, arrays = _read(path)
        if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
            raise UserError(f"checkpoint {path} is of another model; delete it to begin again")
        if workers.is_chief():
            self._delete_old()  # What a process was killed before it had deleted.
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return step, history

    def restore_together(self) -> tuple[int, list[dict[str, float]]]:
        """Puts the chief's newest checkpoint into the models of all workers, which are then equal.

        All begin at a checkpoint: if there is none yet, the chief writes one.

        Returns:
            As `restore` does.

        Raises:
            UserError: As `restore`; or workers see different folders.
            WorkerLostError: Another worker was lost.
        """
        if workers.is_chief() and self.latest() is None:
            self.save(0, [])
        workers.wait()
        step, history = self.restore()
        steps = workers.told(-1 if self.latest() is None else step)
        if len(set(steps)) > 1:
            raise UserError(
                f"{self.directory}: worker {workers.here().index} does not see the checkpoints "
                "that the others see; give all of them one --out, on a file system that they share"
            )
        return step, history

    def _delete_old(self) -> None:
        for old in sorted(self.directory.glob("step-*.npz"))[:-_KEPT]:
            old.unlink()

    def _variables(self) -> list[keras.Variable]:
        optimizers = getattr(self.model, "optimizers", None) or [self.model.optimizer]
        metrics = {id(v) for v in self.model.metrics_variables}
        weights = [v for v in self.model.variables if id(v) not in metrics]
        return weights + [v for optimizer in optimizers for v in optimizer.variables]


def restore_part(
    directory: str | Path, *, before: Sequence[keras.Model], part: keras.Model
) -> None:
    """Puts into one network of several what a checkpoint of all of them holds.

    Args:
        directory: The checkpoints' folder.
        before: Networks of the shapes of those that the model was given before `part`.
        part: Takes its weights.

    Raises:
        UserError: There is no checkpoint, it is damaged or cannot be read, or it is of another
            model.
    """
    path = max(Path(directory).glob("step-*.npz"), default=None)
    if path is None:
        raise UserError(f"{directory} holds no checkpoint; it is needed for this and was deleted")
    _, _, arrays = _read(path)
    networks = [*before, part]
    variables = [variable for network in networks for variable in network.variables]
    if [a.shape for a in arrays[: len(variables)]] != [tuple(v.shape) for v in variables]:
        raise UserError(f"checkpoint {path} is of another model")
    first = len(variables) - len(part.variables)
    for variable, array in zip(part.variables, arrays[first : len(variables)], strict=True):
        variable.assign(array)


def _read(path: Path) -> tuple[int, list[dict[str, float]], list[np.ndarray]]:
    damaged = f"checkpoint {path} is damaged; delete it to go on from the one before"
    with told_apart(path, damaged), np.load(path) as archive:
        step, history = int(archive["step"]), json.loads(str(archive["history"]))
        _check(step, history)
        return step, history, [archive[f"{i:04d}"] for i in range(len(archive.files) - 2)]


def _check(step: int, history: list[dict[str, float]]) -> None:
    """Raises an error of any kind if these are nothing that `save` writes."""
    if step < 0 or not isinstance(history, list):
        raise ValueError(step)
    if not all(isinstance(value, int | float) for one in history for value in one.values()):
        raise ValueError(history)


def _as_array(variable: keras.Variable) -> np.ndarray:
    # numpy cannot store bfloat16.
    array = keras.ops.convert_to_numpy(variable)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
