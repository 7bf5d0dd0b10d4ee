"""`Model.fit` that can be killed at any time and ends with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import keras
import numpy as np

from tfppdnn.errors import own_errors
from tfppdnn.training.callbacks import StepProgress, StopWhenDiverged, TensorBoardLog
from tfppdnn.training.checkpoints import Checkpoints


def fit_resumably(
    model: keras.Model,
    make_batches: Callable[[int, int], Iterable],
    *,
    title: str,
    steps: int,
    steps_per_round: int,
    checkpoints: str | Path,
    logs: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    image_grid: Callable[[], np.ndarray] | None = None,
) -> list[dict[str, float]]:
    """Trains in rounds, with a checkpoint after each, from the newest checkpoint on.

    A resumed training equals an uninterrupted one because a round's batches depend on
    its first step only and everything else is in the checkpoint.

    Args:
        model: A compiled and built model whose optimizers are built.
        make_batches: Called with a round's first step and its number of steps; returns
            that many batches, the same ones whenever asked.
        title: What is being trained, for the progress bar.
        steps: Steps of the whole training.
        steps_per_round: Steps between checkpoints.
        checkpoints: Folder for the checkpoints.
        logs: TensorBoard's log folder.
        callbacks: Further callbacks; each round is one epoch to them.
        image_grid: Makes a picture for TensorBoard at the end of each round.

    Returns:
        A dictionary a round: `step` at its end, and the mean of each metric over it.

    Raises:
        UserError: The newest checkpoint is damaged, a metric is no longer finite, or a batch's
            pictures cannot be read or protected.
    """
    saved = Checkpoints(checkpoints, model)
    step, history = saved.restore()
    if step >= steps:
        return history

    progress = StepProgress(title, steps, step)
    watchers = [progress, StopWhenDiverged(title, saved.latest)]
    if logs is not None:
        watchers.append(TensorBoardLog(logs, step, image_grid))
    try:
        while step < steps:
            round_steps = min(steps_per_round, steps - step)
            with own_errors():
                fitted = model.fit(
                    make_batches(step, round_steps),
                    steps_per_epoch=round_steps,
                    shuffle=False,
                    verbose=0,
                    callbacks=[*watchers, *callbacks],
                )
            step += round_steps
            means = {name: float(values[-1]) for name, values in fitted.history.items()}
            history.append({"step": step, **means})
            saved.save(step, history)
    finally:
        progress.close()
    return history
