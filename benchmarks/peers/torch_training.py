"""What the training steps of our presets need of PyTorch besides networks."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Keras adds its 1e-7 before the bias correction, PyTorch after it: in the second step, where it
# still matters, that is this.
_ADAM_EPSILON = 2.2e-6


def adam(networks: Iterable[nn.Module], *, rate: float, beta_1: float) -> torch.optim.Adam:
    """PyTorch's fastest Adam, with the settings of ours."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return torch.optim.Adam(parameters, rate, (beta_1, 0.999), _ADAM_EPSILON, fused=True)


def frozen(network: nn.Module) -> nn.Module:
    """A network in inference mode, whose weights get no gradients."""
    return network.eval().requires_grad_(False)


class FakePool:
    """Answers half of all fakes with earlier ones, once it is full; as our `FakePool`.

    Args:
        size: Images in it.
    """

    def __init__(self, size: int):
        self.images = torch.zeros(size, 3, 32, 32).to(memory_format=torch.channels_last)
        self.filled = 0

    def __call__(self, fakes: Tensor) -> Tensor:
        """[N, 3, 32, 32] to the same, some of them changed for pooled ones."""
        count, size = len(fakes), len(self.images)
        if self.filled < size:
            self.images[torch.arange(self.filled, self.filled + count) % size] = fakes
            self.filled = min(size, self.filled + count)
            return fakes
        places = torch.randperm(size)[:count]
        pooled = self.images[places]
        swap = (torch.rand(count) < 0.5).view(-1, 1, 1, 1)
        self.images[places] = torch.where(swap, fakes, pooled)
        return torch.where(swap, pooled, fakes)


def squares(scores: Tensor, target: float) -> Tensor:
    """The mean squared distance of scores from a number."""
    return (scores - target).square().mean()


def explained(values: Tensor, estimates: Tensor, mean: Tensor) -> Tensor:
    """R squared."""
    return 1 - (estimates - values).square().sum() / (values - mean).square().sum()
