"""What watches a training: progress, divergence and TensorBoard."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from tfppdnn.errors import DivergedError
from tfppdnn.progress import Progress

_LOOK_EVERY = 20


class StepProgress(keras.callbacks.Callback):
    """How far a training is, over all of its rounds, with its first two metrics.

    Args:
        title: What is being trained.
        steps: Steps of the whole training.
        first_step: Steps that an earlier, interrupted call already made.
    """

    def __init__(self, title: str, steps: int, first_step: int):
        super().__init__()
        self.progress = Progress(title, steps, done=first_step)

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step; shows the metrics now and then."""
        if logs and (self.progress.done + 1) % _LOOK_EVERY == 0:
            self.progress.show(logs)
        self.progress.update()

    def close(self):
        """Ends the bar's line."""
        self.progress.close()


class StopWhenDiverged(keras.callbacks.Callback):
    """Raises a `DivergedError` when a metric is no longer a finite number.

    Metrics are running means, so one look every few steps misses nothing. At the end of
    a round the weights are looked at too: its last update comes after its last metrics,
    and no diverged state may be saved.

    Args:
        title: What is being trained.
        last_good: Returns the newest checkpoint's file, or None.
    """

    def __init__(self, title: str, last_good: Callable[[], Path | None]):
        super().__init__()
        self.title = title
        self.last_good = last_good

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the metrics now and then."""
        if (batch + 1) % _LOOK_EVERY == 0:
            self._stop_if_any(_not_finite(logs))

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the metrics and at the weights."""
        self._stop_if_any(_not_finite(logs))
        weights = (keras.ops.convert_to_numpy(v) for v in self.model.trainable_variables)
        if not all(np.isfinite(w).all() for w in weights):
            self._stop_if_any(["a weight"])

    def _stop_if_any(self, bad: list[str]):
        if bad:
            raise DivergedError(
                f"{self.title}: {', '.join(bad)} is no longer a finite number; the last good "
                f"checkpoint is {self.last_good() or 'none yet'}; start again in another --out "
                "with a lower learning rate"
            )


def _not_finite(logs: dict[str, float] | None) -> list[str]:
    return [name for name, value in (logs or {}).items() if not math.isfinite(float(value))]


class TensorBoardLog(keras.callbacks.Callback):
    """Writes metrics, and a grid of images a round, for TensorBoard.

    Keras's own callback counts steps anew in every `fit`; this one counts on.

    Args:
        directory: TensorBoard's log folder.
        first_step: Steps that an earlier, interrupted call already made.
        image_grid: Makes a uint8 [H, W, 3] picture at the end of each round.
    """

    def __init__(
        self,
        directory: str | Path,
        first_step: int,
        image_grid: Callable[[], np.ndarray] | None = None,
    ):
        super().__init__()
        import tensorflow as tf

        self.summary = tf.summary
        self.writer = tf.summary.create_file_writer(str(directory))
        self.step = first_step
        self.image_grid = image_grid

    def on_train_batch_end(self, batch, logs=None):
        """Writes the metrics now and then."""
        self.step += 1
        if self.step % _LOOK_EVERY == 0:
            with self.writer.as_default(step=self.step):
                for name, value in (logs or {}).items():
                    self.summary.scalar(name, float(value))

    def on_epoch_end(self, epoch, logs=None):
        """Writes the image grid."""
        if self.image_grid is not None:
            with self.writer.as_default(step=self.step):
                self.summary.image("grid", self.image_grid()[None])
        self.writer.flush()
