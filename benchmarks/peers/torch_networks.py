"""Our networks in PyTorch, as somebody who works with it would write them.

They compute what those of `tfppdnn.models` do, for 32x32 images. Modules that hold weights are
registered in the order of our layers, so that `torch_weights.copy` finds each its own.
Images are float32 [N, 3, 32, 32] in [0, 1], best in `torch.channels_last`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


class Standardize(nn.Module):
    """Maps images in [0, 1] to zero mean and unit variance."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] to the same."""
        return (images - self.mean) / self.std


class Vgg13(nn.Module):
    """VGG13 with batch normalization.

    Args:
        width: Multiplies the 64, 128, 256, 512, 512 channels of the stages.
        classes: Number of logits.
    """

    def __init__(self, *, width: float, classes: int = 10):
        super().__init__()
        self.standardize = Standardize()
        self.stages = vgg13_stages(width)
        self.logits = nn.Linear(round(512 * width), classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images to logits, [N, classes]."""
        return self.logits(self.stages(self.standardize(images)).flatten(1))

    def averages_and_logits(self, images: Tensor, stages: int) -> tuple[list[Tensor], Tensor]:
        """The channels' averages after each of the last stages, [N, C], and the logits."""
        x, averages = self.standardize(images), []
        for stage in self.stages:
            x = stage(x)
            averages.append(x.mean((2, 3)))
        return averages[-stages:], self.logits(x.flatten(1))

    def second_relu(self, images: Tensor) -> Tensor:
        """The features that the perceptual loss compares: [N, C, H, W]."""
        return self.stages[0][:6](self.standardize(images))


def vgg13_stages(width: float) -> nn.Sequential:
    """The five stages of VGG13: each two convolutions, and a pooling that halves the image."""
    stages, channels = [], 3
    for unscaled in (64, 128, 256, 512, 512):
        own = round(unscaled * width)
        stages.append(
            nn.Sequential(
                *convolution(channels, own),
                nn.ReLU(inplace=True),
                *convolution(own, own),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            )
        )
        channels = own
    return nn.Sequential(*stages)


class ResNet18(nn.Module):
    """ResNet-18 in its CIFAR form.

    Args:
        width: Multiplies the 64, 128, 256, 512 channels of the groups.
        classes: Number of logits.
    """

    def __init__(self, *, width: float, classes: int = 10):
        super().__init__()
        widths = [round(unscaled * width) for unscaled in (64, 128, 256, 512)]
        self.standardize = Standardize()
        self.stem = nn.Sequential(*convolution(3, widths[0]), nn.ReLU(inplace=True))
        blocks, channels = [], widths[0]
        for group, own in enumerate(widths):
            for block in range(2):
                blocks.append(BasicBlock(channels, own, halves=group > 0 and block == 0))
                channels = own
        self.blocks = nn.Sequential(*blocks)
        self.logits = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images to logits, [N, classes]."""
        return self.logits(self.blocks(self.stem(self.standardize(images))).mean((2, 3)))


class BasicBlock(nn.Module):
    """Two convolutions, and a way around them.

    Args:
        channels: Of the input.
        width: Channels of the output.
        halves: Whether height and width are halved.
    """

    def __init__(self, channels: int, width: int, *, halves: bool):
        super().__init__()
        # TensorFlow pads a convolution of stride 2 at the right and bottom only.
        self.pad = nn.ZeroPad2d((0, 1, 0, 1)) if halves else nn.Identity()
        stride, padding = (2, 0) if halves else (1, 1)
        self.first = nn.Conv2d(channels, width, 3, stride, padding, bias=False)
        self.first_norm = batch_norm(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.shortcut = self.shortcut_norm = nn.Identity()
        if halves or channels != width:
            self.shortcut = nn.Conv2d(channels, width, 1, stride, bias=False)
        self.second_norm = batch_norm(width)
        if halves or channels != width:
            self.shortcut_norm = batch_norm(width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] to [N, width, H, W], or to half the height and width."""
        inner = functional.relu(self.first_norm(self.first(self.pad(x))), inplace=True)
        inner = self.second_norm(self.second(inner))
        inner += self.shortcut_norm(self.shortcut(x))
        return functional.relu(inner, inplace=True)


class UNet(nn.Module):
    """U-Net with instance normalization.

    Args:
        width: Channels at full resolution; each halving doubles them.
        depth: Number of resolutions.
    """

    def __init__(self, *, width: int, depth: int):
        super().__init__()
        self.standardize = Standardize()
        widths = [width * 2**level for level in range(depth)]
        channels = [3, *widths]
        self.down = nn.ModuleList(
            _two_convolutions(channels[level], widths[level]) for level in range(depth)
        )
        self.up = nn.ModuleList()
        for own in reversed(widths[:-1]):
            self.up.append(
                nn.ModuleList([_instance(2 * own, own), _two_convolutions(2 * own, own)])
            )
        self.pixels = nn.Conv2d(width, 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images to images."""
        x, skips = self.standardize(images), []
        for level, convolutions in enumerate(self.down):
            x = convolutions(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for (narrow, convolutions), skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = narrow(functional.interpolate(x, scale_factor=2))
            x = convolutions(torch.cat([skip, x], 1))
        return torch.sigmoid(self.pixels(x))


def _two_convolutions(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(_instance(channels, width), _instance(width, width))


def _instance(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False),
        nn.InstanceNorm2d(width, affine=True),
        nn.ReLU(inplace=True),
    )


class PatchGan(nn.Sequential):
    """A discriminator of overlapping patches: images to scores, [N, 1, h, w].

    Args:
        width: Channels of the first convolution.
        strided: Convolutions of stride 2.
    """

    def __init__(self, *, width: int, strided: int = 2):
        modules: list[nn.Module] = [_MinusOneToOne()]
        channels = 3
        for layer in range(strided + 1):
            own = width * min(2**layer, 8)
            modules.append(nn.Conv2d(channels, own, 4, 2 if layer < strided else 1, 1))
            modules += [nn.InstanceNorm2d(own, affine=True)] if layer else []
            modules.append(nn.LeakyReLU(0.2, inplace=True))
            channels = own
        super().__init__(*modules, nn.Conv2d(channels, 1, 4, 1, 1))


class _MinusOneToOne(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images * 2 - 1


def convolution(channels: int, width: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution that keeps the size at stride 1, or halves it at 2, and its normalization."""
    padding = (kernel - 1) // 2
    convolved = nn.Conv2d(channels, width, kernel, stride, padding, bias=False)
    return [convolved, batch_norm(width)]


def batch_norm(width: int, *, flat: bool = False) -> nn.Module:
    """Batch normalization of maps, or of flat features.

    Its moving variance is the unbiased one, Keras's is the batch's own; on what a training step
    computes that has no bearing.
    """
    return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(width, momentum=0.1, eps=1e-5)
