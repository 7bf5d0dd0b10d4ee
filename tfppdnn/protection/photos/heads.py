"""What is left to classify by: the same small classifier on features, and on their codes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfppdnn.datasets.batches import shuffled_indices
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.models.dense_classifier import feature_classifier
from tfppdnn.models.inference import inference
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings.photos import PhotoSettings
from tfppdnn.training.classifiers import compile_head
from tfppdnn.training.resumable import fit_resumably


def train_head(
    run: RunFolder,
    settings: PhotoSettings,
    dataset: ImageDataset,
    train: np.ndarray,
    test: np.ndarray,
    *,
    stage: str,
    seed: int,
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains a classifier of one hidden layer, or finishes an interrupted training.

    Args:
        run: Where checkpoints and logs go.
        settings: The head's size and training.
        dataset: Labels and classes.
        train: Features or numbers of a code of the training pictures, [N, D].
        test: The same of the test pictures.
        stage: Name of its checkpoints, and in words of its progress bar.
        seed: Seed of weights and order.

    Returns:
        The classifier, from float32 [N, D] to logits [N, K], and its figures.
    """
    head = settings.head
    keras.utils.set_random_seed(seed)
    model = feature_classifier(
        features=train.shape[1], num_classes=dataset.num_classes, width=head.width
    )
    batch_size = min(head.batch_size, len(train))
    steps = head.epochs * max(1, len(train) // batch_size)
    compile_head(model, head.learning_rate, steps=steps)

    def batches(first_step: int, count: int):
        for indices in shuffled_indices(
            len(train), batch_size=batch_size, first_step=first_step, steps=count, seed=seed
        ):
            yield train[indices].astype(np.float32), dataset.train_labels[indices]

    history = fit_resumably(
        model,
        batches,
        title=stage.replace("_", " "),
        steps=steps,
        steps_per_round=settings.computing.steps_per_round,
        checkpoints=run.checkpoints(stage),
        logs=run.logs(stage),
    )
    labels = dataset.test_labels
    logits = keras.ops.convert_to_numpy(inference(model)(test.astype(np.float32)))
    return model, {
        "test_accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        "test_images": len(labels),
        "guessing": float(np.bincount(labels).max() / len(labels)),
        "parameters": model.count_params(),
        "epochs": head.epochs,
        "history": history,
    }
