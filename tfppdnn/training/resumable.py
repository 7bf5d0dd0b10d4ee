"""`Model.fit` that can be stopped or killed at any time and ends with the same weights."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import keras
import numpy as np

from tfppdnn import workers
from tfppdnn.errors import own_errors
from tfppdnn.training.callbacks import StepProgress, StopWhenDiverged, TensorBoardLog
from tfppdnn.training.checkpoints import Checkpoints
from tfppdnn.training.feeding import fed
from tfppdnn.training.stopping import StopAtStep
from tfppdnn.training.together import Together


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
    shared: bool = False,
) -> list[dict[str, float]]:
    """Trains in rounds, with a checkpoint after each, from the newest checkpoint on.

    A resumed training equals an uninterrupted one because a round's batches depend on
    its first step only and everything else is in the checkpoint. Ctrl-C makes one, too, in the
    middle of a round; of that round's metrics only those of the steps after it are kept.

    Args:
        model: A compiled and built model whose optimizers are built.
        make_batches: Called with a round's first step and its number of steps; returns
            that many batches, the same ones whenever asked.
        title: What is being trained, for the progress bar.
        steps: Steps of the whole training.
        steps_per_round: Steps between checkpoints.
        checkpoints: Folder for the checkpoints.
        logs: TensorBoard's log folder.
        callbacks: Further callbacks. Each round is one epoch to them, or what is left of it,
            whose number is its first step.
        image_grid: Makes a picture for TensorBoard at the end of each round.
        shared: Whether all workers that take part (see `tfppdnn.workers`) train it together: then
            all call this alike, with what each takes of the batches.

    Returns:
        A dictionary a round: `step` at its end, and the mean of each metric over it.

    Raises:
        UserError: The newest checkpoint is damaged, a metric is no longer finite, or a batch's
            pictures cannot be read or protected.
        WorkerLostError: Another worker was lost.
        KeyboardInterrupt: Ctrl-C was pressed; it says which step was saved.
    """
    saved = Checkpoints(checkpoints, model)
    shared = shared and workers.here() != workers.ALONE
    step, history = saved.restore_together() if shared else saved.restore()
    if step >= steps:
        return history

    stop = StopAtStep()
    watchers = [StopWhenDiverged(title, saved.latest), stop]
    fit = functools.partial(model.fit, shuffle=False, verbose=0)
    if shared:
        fit = Together(model, stop).fit
    with contextlib.ExitStack() as closing:
        if workers.is_chief():
            progress = closing.enter_context(contextlib.closing(StepProgress(title, steps, step)))
            watchers.insert(0, progress)
            if logs is not None:
                watchers.append(TensorBoardLog(logs, step, image_grid))
        closing.enter_context(stop.listening())
        while step < steps:
            begun = step - step % steps_per_round
            end = min(begun + steps_per_round, steps)
            with own_errors():
                fitted = fit(
                    fed(make_batches(begun, end - begun), leave_out=step - begun),
                    initial_epoch=step,
                    epochs=step + 1,
                    steps_per_epoch=end - step,
                    callbacks=[*watchers, *callbacks],
                )
            step += stop.steps
            if step == end:
                means = {name: float(values[-1]) for name, values in fitted.history.items()}
                history.append({"step": step, **means})
            if shared:
                # Also what was pressed during the last step.
                stop.agreed = any(workers.told(stop.pressed))
            if workers.is_chief():
                saved.save(step, history)
            if stop.asked:
                raise KeyboardInterrupt(f"{title}: step {step:,} of {steps:,} is saved")
    return history
