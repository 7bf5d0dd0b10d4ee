"""Feature reconstruction (FR): the picture behind pixel-based encryption, without any key.

A. H. Chang et al., "Attacks on image encryption schemes for privacy-preserving deep neural
networks", arXiv:2004.13263, 2020. Every image may have a key of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import Ciphertexts, Images
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.errors import UserError

_CHANNEL_ORDERS = np.array(list(permutations(range(3))))


@dataclass(frozen=True, kw_only=True)
class BasicFeatureReconstruction(Attack[Ciphertexts, Reconstruction]):
    """Gives each value and its negative the same value, so that inversion hides nothing.

    Every value above 127 is XORed with 255. Outlines come back, in false colours.
    """

    name = "feature_reconstruction_basic"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = Ciphertexts

    def run(self, data: Ciphertexts) -> Reconstruction:
        """Reconstructs each target by itself; see `Attack.run`."""
        return self.reconstruction(
            _folded(data.targets),
            "Every value was made the darker of itself and its negative.",
        )


@dataclass(frozen=True, kw_only=True)
class AdvancedFeatureReconstruction(Attack[Ciphertexts, Reconstruction]):
    """Gives each pixel the colour, of the 48 it may have had, that is nearest its neighbour's.

    From pixel to pixel, along the first row and then down each column, the candidates (six
    channel orders, each channel inverted or not) are compared with the neighbour decoded
    before by the sum of absolute differences.

    The nearest inversion is always the one on the neighbour's side of 127.5, so the 48 come
    down to six: the values are folded as in the basic attack, the walk chooses a channel
    order, and the first pixel decides on which side each channel of the image lies. Another
    first pixel gives the same picture with channels swapped and inverted, which the affine
    SSIM sees through; so it matters little that an attacker must guess it.

    Attributes:
        first_pixel: The colour to which the top left pixel is made most like, 0 to 255. The
            authors' attacker knows it; black leaves the channels as they come and dark.

    Raises:
        UserError: If the first pixel is no colour.
    """

    name = "feature_reconstruction_advanced"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = Ciphertexts

    first_pixel: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        colour = np.array(self.first_pixel)
        if (
            colour.shape != (3,)
            or colour.dtype.kind != "i"
            or ((colour < 0) | (colour > 255)).any()
        ):
            raise UserError(f"--first_pixel {self.first_pixel}: give three whole numbers, 0 to 255")

    def run(self, data: Ciphertexts) -> Reconstruction:
        """Reconstructs each target by itself; see `Attack.run`."""
        images = _folded(data.targets)
        first = np.array(self.first_pixel, np.uint8)
        images[:, 0, 0] = _reordered(images[:, 0, 0], like=_folded(first))
        for x in range(1, images.shape[2]):
            images[:, 0, x] = _reordered(images[:, 0, x], like=images[:, 0, x - 1])
        for y in range(1, images.shape[1]):
            images[:, y] = _reordered(images[:, y], like=images[:, y - 1])
        return self.reconstruction(
            np.where(first > 127, ~images, images),
            "Every pixel was given the colour nearest its neighbour's, of the 48 possible.",
        )


def _folded(values: Images) -> Images:
    # Of 8-bit v, ~v is v XOR 255 is 255 - v; the smaller of the two is at most 127.
    return np.minimum(values, ~values)


def _reordered(pixels: Images, *, like: Images) -> Images:
    """Permutes the channels of each pixel [..., 3] to be nearest those of another."""
    difference = np.abs(pixels[..., None, :].astype(np.int16) - like[..., :, None])
    distance = difference[..., np.arange(3), _CHANNEL_ORDERS].sum(axis=-1)
    return np.take_along_axis(pixels, _CHANNEL_ORDERS[distance.argmin(axis=-1)], axis=-1)
