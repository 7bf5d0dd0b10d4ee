"""Stage 2: the preliminary protected images P (Section III-B)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from tfppdnn import workers
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.protection.projected_gradient_descent import PreliminaryProtection
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings
from tfppdnn.training.resumable import fit_resumably

STAGE = "preliminary_images"
_BATCH_SIZE = 128


class PreliminaryImages(NamedTuple):
    """P, and the training images it was made from.

    Attributes:
        images: x_p, uint8 [N, S, S, 3].
        labels: y, int64 [N].
        sources: Index of each x among the training images, int64 [N].
    """

    images: np.ndarray
    labels: np.ndarray
    sources: np.ndarray


def make_preliminary_images(
    run: RunFolder,
    settings: TrainingSettings,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    *,
    seed: int,
) -> PreliminaryImages:
    """Makes P from training images drawn at random, or finishes making it.

    Args:
        run: Where P and its resume state are kept; plain images are never written.
        settings: How many images, epsilon, step size, iterations and random start.
        dataset: Plain images.
        reference_classifier: h_theta.
        seed: Seed of the draw and of the random starts.

    Returns:
        P.
    """
    count = min(settings.preliminary.images or np.inf, len(dataset.train_images))
    batch_size = min(_BATCH_SIZE, int(count))
    sources = np.random.default_rng([seed, 1]).permutation(len(dataset.train_images))[: int(count)]
    model = PreliminaryProtection(
        reference_classifier,
        batch_size=batch_size,
        epsilon=settings.preliminary.epsilon,
        step_size=settings.preliminary.step_size,
        iterations=settings.preliminary.iterations,
        random_start=settings.preliminary.random_start,
        seed=seed,
    )
    model.compile()

    file = run.checkpoints(STAGE) / "protected.npy"
    protected = None
    if workers.is_chief():
        protected = _open(file, (len(sources), *dataset.train_images.shape[1:]))

    def rows(step: int) -> np.ndarray:
        # The last batch is filled up with the first rows, which it makes again.
        return np.arange(step * batch_size, (step + 1) * batch_size) % len(sources)

    def batches(first_step: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(first_step, first_step + steps):
            chosen = sources[rows(step)]
            yield as_floats(dataset.train_images[chosen]), dataset.train_labels[chosen]

    history = fit_resumably(
        model,
        batches,
        title="preliminary protected images",
        steps=-(-len(sources) // batch_size),
        steps_per_round=min(10, settings.computing.steps_per_round),
        checkpoints=run.checkpoints(STAGE),
        logs=run.logs(STAGE),
        callbacks=[] if protected is None else [_KeepProtected(protected, rows)],
        shared=True,
    )
    workers.wait()
    if protected is None:
        protected = np.load(file)
    elif STAGE not in run.metrics():
        run.record(STAGE, {"images": len(sources), "history": history})
    return PreliminaryImages(np.asarray(protected), dataset.train_labels[sources], sources)


class _KeepProtected(keras.callbacks.Callback):
    """Copies each finished batch to its rows of the file."""

    def __init__(self, protected: np.memmap, rows):
        super().__init__()
        self.protected = protected
        self.rows = rows
        self.step = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.step = epoch  # Which is numbered by its first step.

    def on_train_batch_end(self, batch, logs=None):
        finished = keras.ops.convert_to_numpy(self.model.protected_batch)
        self.protected[self.rows(self.step)] = np.round(finished * 255).astype(np.uint8)
        self.step += 1

    def on_epoch_end(self, epoch, logs=None):
        # Before the round's checkpoint, which says that these rows are done.
        self.protected.flush()


def _open(file: Path, shape: tuple[int, ...]) -> np.memmap:
    if not file.exists() and not any(file.parent.glob("step-*.npz")):
        # Written out in full, so that a full disk is met here and not inside the mapping.
        with written_whole(file) as temporary:
            np.save(temporary, np.zeros(shape, np.uint8))
    try:
        protected = np.lib.format.open_memmap(file, mode="r+")
        damaged = protected.shape != shape or protected.dtype != np.uint8
    except (OSError, ValueError):
        damaged = True
    if damaged:
        raise UserError(
            f"{file} is missing or damaged; delete {file.parent} to make the images again"
        )
    return protected
