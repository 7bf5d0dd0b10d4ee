"""The classifiers that the cloud can train, and how each of them learns."""

from __future__ import annotations

import keras
import numpy as np

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.models.dense_classifier import SEEN_SIZE, dense_classifier
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.models.fronts import FRONTS
from tfppdnn.models.resizing import AreaResize
from tfppdnn.models.resnet18 import resnet18
from tfppdnn.settings.run import ClassifierSettings
from tfppdnn.training.classifiers import compile_classifier, compile_head, one_cycle

_DENSE_WIDTH = 512


def build_classifier(
    settings: ClassifierSettings, protected: ImageDataset, *, front: str | None = None
) -> keras.Model:
    """Builds the classifier, untrained.

    Args:
        settings: Which, and how wide.
        protected: A data set whose training images are protected: it sets the normalisation.
        front: What a cipher's images need before ResNet-18, see `tfppdnn.models.fronts`.
    """
    mean, std = protected.channel_statistics()
    told = {"num_classes": protected.num_classes, "mean": mean, "std": std}
    if settings.network == "dense":
        return dense_classifier(width=max(1, round(_DENSE_WIDTH * settings.width)), **told)
    return resnet18(
        image_size=protected.image_size,
        width=settings.width,
        front=front and FRONTS[front],
        **told,
    )


def shown_to(settings: ClassifierSettings, images: np.ndarray) -> np.ndarray:
    """What is kept of protected images, uint8 [N, H, W, 3], that a classifier is to learn from.

    The dense one averages pictures down anyway: kept so, 100,000 photographs are 300 MB.
    """
    if settings.network != "dense" or images.shape[1:3] == (SEEN_SIZE, SEEN_SIZE):
        return images
    seen = AreaResize(SEEN_SIZE)(as_floats(images))
    return as_bytes(keras.ops.convert_to_numpy(seen))


def compile_for_training(model: keras.Model, settings: ClassifierSettings, *, steps: int) -> None:
    """Compiles it for a training of so many steps."""
    rate = settings.learning_rate
    if settings.network == "dense":
        compile_head(model, rate, steps=steps)
        return
    if settings.schedule == "cosine":
        schedule = one_cycle(rate, steps=steps, steps_per_epoch=max(1, steps // settings.epochs))
    else:
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
            [int(share * steps) for share in (0.3, 0.6, 0.8)], [rate / 5**n for n in range(4)]
        )
    # The paper's 5e-4 decays the gradient, inside the momentum of 0.9; Keras decays outside.
    compile_classifier(model, schedule, weight_decay=5e-3)


def batch_size_for(settings: ClassifierSettings, dataset: ImageDataset) -> int:
    """Images a step: never more than there are."""
    return min(settings.batch_size, len(dataset.train_images))


def steps_per_epoch(settings: ClassifierSettings, dataset: ImageDataset) -> int:
    """Whole batches that the training images make."""
    return len(dataset.train_images) // batch_size_for(settings, dataset)
