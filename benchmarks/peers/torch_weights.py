"""From our layers' weights to PyTorch's modules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.peers.torch_bottleneck import LearnedCanvas

_WITH_WEIGHTS = (nn.Conv2d, nn.Linear, nn.modules.batchnorm._NormBase, LearnedCanvas)


def copy(layers: Sequence[Sequence[np.ndarray]], network: nn.Module) -> nn.Module:
    """Gives a network the weights of ours.

    Args:
        layers: As `keras_weights.weights_of` returns them for one network.
        network: Its twin, whose modules with weights come in the same order.

    Returns:
        The network, in channels_last.

    Raises:
        ValueError: They do not fit together.
    """
    modules = [module for module in network.modules() if isinstance(module, _WITH_WEIGHTS)]
    for module, arrays in zip(modules, layers, strict=True):
        for target, array in zip(_targets(module), arrays, strict=True):
            value = torch.from_numpy(np.ascontiguousarray(_as_theirs(module, array)))
            if target.shape != value.shape:
                raise ValueError(f"{module} takes {tuple(target.shape)}, not {tuple(value.shape)}")
            target.data.copy_(value)
    return network.to(memory_format=torch.channels_last)


def _targets(module: nn.Module) -> Iterable[torch.Tensor]:
    if isinstance(module, LearnedCanvas):
        return [module.map]
    targets = [module.weight, module.bias]
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        targets += [module.running_mean, module.running_var]
    return [target for target in targets if target is not None]


def _as_theirs(module: nn.Module, array: np.ndarray) -> np.ndarray:
    """Kernels are HWIO here and OIHW there, matrices and images are turned, too."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if isinstance(module, LearnedCanvas):
        return array.transpose(2, 0, 1)
    return array.T
