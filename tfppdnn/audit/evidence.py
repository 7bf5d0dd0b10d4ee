"""What an audit hands to each attacker, by the type of data that the attack needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from tfppdnn.attacks.data import (
    ChosenPlaintexts,
    Ciphertexts,
    ClassifiedImages,
    DescribedImages,
    KeySpace,
    OwnedProtector,
    OwnKeyPairs,
    Suspects,
    UnpairedImages,
    Views,
    WhiteBox,
)
from tfppdnn.audit.material import Material
from tfppdnn.errors import UserError
from tfppdnn.images.shifting import shifted
from tfppdnn.leakage.attributes import attributes_of
from tfppdnn.leakage.pairs import Images
from tfppdnn.leakage.recogniser import Recogniser
from tfppdnn.protector.protector import Protector

# Nobody's else: victims' keys are small numbers, unless they choose this one.
_ATTACKERS_KEY = 718_281_828

# Beside the target itself; attacks that combine views may take fewer.
_FURTHER_VIEWS = 15

NO_KEY = (
    "The protector has no key that an attacker could replace by his own; whoever can run it makes "
    "the inverse network's attack."
)


class Evidence:
    """Targets and images, and what else attackers of each kind have of a protector.

    Everything is protected when the first attack needs it, and once.

    Args:
        protector: What is audited.
        material: The plain images.
        recogniser: Gives a classifier of plain images, when the first attack needs it.
        has_members: Whether the protector was trained on the training split of these.
    """

    def __init__(
        self,
        protector: Protector,
        material: Material,
        *,
        recogniser: Callable[[], Recogniser],
        has_members: bool = False,
    ):
        self._protector, self._material, self._recogniser = protector, material, recogniser
        self._has_members = has_members
        self._gather: Mapping[type, Callable[[int | None], Any]] = {
            KeySpace: self._key_space,
            Ciphertexts: lambda count: Ciphertexts(targets=self.targets[:count]),
            ClassifiedImages: self._classified_images,
            OwnKeyPairs: self._own_key_pairs,
            UnpairedImages: self._unpaired_images,
            ChosenPlaintexts: self._chosen_plaintexts,
            OwnedProtector: self._owned_protector,
            Views: self._several_views,
            DescribedImages: self._described_images,
            Suspects: self._suspects,
            WhiteBox: self._white_box,
        }

    @cached_property
    def targets(self) -> Images:
        """The held-out images, protected."""
        return self._protector.protect(self._material.held_out)

    def check(self, needs: type, attack: str) -> None:
        """Checks that there is such data.

        Raises:
            UserError: An attack asks for what no attacker has.
        """
        if needs not in self._gather:
            raise UserError(
                f"{attack} needs {getattr(needs, '__name__', needs)}; give one of "
                f"{', '.join(known.__name__ for known in self._gather)}"
            )

    def gather(self, needs: type, *, targets: int | None = None) -> Any:
        """Collects what an attacker has.

        Args:
            needs: A type of `tfppdnn.attacks.data`.
            targets: How many of the held-out images are attacked; None for all.

        Returns:
            The data; None if there is no such thing of this protector.
        """
        return self._gather[needs](targets)

    def unprotected(self, data: OwnedProtector) -> OwnedProtector:
        """The same of a protector that hides nothing: no attack on another gets more."""
        plain = self._material.held_out[: len(data.targets)]
        return replace(data, targets=plain, protector=Protector.of("plain"))

    def _key_space(self, _: int | None) -> KeySpace:
        height, width = self._material.held_out.shape[1:3]
        return KeySpace.of(self._protector.scheme, height=height, width=width)

    def _classified_images(self, count: int | None) -> ClassifiedImages:
        return ClassifiedImages(
            targets=self.targets[:count],
            plain=self._material.attackers,
            classify=self._recogniser(),
        )

    def _own_key_pairs(self, count: int | None) -> OwnKeyPairs | None:
        with_key = self._protector.says("with_key")
        if with_key is None:
            return None
        plain = self._material.attackers
        own = with_key(_ATTACKERS_KEY).protect(plain)
        return OwnKeyPairs(targets=self.targets[:count], ciphertexts=own, plain=plain)

    def _unpaired_images(self, count: int | None) -> UnpairedImages:
        return UnpairedImages(
            targets=self.targets[:count],
            ciphertexts=self._protector.protect(self._material.first_half),
            plain=self._material.second_half,
        )

    def _chosen_plaintexts(self, count: int | None) -> ChosenPlaintexts:
        return ChosenPlaintexts(targets=self.targets[:count], protector=self._protector)

    def _owned_protector(self, count: int | None) -> OwnedProtector:
        return self._owner if count is None else self._make_owner(OwnedProtector, count)

    @cached_property
    def _owner(self) -> OwnedProtector:
        """One for all attacks, which keeps the attacker's own images protected."""
        return self._make_owner(OwnedProtector, None)

    def _several_views(self, count: int | None) -> Views:
        return self._make_owner(Views, count, views=[view[:count] for view in self._views])

    @cached_property
    def _views(self) -> list[Images]:
        """The held-out images again and again, moved and protected."""
        random = np.random.default_rng(2)
        moved = (shifted(self._material.held_out, random) for _ in range(_FURTHER_VIEWS))
        return [self._protector.protect(images) for images in moved]

    def _described_images(self, count: int | None) -> DescribedImages:
        known = attributes_of(self._material.attackers, self._material.attacker_labels)
        return self._make_owner(DescribedImages, count, attributes=known)

    def _suspects(self, _: int | None) -> Suspects:
        known, others = self._material.by_membership
        # Where nobody knows of any picture whether it was in, one is enough to say so.
        count = None if self._has_members else 1
        return Suspects(
            targets=self._protector.protect(others.images[:count]),
            protector=self._protector,
            plain=known.images,
            labels=known.labels,
            was_in=known.was_in if self._has_members else None,
            suspects=others.images[:count],
            suspect_labels=others.labels[:count],
            numbers=self._before_rounding() if self._has_members else None,
        )

    def _before_rounding(self) -> Callable | None:
        # With Keras, for which settings that are wrong need not wait.
        from tfppdnn.models.before_rounding import before_rounding

        return before_rounding(self._protector.network)

    def _white_box(self, count: int | None) -> WhiteBox:
        # Whoever owns it owns its noise, and searches without.
        network = self._protector.without_noise().differentiable
        return self._make_owner(WhiteBox, count, differentiable=network)

    def _make_owner(self, kind: type, count: int | None, **more: Any) -> Any:
        return kind(
            targets=self.targets[:count],
            protector=self._protector,
            plain=self._material.attackers,
            **more,
        )
