"""Gradient inversion: the images that a known protector turns into what was seen.

Reconstruction by optimization with a total-variation prior: A. Mahendran and A. Vedaldi,
"Understanding deep image representations by inverting them", CVPR 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import Images, WhiteBox
from tfppdnn.attacks.learned import LearnedAttack, kept_or_temporary
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.datasets.batches import in_batches
from tfppdnn.errors import UserError
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.models.fused_adam import FusedAdam
from tfppdnn.training.resumable import fit_resumably

_STEPS_PER_ROUND = 500


@dataclass(frozen=True, kw_only=True)
class GradientInversionAttack(LearnedAttack[WhiteBox]):
    """Searches, for each target, the image whose protected form comes nearest to it.

    Adam walks down `ImageSearch.objectives` from two starts, the attacker's mean image and
    noise; of the two ends the one with the smaller objective is kept. A small objective is no
    proof of the right image: a protector may turn many images into nearly the same one.

    Attributes:
        seed: Of the noise.
        steps: Of Adam.
        learning_rate: Of Adam, initially; a cosine takes it to 0.
        tv_weight: Weight of the total variation.
        batch_size: Targets that are attacked at once.
    """

    name = "gradient_inversion"
    threat_model = ThreatModel.PROTECTOR
    needs = WhiteBox

    steps: int = 2000
    learning_rate: float = 0.05
    tv_weight: float = 1e-4
    batch_size: int = 32

    def run(self, data: WhiteBox, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`. Does not apply without a differentiable form.

        Raises:
            UserError: If the attacker has no images of the targets' size.
        """
        if data.differentiable is None:
            return self.reconstruction(
                None, "The protector came in no form that can be differentiated."
            )
        if len(data.plain) == 0 or data.plain.shape[1:] != data.targets.shape[1:]:
            raise UserError(
                "gradient inversion starts at the mean of the attacker's images: give at least 1, "
                f"of the targets' size, {data.targets.shape[1]}x{data.targets.shape[2]}"
            )
        mean = as_floats(data.plain).mean(axis=0)
        with kept_or_temporary(checkpoints) as folder:
            found = [
                self._search(data.differentiable, targets, mean, number, folder)
                for number, targets in enumerate(in_batches(data.targets, self.batch_size), start=1)
            ]
        images, distances = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return self.reconstruction(
            as_bytes(images),
            f"Images were searched whose protected form is what was seen; it came within "
            f"{255 * np.sqrt(distances.mean()):.1f} grey levels of 255 (root mean square).",
        )

    def _search(
        self, protect: Callable, targets: Images, mean: np.ndarray, number: int, folder: Path
    ) -> tuple[np.ndarray, np.ndarray]:
        """Searches a batch; returns images and their squared distances from the targets."""
        count = len(targets)
        random = np.random.default_rng([self.seed, number])
        noise = random.random(targets.shape, np.float32)
        model = ImageSearch(
            protect,
            np.concatenate([np.broadcast_to(mean, targets.shape), noise]),
            tv_weight=self.tv_weight,
        )
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.steps)
        model.compile(FusedAdam(schedule))
        model.optimizer.build(model.trainable_variables)
        twice = np.concatenate([as_floats(targets)] * 2)
        fit_resumably(
            model,
            lambda first_step, steps: ((twice,) for _ in range(steps)),
            title=f"gradient inversion, batch {number}",
            steps=self.steps,
            steps_per_round=_STEPS_PER_ROUND,
            checkpoints=folder / f"batch-{number:04d}",
        )
        distances, priors = (ops.convert_to_numpy(part) for part in model.parts(twice))
        objectives = (distances + self.tv_weight * priors).reshape(2, count)
        best = objectives.argmin(axis=0) * count + np.arange(count)
        return ops.convert_to_numpy(model.images)[best], distances[best]


class ImageSearch(keras.Model):
    """Images that are learnt: what `fit` trains so that a protector turns them into targets.

    Args:
        protect: h_p before rounding, float32 [N, H, W, 3] in [0, 1] to the same.
        start: float32 [N, H, W, 3] in [0, 1].
        tv_weight: Weight of the total variation.
    """

    def __init__(self, protect: Callable, start: np.ndarray, *, tv_weight: float):
        super().__init__(name="image_search")
        # Wrapped, so that a protector's weights are not taken for this model's own.
        self.protect = lambda images: protect(images)
        self.tv_weight = tv_weight
        self.images = self.add_weight(
            name="images",
            shape=start.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(start, dtype),
            constraint=lambda images: ops.clip(images, 0.0, 1.0),
        )
        self.objective = keras.metrics.Mean(name="objective")
        self.built = True

    def train_step(self, data):
        """One step on the targets, float32 [N, H, W, 3], in the order of the images."""
        (targets,) = data
        with tf.GradientTape() as tape:
            distances, priors = self.parts(targets)
            objectives = distances + self.tv_weight * priors
            # A sum: each image's own objective, whatever its batch.
            loss = ops.sum(objectives)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.objective.update_state(objectives)
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[keras.Metric]:
        """The mean objective, without Keras's own `loss`, which stays 0."""
        return [self.objective]

    def parts(self, targets):
        """The two parts of each image's objective.

        The target was rounded to 8 bits, so that not even the plain image itself comes
        nearer than a mean of about (1/255)^2 / 12.

        Returns:
            Mean squared distance of the protected image from its target, and total variation
            (mean absolute difference of neighbours); both float32 [N].
        """
        every, images = (1, 2, 3), self.images
        distance = ops.mean(ops.square(self.protect(images) - targets), axis=every)
        down = images[:, 1:] - images[:, :-1]
        right = images[:, :, 1:] - images[:, :, :-1]
        variation = sum(ops.mean(ops.abs(step), axis=every) for step in (down, right))
        return distance, variation
