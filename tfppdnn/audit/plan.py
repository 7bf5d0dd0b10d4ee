"""Which attacks an audit makes, how strong, and what it hands to each attacker."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property

from tfppdnn.attacks.brute_force import BruteForce
from tfppdnn.attacks.chosen_plaintext import HelperBlocks, HelperImage
from tfppdnn.attacks.class_mean import ClassMeanAttack
from tfppdnn.attacks.data import (
    ChosenPlaintexts,
    Ciphertexts,
    ClassifiedImages,
    KeySpace,
    OwnedProtector,
    OwnKeyPairs,
    UnpairedImages,
    WhiteBox,
)
from tfppdnn.attacks.feature_reconstruction import (
    AdvancedFeatureReconstruction,
    BasicFeatureReconstruction,
)
from tfppdnn.attacks.gan_attack import GANAttack
from tfppdnn.attacks.gradient_inversion import GradientInversionAttack
from tfppdnn.attacks.inverse_network import GlobalInverseNetworkAttack, InverseNetworkAttack
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.nearest import NearestAttack, NearestMeanAttack
from tfppdnn.attacks.unshared_weights import UnsharedWeightAttack
from tfppdnn.audit.auditor import PlannedAttack
from tfppdnn.audit.material import Material
from tfppdnn.audit.subject import Subject
from tfppdnn.errors import UserError
from tfppdnn.leakage.pairs import Images
from tfppdnn.leakage.recogniser import Recogniser
from tfppdnn.settings.audit import AuditSettings

# Nobody's else: victims' keys are small numbers, unless they choose this one.
_ATTACKERS_KEY = 718_281_828


class AuditPlan:
    """Every attack on a protector, in the order of what the attacker has.

    Targets, and the images of whoever owns the protector, are protected when the first attack
    needs them, and once.

    Args:
        subject: What is attacked.
        material: The plain images.
        preset: How strong the attackers are.
        recogniser: Gives a classifier of plain images, when the first attack needs it.
        seed: Of the attackers' networks; a further attempt has the next one.
    """

    def __init__(
        self,
        subject: Subject,
        material: Material,
        preset: AuditSettings,
        *,
        recogniser: Callable[[], Recogniser],
        seed: int,
    ):
        self._subject, self._material, self._preset, self._seed = subject, material, preset, seed
        self._recogniser = recogniser

    def attacks(self, names: Sequence[str] | None = None) -> list[PlannedAttack]:
        """Plans attacks.

        Args:
            names: Which ones; None for all.

        Raises:
            UserError: If there is no attack of such a name.
        """
        planned = {attack.name: attack for attack in self._all()}
        for name in names or ():
            if name not in planned:
                raise UserError(
                    f"--attacks={name}: there is no such attack; choose from {', '.join(planned)}"
                )
        return [attack for name, attack in planned.items() if names is None or name in names]

    @cached_property
    def targets(self) -> Images:
        """The held-out images, protected."""
        return self._subject.protector.protect(self._material.held_out)

    def _all(self) -> list[PlannedAttack]:
        preset, seed = self._preset, self._seed
        unshared_weights = UnsharedWeightAttack(
            epochs=preset.uwa_epochs,
            batch_size=preset.uwa_batch_size,
            learning_rate=preset.uwa_learning_rate,
            seed=seed,
        )
        inverse_network = InverseNetworkAttack(
            epochs=preset.itn_epochs,
            batch_size=preset.itn_batch_size,
            learning_rate=preset.itn_learning_rate,
            width=preset.itn_width,
            depth=preset.itn_depth,
            seed=seed,
        )
        global_inverse_network = GlobalInverseNetworkAttack(
            epochs=preset.itn_global_epochs,
            batch_size=preset.itn_batch_size,
            learning_rate=preset.itn_global_learning_rate,
            width=preset.itn_global_width,
            waist=preset.itn_global_waist,
            seed=seed,
        )
        inversion = GradientInversionAttack(
            steps=preset.inversion_steps, tv_weight=preset.inversion_tv_weight, seed=seed
        )
        return [
            PlannedAttack(attempts=[BruteForce()], gather=self._key_space),
            PlannedAttack(attempts=[BasicFeatureReconstruction()], gather=self._ciphertexts),
            PlannedAttack(attempts=[AdvancedFeatureReconstruction()], gather=self._ciphertexts),
            PlannedAttack(attempts=[ClassMeanAttack()], gather=self._classified_images),
            PlannedAttack(
                attempts=self._tries(unshared_weights),
                gather=self._own_key_pairs,
                missing="The protector has no key that an attacker could replace by his own; "
                "whoever can run it makes the inverse network's attack.",
            ),
            PlannedAttack(attempts=self._tries(*self._gan_attacks()), gather=self._unpaired_images),
            PlannedAttack(attempts=[HelperImage()], gather=self._chosen_plaintexts),
            PlannedAttack(attempts=[HelperBlocks()], gather=self._chosen_plaintexts),
            PlannedAttack(attempts=[NearestAttack()], gather=lambda: self._owner),
            PlannedAttack(attempts=[NearestMeanAttack()], gather=lambda: self._owner),
            PlannedAttack(attempts=self._tries(inverse_network), gather=lambda: self._owner),
            PlannedAttack(attempts=self._tries(global_inverse_network), gather=lambda: self._owner),
            PlannedAttack(
                attempts=self._tries(inversion),
                gather=self._white_box,
                targets=preset.inversion_images or None,
            ),
        ]

    def _tries(self, *forms: LearnedAttack) -> list[LearnedAttack]:
        """The forms of an attack one after the other, then the last again from other seeds."""
        tries = list(forms[: self._preset.attempts])
        while len(tries) < self._preset.attempts:
            tries.append(dataclasses.replace(tries[-1], seed=tries[-1].seed + 1))
        return tries

    def _gan_attacks(self) -> list[GANAttack]:
        """The paper's form first if that is asked for, then the form that collapses less."""
        preset = self._preset
        settings = {
            "generator": self._subject.says("gan_generator", "unet"),
            "epochs": preset.gan_epochs,
            "batch_size": preset.gan_batch_size,
            "learning_rate": preset.gan_learning_rate,
            "width": preset.gan_width,
            "depth": preset.gan_depth,
            "seed": self._seed,
        }
        strong = GANAttack.strong(**settings)
        return [GANAttack(**settings), strong] if preset.gan_form == "paper" else [strong]

    def _key_space(self) -> KeySpace:
        height, width = self._material.held_out.shape[1:3]
        return KeySpace.of(self._subject.protector, height=height, width=width)

    def _ciphertexts(self) -> Ciphertexts:
        return Ciphertexts(targets=self.targets)

    def _classified_images(self) -> ClassifiedImages:
        return ClassifiedImages(
            targets=self.targets, plain=self._material.attackers, classify=self._recogniser()
        )

    def _own_key_pairs(self) -> OwnKeyPairs | None:
        with_key = self._subject.says("with_key")
        if with_key is None:
            return None
        plain = self._material.attackers
        own = with_key(_ATTACKERS_KEY).protect(plain)
        return OwnKeyPairs(targets=self.targets, ciphertexts=own, plain=plain)

    def _unpaired_images(self) -> UnpairedImages:
        return UnpairedImages(
            targets=self.targets,
            ciphertexts=self._subject.protector.protect(self._material.first_half),
            plain=self._material.second_half,
        )

    def _chosen_plaintexts(self) -> ChosenPlaintexts:
        return ChosenPlaintexts(targets=self.targets, protector=self._subject.protector)

    @cached_property
    def _owner(self) -> OwnedProtector:
        return OwnedProtector(
            targets=self.targets,
            protector=self._subject.protector,
            plain=self._material.attackers,
        )

    def _white_box(self) -> WhiteBox:
        return WhiteBox(
            targets=self.targets[: self._preset.inversion_images or None],
            protector=self._subject.protector,
            plain=self._material.attackers,
            differentiable=self._subject.differentiable,
        )
