"""The networks of the `hardened` preset in PyTorch: a bottleneck, and the hourglass against it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.peers.torch_networks import Standardize, batch_norm, convolution, vgg13_stages


class Bottleneck(nn.Module):
    """Draws a picture from a short code, and from nothing else.

    Args:
        encoder_width: Multiplies the channels of VGG13's stages.
        code_size: Numbers in the code.
        code_levels: Values that each of them can take.
        decoder_width: Channels of the decoder at full resolution.
    """

    def __init__(
        self, *, encoder_width: float, code_size: int, code_levels: int, decoder_width: int
    ):
        super().__init__()
        self.steps = (code_levels - 1) / 2
        self.standardize = Standardize()
        self.stages = vgg13_stages(encoder_width)
        self.code = nn.Linear(round(512 * encoder_width), code_size, bias=False)
        self.code_norm = batch_norm(code_size, flat=True)
        self.start = nn.Linear(code_size, 4 * 4 * 8 * decoder_width)
        doublings, channels = [], 8 * decoder_width
        for own in (4 * decoder_width, 2 * decoder_width, decoder_width):
            doublings += [
                nn.Upsample(scale_factor=2),
                *convolution(channels, own),
                nn.ReLU(inplace=True),
            ]
            channels = own
        self.doublings = nn.Sequential(*doublings)
        self.last = nn.Sequential(
            LearnedCanvas(decoder_width),
            *convolution(decoder_width, decoder_width),
            nn.ReLU(inplace=True),
            nn.Conv2d(decoder_width, 3, 1),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images to images."""
        features = self.stages(self.standardize(images)).flatten(1)
        code = torch.tanh(self.code_norm(self.code(features)))
        rounded = torch.round((code + 1) * self.steps) / self.steps - 1
        # Gradients pass as if nothing were rounded.
        code = code + (rounded - code).detach()
        return self.last(self.doublings(_as_map(self.start(code), 4)))


class LearnedCanvas(nn.Module):
    """Adds a learned map.

    Args:
        width: Channels.
        side: Height and width.
    """

    def __init__(self, width: int, side: int = 32):
        super().__init__()
        self.map = nn.Parameter(torch.empty(width, side, side))

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, side, side] to the same."""
        return x + self.map


class Hourglass(nn.Module):
    """Convolutions down to 8x8, a fully connected waist, convolutions up.

    Args:
        width: Channels of the first convolution.
        waist: Units in the middle.
    """

    def __init__(self, *, width: int = 32, waist: int = 512):
        super().__init__()
        self.down = nn.Sequential(
            *convolution(3, width, 4, 2),
            nn.ReLU(inplace=True),
            *convolution(width, 2 * width, 4, 2),
            nn.ReLU(inplace=True),
        )
        self.waist = nn.Sequential(
            nn.Linear(8 * 8 * 2 * width, waist, bias=False),
            batch_norm(waist, flat=True),
            nn.ReLU(inplace=True),
            nn.Linear(waist, 8 * 8 * width, bias=False),
            batch_norm(8 * 8 * width, flat=True),
            nn.ReLU(inplace=True),
        )
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2),
            *convolution(width, 2 * width),
            nn.ReLU(inplace=True),
            nn.Upsample(scale_factor=2),
            *convolution(2 * width, width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 3, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images to images."""
        x = self.down(images * 2 - 1)
        # As our layers count them, channels last; in channels_last no number moves.
        x = self.waist(x.permute(0, 2, 3, 1).flatten(1))
        return self.up(_as_map(x, 8))


def _as_map(x: Tensor, side: int) -> Tensor:
    """[N, side * side * C] to [N, C, side, side] in channels_last, without moving a number."""
    return x.view(len(x), side, side, -1).permute(0, 3, 1, 2)
