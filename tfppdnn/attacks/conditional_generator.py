"""A conditional generator: whoever owns a protector learns to draw what may have been protected.

A regression from protected to plain pictures gives back the mean of all that fit, which is blurred
where little is left. This draws one of them instead, as sharp as a photograph. Such a picture
looks like an answer: whether it is one, the measures say, and not the eye.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import Images, OwnedProtector
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.flow_matching import Floats, drawn, on_the_way
from tfppdnn.attacks.learned import LearnedAttack, kept_or_temporary
from tfppdnn.attacks.pairs import check_pairs, steps_of
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.datasets.batches import shuffled_indices
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.models.fused_adam import FusedAdam
from tfppdnn.models.inference import inference
from tfppdnn.models.velocity import velocity_network
from tfppdnn.training.resumable import fit_resumably

# Of more pixel values, random sums are taken. The network sees the protected picture as well.
_MOST_NUMBERS = 2048
_DRAWN_AT_A_TIME = 128


@dataclass(frozen=True, kw_only=True)
class ConditionalGeneratorAttack(LearnedAttack[OwnedProtector]):
    """Protects own images and learns, by flow matching, to draw what belongs to a protected one.

    Each target gets one draw. The mean of many would be nearer to the plain picture, and
    blurred: that is what the attacks by regression are for (`RidgeAttack`,
    `GlobalInverseNetworkAttack`).

    Attributes:
        seed: Of weights, order and noise.
        epochs: Passes over the attacker's images.
        batch_size: Pairs a step.
        learning_rate: Of Adam, initially; a cosine takes it to 0.
        width: Channels of the network at half the resolution.
        steps: From noise to a picture, of Heun's method.
    """

    name = "conditional_generator"
    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector

    epochs: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-3
    width: int = 32
    steps: int = 20

    def run(self, data: OwnedProtector, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`.

        Raises:
            UserError: If the attacker has no images, or some of different sizes.
        """
        check_pairs(data.targets, data.ciphertexts, data.plain)
        features = Features(data.ciphertexts, most=_MOST_NUMBERS, random_features=0, seed=self.seed)
        scale = _Scale(data.plain)
        steps = steps_of(self.epochs, images=len(data.plain), batch_size=self.batch_size)
        keras.utils.set_random_seed(self.seed)
        model = velocity_network(
            image_size=data.plain.shape[1:3], numbers=1 + features.count, base_width=self.width
        )
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        model.compile(FusedAdam(schedule), "mean_squared_error")
        model.optimizer.build(model.trainable_variables)
        with kept_or_temporary(checkpoints) as folder:
            fit_resumably(
                model,
                lambda first_step, count: self._batches(data, features, scale, first_step, count),
                title="conditional generator",
                steps=steps,
                steps_per_round=min(steps, max(50, steps // 20)),
                checkpoints=folder,
            )
        return self.reconstruction(
            self._draws(model, features, scale, data.targets),
            f"A generator learnt from {len(data.plain):,} images that the attacker protected "
            "himself, by flow matching, to draw what belongs to a protected one. Each got one "
            "draw.",
        )

    def _batches(
        self, data: OwnedProtector, features: Features, scale: _Scale, first_step: int, count: int
    ) -> Iterator[tuple[tuple[Floats, ...], Floats]]:
        """What the network is told, and the velocity that it is to tell: the same if asked again.

        Time and noise depend on the seed and the step, so that a training can go on.
        """
        order = shuffled_indices(
            len(data.plain),
            batch_size=self.batch_size,
            first_step=first_step,
            steps=count,
            seed=self.seed,
        )
        for step, indices in enumerate(order, start=first_step):
            random = np.random.default_rng([self.seed, step])
            pictures = scale(data.plain[indices])
            time = random.random((len(indices), 1), np.float32)
            noise = random.standard_normal(pictures.shape, np.float32)
            noisy, velocity = on_the_way(pictures, noise, time)
            yield (noisy, *_seen(features, data.ciphertexts[indices]), time), velocity

    def _draws(
        self, model: keras.Model, features: Features, scale: _Scale, targets: Images
    ) -> Images:
        network, random = inference(model), np.random.default_rng(self.seed)
        found = []
        for start in range(0, len(targets), _DRAWN_AT_A_TIME):
            some = targets[start : start + _DRAWN_AT_A_TIME]
            seen = _seen(features, some)
            pictures = drawn(
                lambda noisy, time, seen=seen: np.asarray(network(noisy, *seen, time)),
                random.standard_normal(some.shape, np.float32),
                steps=self.steps,
            )
            found.append(scale.back(pictures))
        return np.concatenate(found)


def _seen(features: Features, protected: Images) -> tuple[Floats, Floats]:
    """What the network is told of protected pictures: themselves, and their numbers."""
    # A protector of which nothing can be read off leaves the first number, which says nothing.
    numbers = np.insert(features(protected), 0, 1, axis=1)
    return 2 * as_floats(protected) - 1, numbers.astype(np.float32)


class _Scale:
    """Pictures as deviations from the mean one, in standard deviations: as far apart as noise."""

    def __init__(self, plain: Images):
        self._mean = plain.mean(axis=0, dtype=np.float64).astype(np.float32) / 255
        # A byte at least: of equal pictures nothing is divided by zero.
        squares = [np.square(as_floats(image) - self._mean).mean() for image in plain]
        self._deviation = np.float32(max(np.sqrt(np.mean(squares)), 1 / 255))

    def __call__(self, images: Images) -> Floats:
        return (as_floats(images) - self._mean) / self._deviation

    def back(self, pictures: Floats) -> Images:
        return as_bytes((pictures * self._deviation + self._mean).clip(0, 1))
