"""Chosen plaintext: a few helper images give the one key of a scheme away.

A. H. Chang et al., "Attacks on image encryption schemes for privacy-preserving deep neural
networks", arXiv:2004.13263, 2020. The attacker sends helper images to the protector and
sees where each value went and whether it became its negative.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import ChosenPlaintexts, Images
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.errors import UserError
from tfppdnn.protector.scheme import Scheme

Values = NDArray[np.uint8]
"""uint8 [N, groups, V]: images cut into groups, in each of which values change places."""

_SIDE = 4  # of Tanaka's blocks, in pixels


class _Key(NamedTuple):
    place: NDArray[np.intp]  # [groups or 1, V], where each plain value went
    negative: Values  # [1, groups or 1, V], by what to XOR the value seen at each place

    def decrypt(self, values: Values) -> Values:
        return np.take_along_axis(values ^ self.negative, self.place[None], axis=-1)


@dataclass(frozen=True, kw_only=True)
class _HelperAttack(Attack[ChosenPlaintexts, Reconstruction]):
    """Learns the key from helper images, checks it on other images, and decrypts the targets."""

    threat_model = ThreatModel.CHOSEN_PLAINTEXTS
    needs = ChosenPlaintexts
    scheme: ClassVar[str]
    helpers: ClassVar[NDArray[np.uint8]]  # [Q, V]: what each helper image has in every group
    highest: ClassVar[int]  # of the values; XOR with it gives the negative
    keys: ClassVar[slice]  # the groups that have a key of their own

    check_images: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.check_images < 1:
            raise UserError(f"--check_images {self.check_images}: give 1 or more")

    def run(self, data: ChosenPlaintexts) -> Reconstruction:
        """Reconstructs the targets exactly, or finds that the scheme is another one.

        Args:
            data: What the attacker has. Protectors that give images of another size are
                not of the schemes attacked here.

        Returns:
            The plain images, with the rows and columns that the scheme filled up; or no
            images, if no single key explains what the protector does.
        """
        key = self._checked_key(data.protector, data.targets.shape[1:])
        if key is None:
            return self.reconstruction(
                None, f"The protector is not {self.scheme}: no key decrypts it."
            )
        images = self._join(key.decrypt(self._split(data.targets)), data.targets.shape[1:])
        return self.reconstruction(
            images, "Helper images gave the key away: every target is decrypted exactly."
        )

    def _checked_key(self, protector: Scheme, shape: tuple[int, ...]) -> _Key | None:
        if not self._fits(shape):
            return None
        groups = self._split(np.empty((1, *shape), np.uint8)).shape[1]
        helpers = self._join(np.repeat(self.helpers[:, None], groups, axis=1), shape)
        noise = np.random.default_rng(self.seed).integers(
            0, 256, (self.check_images, *shape), np.uint8
        )
        seen, seen_noise = protector.protect(helpers), protector.protect(noise)
        if not _alike(seen, helpers) or not _alike(seen_noise, noise):
            return None
        key = self._find_key(self._split(seen)[:, self.keys])
        decrypted = key.decrypt(self._split(seen_noise))
        return key if np.array_equal(decrypted, self._split(noise)) else None

    def _find_key(self, seen: Values) -> _Key:
        # [Q, groups, V plain, V seen]: each value sent beside each value seen, to find those
        # that agree in all Q helper images. Of another scheme this makes a key that fails.
        sent, seen = self.helpers[:, None, :, None], seen[:, :, None, :]
        negative = (sent == seen ^ self.highest).all(axis=0)
        matches = (sent == seen).all(axis=0) | negative
        mask = np.where(negative.any(axis=1), np.uint8(self.highest), np.uint8(0))
        return _Key(matches.argmax(axis=2), mask[None])

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return True

    @abstractmethod
    def _split(self, images: Images) -> Values: ...

    @abstractmethod
    def _join(self, values: Values, shape: tuple[int, ...]) -> Images: ...


@dataclass(frozen=True, kw_only=True)
class HelperImage(_HelperAttack):
    """Breaks pixel-based encryption under one key by one helper image of a single colour.

    The three values of the colour differ from each other and from all their negatives, so
    each pixel of the answer shows its channel order and its inversions.

    Attributes:
        check_images: How many images of noise the key must decrypt without an error.
        seed: Of that noise.

    Raises:
        UserError: If there is no image to check.
    """

    name = "chosen_plaintext_pixel_based"
    scheme = "pixel-based encryption under one key"
    helpers = np.array([[1, 2, 4]], np.uint8)
    highest = 255
    keys = slice(None)

    def _split(self, images: Images) -> Values:
        return images.reshape(len(images), -1, 3)

    def _join(self, values: Values, shape: tuple[int, ...]) -> Images:
        return values.reshape(-1, *shape)


@dataclass(frozen=True, kw_only=True)
class HelperBlocks(_HelperAttack):
    """Breaks Tanaka's scheme by 16 helper images, each with the same 4 x 4 block everywhere.

    The k-th block is black but for its k-th pixel, whose six half-bytes are 1 to 6: each
    half-byte of the answer shows in one of the 16 images where it comes from, and in all
    others, being 0 or 15, whether it was inverted.

    Attributes:
        check_images: How many images of noise the key must decrypt without an error.
        seed: Of that noise.

    Raises:
        UserError: If there is no image to check.
    """

    name = "chosen_plaintext_tanaka"
    scheme = "Tanaka's encryption"
    helpers = np.kron(np.eye(_SIDE**2), np.arange(1, 7)).astype(np.uint8)
    highest = 15
    keys = slice(1)

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return shape[0] % _SIDE == shape[1] % _SIDE == 0

    def _split(self, images: Images) -> Values:
        count, height, width, _ = images.shape
        grid = images.reshape(count, height // _SIDE, _SIDE, width // _SIDE, _SIDE, 3)
        values = grid.swapaxes(2, 3).reshape(count, -1, _SIDE**2 * 3)
        return np.stack([values & 15, values >> 4], axis=-1).reshape(*values.shape[:2], -1)

    def _join(self, values: Values, shape: tuple[int, ...]) -> Images:
        height, width, _ = shape
        grid = (values[..., ::2] | values[..., 1::2] << 4).reshape(
            -1, height // _SIDE, width // _SIDE, _SIDE, _SIDE, 3
        )
        return grid.swapaxes(2, 3).reshape(-1, *shape)


def _alike(answer: Images, question: Images) -> bool:
    return answer.shape == question.shape and answer.dtype == question.dtype
