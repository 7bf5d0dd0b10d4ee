"""How classifiers learn here: on cross entropy, deep ones by SGD and dense ones by AdamW."""

from __future__ import annotations

import keras
import numpy as np

from tfppdnn.datasets.batches import in_batches
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.smoothed_cross_entropy import SmoothedCrossEntropy


def compile_classifier(
    model: keras.Model,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    weight_decay: float,
    label_smoothing: float = 0.0,
) -> None:
    """Compiles a classifier with SGD of momentum 0.9 on cross entropy (Section IV-D).

    The optimizer is built, so that a checkpoint holds all of it.

    Args:
        model: Maps images to logits.
        learning_rate: A number or a schedule.
        weight_decay: As Keras counts it, outside the momentum; a decay of the gradient,
            which momentum multiplies by ten, is a tenth of this.
        label_smoothing: Share of a label that is spread over all classes.
    """
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.SGD(learning_rate, momentum=0.9, weight_decay=weight_decay),
        SmoothedCrossEntropy(label_smoothing) if label_smoothing else loss,
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)


def one_cycle(
    learning_rate: float, *, steps: int, steps_per_epoch: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """A rate that rises over the first epoch and then falls along a cosine to 0.

    Args:
        learning_rate: The highest; it begins with a hundredth of it.
        steps: Of the whole training.
        steps_per_epoch: Of these, in an epoch.
    """
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 100,
        decay_steps=max(1, steps - steps_per_epoch),
        warmup_target=learning_rate,
        warmup_steps=steps_per_epoch,
    )


def compile_head(model: keras.Model, learning_rate: float, *, steps: int) -> None:
    """Compiles a classifier of one hidden layer with AdamW, whose rate falls along a cosine to 0.

    The optimizer is built, so that a checkpoint holds all of it.

    Args:
        model: Maps pictures or features to logits.
        learning_rate: At first.
        steps: Of the whole training.
    """
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps), weight_decay=1e-2
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)


def predict_classes(model: keras.Model, images: np.ndarray, *, batch_size: int = 256) -> np.ndarray:
    """Classifies uint8 [N, H, W, 3] images.

    Args:
        model: Maps float32 images in [0, 1] to logits.
        images: uint8 [N, H, W, 3].
        batch_size: Images a call.

    Returns:
        int64 [N].
    """
    classify = inference(model)
    logits = [
        keras.ops.convert_to_numpy(classify(as_floats(batch)))
        for batch in in_batches(images, batch_size)
    ]
    return np.concatenate(logits).argmax(axis=1)


def accuracy_of(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of uint8 [N, H, W, 3] images that a classifier gets right."""
    return float(np.mean(predict_classes(model, images) == labels))
