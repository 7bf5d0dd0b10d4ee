"""Protectors in PyTorch, as one would write them there, with our weights.

Both take and give what a protector of tfppdnn does: uint8 [N, H, W, 3].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# What the decoder of the code starts from, and how often the U-Net halves an image.
_DECODER_SIDE, _HALVINGS = 4, 3
_LEVELS = 8


def protector(kind: str, weights: Mapping[str, np.ndarray]) -> Any:
    """Builds a protector for inference.

    Args:
        kind: `bottleneck` (images of 32x32, or of a multiple of it) or `unet` (of depth 4,
            images of a multiple of 8).
        weights: As `networks.weights_of` reads them off a Keras model.

    Returns:
        A `torch.nn.Module` from uint8 [N, H, W, 3] to the same.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class Protector(nn.Module):
        def __init__(self):
            super().__init__()
            remaining = iter(weights[f"{number}"] for number in range(len(weights) - 2))
            self.register_buffer("mean", _tensor(weights["mean"]).reshape(1, 3, 1, 1))
            self.register_buffer("std", _tensor(weights["std"]).reshape(1, 3, 1, 1))
            self._build(remaining)
            if next(remaining, None) is not None:
                raise ValueError(f"these are not the weights of a {kind}")

        def forward(self, images):
            x = images.permute(0, 3, 1, 2).contiguous().float() / 255
            x = torch.round(self._network(x) * 255)
            return x.permute(0, 2, 3, 1).to(torch.uint8)

    class Bottleneck(Protector):
        def _build(self, remaining):
            self.encoder = nn.ModuleList(_block(remaining, _batch) for _ in range(10))
            self.code = _dense(remaining, bias=False)
            self.code_norm = _batch(remaining, kind=nn.BatchNorm1d)
            self.start = _dense(remaining, bias=True)
            self.decoder = nn.ModuleList(_block(remaining, _batch) for _ in range(3))
            self.canvas = nn.Parameter(_tensor(next(remaining)).permute(2, 0, 1).contiguous())
            self.last = _block(remaining, _batch)
            self.pixels = _convolution(remaining, bias=True)

        def _network(self, images):
            x = functional.adaptive_avg_pool2d(images, 32)
            x = (x - self.mean) / self.std
            for number, block in enumerate(self.encoder):
                x = block(x)
                if number % 2:
                    x = functional.max_pool2d(x, 2)
            x = torch.tanh(self.code_norm(self.code(x.flatten(1))))
            steps = (_LEVELS - 1) / 2
            x = self.start(torch.round((x + 1) * steps) / steps - 1)
            # Keras has the channels last.
            x = x.reshape(-1, _DECODER_SIDE, _DECODER_SIDE, x.shape[1] // _DECODER_SIDE**2)
            x = x.permute(0, 3, 1, 2)
            for block in self.decoder:
                x = block(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = torch.sigmoid(self.pixels(self.last(x + self.canvas)))
            return functional.interpolate(x, size=images.shape[2:], mode="nearest")

    class UNet(Protector):
        def _build(self, remaining):
            def two() -> nn.Sequential:
                return nn.Sequential(_block(remaining, _instance), _block(remaining, _instance))

            self.down = nn.ModuleList(two() for _ in range(_HALVINGS))
            self.middle = two()
            self.narrow, self.up = nn.ModuleList(), nn.ModuleList()
            for _ in range(_HALVINGS):
                self.narrow.append(_block(remaining, _instance))
                self.up.append(two())
            self.pixels = _convolution(remaining, bias=True)

        def _network(self, images):
            x = (images - self.mean) / self.std
            skips = []
            for convolutions in self.down:
                x = convolutions(x)
                skips.append(x)
                x = functional.max_pool2d(x, 2)
            x = self.middle(x)
            for narrow, convolutions in zip(self.narrow, self.up, strict=True):
                x = narrow(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
                x = convolutions(torch.cat([skips.pop(), x], 1))
            return torch.sigmoid(self.pixels(x))

    built = {"bottleneck": Bottleneck, "unet": UNet}[kind]()
    return built.eval().requires_grad_(False)


def _tensor(array: np.ndarray):
    import torch

    return torch.from_numpy(np.array(array, np.float32))


def _convolution(remaining: Iterator[np.ndarray], *, bias: bool = False):
    from torch import nn

    kernel = _tensor(next(remaining)).permute(3, 2, 0, 1).contiguous()
    out, into, side, _ = kernel.shape
    layer = nn.Conv2d(into, out, side, padding=side // 2, bias=bias)
    layer.weight.data = kernel
    if bias:
        layer.bias.data = _tensor(next(remaining))
    return layer


def _dense(remaining: Iterator[np.ndarray], *, bias: bool):
    from torch import nn

    matrix = _tensor(next(remaining)).T.contiguous()
    layer = nn.Linear(matrix.shape[1], matrix.shape[0], bias=bias)
    layer.weight.data = matrix
    if bias:
        layer.bias.data = _tensor(next(remaining))
    return layer


def _batch(remaining: Iterator[np.ndarray], kind=None):
    from torch import nn

    gamma, beta, mean, variance = (_tensor(next(remaining)) for _ in range(4))
    layer = (kind or nn.BatchNorm2d)(len(gamma), eps=1e-5)
    layer.weight.data, layer.bias.data = gamma, beta
    layer.running_mean, layer.running_var = mean, variance
    return layer


def _instance(remaining: Iterator[np.ndarray]):
    from torch import nn

    gamma, beta = _tensor(next(remaining)), _tensor(next(remaining))
    layer = nn.InstanceNorm2d(len(gamma), eps=1e-5, affine=True)
    layer.weight.data, layer.bias.data = gamma, beta
    return layer


def _block(remaining: Iterator[np.ndarray], normalization):
    from torch import nn

    return nn.Sequential(_convolution(remaining), normalization(remaining), nn.ReLU(inplace=True))


def multiply_adds(network: Any, side: int) -> int:
    """Counts those of convolutions and dense layers for one image, each once.

    Args:
        network: As `protector` builds it.
        side: Height and width of the image.
    """
    import torch

    found = 0

    def count(layer, _, output):
        nonlocal found
        found += output.numel() * layer.weight[0].numel()

    layers = [
        one for one in network.modules() if isinstance(one, torch.nn.Conv2d | torch.nn.Linear)
    ]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    network(torch.zeros(1, side, side, 3, dtype=torch.uint8))
    for hook in hooks:
        hook.remove()
    return found
