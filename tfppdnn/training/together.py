"""`Model.fit` on several workers: each takes its part of a batch, and all the same step.

Keras's own `fit` fails under `MultiWorkerMirroredStrategy` (keras issue 20585). This one runs the
model's own `train_step` and replaces every gradient by its mean over the workers. What else a
model takes of its batch (normalization, pools of images) asks `tfppdnn.workers` itself.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence

import keras
import tensorflow as tf

from tfppdnn import workers
from tfppdnn.training.stopping import StopAtStep


class Together:
    """Trains a model, a round at a time, with the same weights on all workers after each step.

    Args:
        model: A compiled and built model, equal on all workers.
        stop: Told at each step whether Ctrl-C was pressed at any worker.
    """

    def __init__(self, model: keras.Model, stop: StopAtStep):
        self.model, self.stop = model, stop
        self._step = tf.function(self._steps_on)

    def fit(
        self,
        batches: Iterable,
        *,
        initial_epoch: int,
        epochs: int,
        steps_per_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> keras.callbacks.History:
        """Makes one round, as `keras.Model.fit` would one epoch.

        Args:
            batches: What this worker takes of each batch.
            initial_epoch: The round's number.
            epochs: One more than that.
            steps_per_epoch: How many batches there are.
            callbacks: Are given the means of the metrics over all workers.

        Returns:
            The means of the metrics.
        """
        watchers = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            model=self.model,
            epochs=epochs,
            steps=steps_per_epoch,
        )
        self.model.stop_training = False
        self.model.reset_metrics()
        watchers.on_train_begin()
        watchers.on_epoch_begin(initial_epoch)
        logs = {}
        with _taking_mean_gradients(self.model):
            for number, batch in enumerate(batches):
                watchers.on_train_batch_begin(number)
                means, pressed = self._step(batch, tf.constant(float(self.stop.pressed)))
                logs = {name: float(value) for name, value in means.items()}
                self.stop.agreed = float(pressed) > 0
                watchers.on_train_batch_end(number, logs)
                if self.model.stop_training:
                    break
        watchers.on_epoch_end(initial_epoch, logs)
        watchers.on_train_end(logs)
        return self.model.history

    def _steps_on(self, batch, pressed):
        with workers.telling():
            logs = self.model.train_step(batch)
            values = [tf.cast(value, tf.float32) for value in logs.values()]
            *means, pressed = workers.averaged(*values, pressed)
        return dict(zip(logs, means, strict=True)), pressed


@contextlib.contextmanager
def _taking_mean_gradients(model: keras.Model) -> Iterator[None]:
    """Has a model's optimizers apply the gradients' means over all workers."""
    optimizers = getattr(model, "optimizers", None) or [model.optimizer]
    for optimizer in optimizers:
        optimizer.apply = functools.partial(_apply_means, optimizer.apply)
    try:
        yield
    finally:
        for optimizer in optimizers:
            del optimizer.apply


def _apply_means(apply, grads, trainable_variables=None):
    means = iter(workers.averaged(*(each for each in grads if each is not None)))
    return apply([each if each is None else next(means) for each in grads], trainable_variables)
