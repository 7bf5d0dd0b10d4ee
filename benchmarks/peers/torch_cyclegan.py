"""The transformation network's training step in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.peers.torch_training import FakePool, adam, frozen, squares
from benchmarks.training_steps import in_channels_last


class CycleGan:
    """Both generators, both discriminators, and what trains them; arguments as our `CycleGAN`.

    Args:
        protector: G_AB.
        restorer: G_BA.
        plain_discriminator: F_A.
        protected_discriminator: F_B.
        reference_classifier: h_theta, whose second ReLU gives the features, too.
        lambda_: Weight of the adversarial losses.
        gamma: Weights of the perceptual, classification and reconstruction losses.
        cap: Bound of each image's feature losses.
        pool_size: Earlier fakes.
        rate: Learning rate.
        beta_1: Adam's.
    """

    def __init__(
        self,
        *,
        protector: nn.Module,
        restorer: nn.Module,
        plain_discriminator: nn.Module,
        protected_discriminator: nn.Module,
        reference_classifier: nn.Module,
        lambda_: float,
        gamma: tuple[float, float, float],
        cap: float,
        pool_size: int,
        rate: float,
        beta_1: float,
    ):
        self.protector, self.restorer = protector, restorer
        self.discriminators = nn.ModuleList([plain_discriminator, protected_discriminator])
        self.classifier = frozen(reference_classifier)
        self.lambda_, self.gamma, self.cap = lambda_, gamma, cap
        self.pools = [FakePool(pool_size), FakePool(pool_size)]
        self.generators_adam = adam([protector, restorer], rate=rate, beta_1=beta_1)
        self.discriminators_adam = adam(self.discriminators, rate=rate, beta_1=beta_1)

    def step_on(self, batch: Any) -> Callable[[], tuple[Tensor, Tensor]]:
        """Returns a step on ((x, y), (x_p, y_p)), that gives both losses."""
        (images, labels), (protected, protected_labels) = [
            (in_channels_last(images), torch.from_numpy(labels).long()) for images, labels in batch
        ]

        def step() -> tuple[Tensor, Tensor]:
            self.discriminators.requires_grad_(False)
            self.generators_adam.zero_grad()
            loss, fakes = self._generators(images, labels, protected, protected_labels)
            loss.backward()
            self.generators_adam.step()

            self.discriminators.requires_grad_(True)
            self.discriminators_adam.zero_grad()
            own = self._discriminators((images, protected), fakes)
            own.backward()
            self.discriminators_adam.step()
            return loss.detach(), own.detach()

        return step

    def _generators(self, images, labels, protected, protected_labels):
        fake_protected, fake_plain = self.protector(images), self.restorer(protected)
        cycled_images, cycled_protected = self.restorer(fake_protected), self.protector(fake_plain)
        fakes = torch.cat([fake_protected, fake_plain])
        truth = torch.cat([labels, protected_labels])
        # Both means are of as many, so that their sum is twice the mean of all.
        classification = 2 * cross_entropy(self.classifier(fakes), truth)
        with torch.no_grad():
            features = self.classifier.second_relu(images)
        differences = self.classifier.second_relu(fakes) - torch.cat([features, features])
        distances = differences.square().mean((1, 2, 3)).clamp(max=self.cap)
        perceptual = 2 * distances.mean()
        reconstruction = (cycled_images - images).square().mean()
        reconstruction = reconstruction + (cycled_protected - protected).square().mean()
        adversarial = squares(self.discriminators[0](fake_plain), 1)
        adversarial = adversarial + squares(self.discriminators[1](fake_protected), 1)
        cycle = (
            self.gamma[0] * perceptual
            + self.gamma[1] * classification
            + self.gamma[2] * reconstruction
        )
        fakes = fake_plain.detach(), fake_protected.detach()
        return self.lambda_ * adversarial + cycle, fakes

    def _discriminators(self, reals, fakes):
        loss = 0
        for discriminator, pool, real, fake in zip(
            self.discriminators, self.pools, reals, fakes, strict=True
        ):
            scores = discriminator(torch.cat([real, pool(fake)])).chunk(2)
            loss = loss + 0.5 * (squares(scores[0], 1) + squares(scores[1], 0))
        return loss
