"""The hardened objective's training step in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.peers.torch_training import FakePool, adam, explained, frozen, squares
from benchmarks.training_steps import in_channels_last


class Hardened:
    """A protector, its two enemies, and what trains them; arguments as our `HardenedProtector`.

    Args:
        protector: h_p.
        restorer: Tries to undo it.
        protected_discriminator: Tells h_p(x) from x_p.
        reference_classifier: h_theta.
        mean_image: float32 [32, 32, 3].
        lambda_: Weight of the adversarial loss.
        classification_weight: Weight of the cross entropy.
        feature_weight: Weight of what the features miss.
        feature_stages: Stages of h_theta whose averages are the features.
        hiding_weight: Weight of what the restorer gets back.
        pool_size: Earlier fakes.
        rate: Learning rate.
        beta_1: Adam's.
        steps: After which the protector's rate would be near 0.
    """

    def __init__(
        self,
        *,
        protector: nn.Module,
        restorer: nn.Module,
        protected_discriminator: nn.Module,
        reference_classifier: nn.Module,
        mean_image: np.ndarray,
        lambda_: float,
        classification_weight: float,
        feature_weight: float,
        feature_stages: int,
        hiding_weight: float,
        pool_size: int,
        rate: float,
        beta_1: float,
        steps: int,
    ):
        self.protector, self.restorer = protector, restorer
        self.discriminator = protected_discriminator
        self.classifier, self.stages = frozen(reference_classifier), feature_stages
        self.mean_image = in_channels_last(mean_image[None])
        self.lambda_, self.hiding_weight = lambda_, hiding_weight
        self.classification_weight, self.feature_weight = classification_weight, feature_weight
        self.pool = FakePool(pool_size)
        self.protector_adam = adam([protector], rate=rate, beta_1=beta_1)
        self.restorer_adam = adam([restorer], rate=rate, beta_1=beta_1)
        self.discriminator_adam = adam([protected_discriminator], rate=rate / 5, beta_1=beta_1)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.protector_adam, steps, eta_min=rate / 100
        )

    def step_on(self, batch: Any) -> Callable[[], dict[str, Tensor]]:
        """Returns a step on ((x, y), (x_p, _)), that gives its losses by name."""
        (images, labels), (preliminary, _) = [
            (in_channels_last(images), torch.from_numpy(labels).long()) for images, labels in batch
        ]

        def step() -> dict[str, Tensor]:
            losses, protected = self._train_protector(images, labels)
            self._train_restorer(images, protected)
            losses["discriminator"] = self._train_discriminator(preliminary, protected)
            return {name: loss.detach() for name, loss in losses.items()}

        return step

    def _train_protector(self, images, labels):
        # Its enemies stand still meanwhile.
        enemies = nn.ModuleList([self.restorer.eval(), self.discriminator])
        enemies.requires_grad_(False)
        self.protector_adam.zero_grad()
        exact = self.protector(images)
        protected = exact + (torch.round(exact * 255) / 255 - exact).detach()
        with torch.no_grad():
            known, _ = self.classifier.averages_and_logits(images, self.stages)
        features, logits = self.classifier.averages_and_logits(protected, self.stages)
        seen = sum(
            explained(values, estimates, values.mean(0))
            for values, estimates in zip(known, features, strict=True)
        )
        restored = explained(images, self.restorer(protected), self.mean_image).clamp(min=0)
        adversarial = squares(self.discriminator(protected), 1)
        classification = cross_entropy(logits, labels)
        missed = 1 - seen / len(known)
        loss = (
            self.lambda_ * adversarial
            + self.classification_weight * classification
            + self.feature_weight * missed
            + self.hiding_weight * restored
        )
        loss.backward()
        self.protector_adam.step()
        self.schedule.step()
        self.restorer.train()
        enemies.requires_grad_(True)
        losses = {
            "protector": loss,
            "adversarial": adversarial,
            "classification": classification,
            "features": missed,
        }
        return losses, protected.detach()

    def _train_restorer(self, images, protected):
        self.restorer_adam.zero_grad()
        loss = -explained(images, self.restorer(protected), self.mean_image)
        loss.backward()
        self.restorer_adam.step()

    def _train_discriminator(self, preliminary, protected):
        self.discriminator_adam.zero_grad()
        both = torch.cat([preliminary, self.pool(protected)])
        real, fake = self.discriminator(both).chunk(2)
        loss = 0.5 * (squares(real, 1) + squares(fake, 0))
        loss.backward()
        self.discriminator_adam.step()
        return loss
