"""Which attacks an audit makes, and how strong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tfppdnn.attacks.attack import Attack
from tfppdnn.attacks.attributes import AttributeAttack
from tfppdnn.attacks.brute_force import BruteForce
from tfppdnn.attacks.chosen_plaintext import HelperBlocks, HelperImage
from tfppdnn.attacks.class_mean import ClassMeanAttack
from tfppdnn.attacks.conditional_generator import ConditionalGeneratorAttack
from tfppdnn.attacks.deep_image_prior import DeepImagePriorAttack
from tfppdnn.attacks.feature_reconstruction import (
    AdvancedFeatureReconstruction,
    BasicFeatureReconstruction,
)
from tfppdnn.attacks.gan_attack import GANAttack
from tfppdnn.attacks.gradient_inversion import GradientInversionAttack
from tfppdnn.attacks.inverse_network import GlobalInverseNetworkAttack, InverseNetworkAttack
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.membership import MembershipAttack
from tfppdnn.attacks.nearest import NearestAttack, NearestMeanAttack
from tfppdnn.attacks.ridge import RidgeAttack
from tfppdnn.attacks.unshared_weights import UnsharedWeightAttack
from tfppdnn.attacks.views import Ridge4ViewsAttack, Ridge16ViewsAttack
from tfppdnn.audit.folder import OWN_PICTURES
from tfppdnn.errors import UserError
from tfppdnn.python_names import PythonName
from tfppdnn.settings.audit import AuditSettings

ON_DEMAND = ("ridge_4_views", "ridge_16_views", "conditional_generator", "deep_image_prior")
"""Made only if they are named: the first two protect all pictures many times, for clients who do,
too; the third takes minutes to learn; the last takes seconds a picture."""


@dataclass(frozen=True, kw_only=True)
class PlannedAttack:
    """An attack to be made, in one or more attempts.

    Attributes:
        attempts: The attack, then what to try if its reconstructions are no better than
            knowing nothing: other seeds, stronger settings.
        targets: How many of the held-out images it is tried on; None for all.
        source: Where an attack of somebody's own comes from; None for ours.
        given: What asks for it on the command line, if it is somebody's own and that is known.
    """

    attempts: Sequence[Attack]
    targets: int | None = None
    source: str | None = None
    given: str | None = None

    @property
    def name(self) -> str:
        """The attack's name."""
        return self.attempts[0].name


def plan_attacks(
    asked: str | Attack | type[Attack] | Sequence[str | Attack | type[Attack]] | None,
    settings: AuditSettings,
    *,
    gan_generator: str = "unet",
    seed: int = 0,
) -> list[PlannedAttack]:
    """Plans attacks, ours in the order of what the attacker has, then others.

    Args:
        asked: Names of ours; names of Python code, `file.py:MyAttack` or `package.module:name`, of
            an attack or its class; attacks, ours with settings of your own among them, or their
            classes. A single one needs no list, and names may be one text, separated by
            commas. None for all of ours but `ON_DEMAND`.
        settings: How strong our attackers are.
        gan_generator: The generator that fits the scheme in the GAN attack.
        seed: Of the attackers' networks; a further attempt has the next one.

    Raises:
        UserError: If there is no attack of such a name, or two of one name, or none is asked for,
            or one is called as pictures of the audit's own are.
    """
    ours = {
        planned.name: planned for planned in _ours(settings, gan_generator=gan_generator, seed=seed)
    }
    if asked is None:
        return [planned for name, planned in ours.items() if name not in ON_DEMAND]
    if isinstance(asked, str):
        asked = [name.strip() for name in asked.split(",") if name.strip()]
    elif isinstance(asked, Attack) or _is_class(asked):
        asked = [asked]
    if not asked:
        raise UserError("--attacks: names no attack; leave it out for all, or see --help")
    wanted, own, set_by_hand = set(), [], set()
    for one in asked:
        if isinstance(one, Attack) or _is_class(one):
            attack = _made(one)
            kind, name = type(attack), attack.name
            is_ours = name in ours and kind is type(ours[name].attempts[0])
            if is_ours:
                set_by_hand.add(name)
            # Of ours, the settings are what a reader has to know.
            source = repr(attack) if is_ours else kind.__qualname__
            own.append(PlannedAttack(attempts=[attack], source=source))
        elif one in ours:
            wanted.add(one)
        elif isinstance(one, str) and PythonName.is_meant(one):
            own.append(_named(one))
        else:
            raise UserError(
                f"--attacks={one}: there is no such attack; choose from {', '.join(ours)}, or name "
                "one of your own (file.py:MyAttack or package.module:MyAttack)"
            )
    planned = [attack for name, attack in ours.items() if name in wanted] + own
    names = [attack.name for attack in planned]
    for name in names:
        if name in OWN_PICTURES:
            raise UserError(
                f"--attacks: an attack is called {name}, as pictures of the audit's own are; give "
                "it another name"
            )
        if names.count(name) > 1 or (name in ours and name not in wanted | set_by_hand):
            raise UserError(f"--attacks: two attacks are called {name}; give yours another name")
    return planned


def _named(text: str) -> PlannedAttack:
    """Loads somebody's own attack."""
    name = PythonName(text)
    found = name.load()
    if not isinstance(found, Attack) and not _is_class(found):
        raise UserError(
            f"--attacks={text}: {'not there' if found is None else 'not an attack'}; name a "
            "tfppdnn.attacks.Attack or its class"
        )
    made = _made(found, called=text)
    return PlannedAttack(attempts=[made], source=name.identity, given=text)


def _is_class(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, Attack)


def _made(given: Attack | type[Attack], *, called: str | None = None) -> Attack:
    """An attack, or one of a class, if it says what it is and needs."""
    called = called or getattr(given, "__qualname__", type(given).__qualname__)
    try:
        attack = given() if isinstance(given, type) else given
    except TypeError as error:
        raise UserError(
            f"--attacks={called}: cannot be made ({error}); give every field a default"
        ) from error
    for attribute in ("name", "threat_model", "needs"):
        if not hasattr(attack, attribute):
            raise UserError(f"--attacks={called}: has no {attribute}; see tfppdnn.attacks.Attack")
    return attack


def _ours(settings: AuditSettings, *, gan_generator: str, seed: int) -> list[PlannedAttack]:
    def tries(*forms: LearnedAttack) -> list[LearnedAttack]:
        """The forms of an attack one after the other, then the last again from other seeds."""
        found = list(forms[: settings.attempts])
        while len(found) < settings.attempts:
            found.append(dataclasses.replace(found[-1], seed=found[-1].seed + 1))
        return found

    unshared_weights = UnsharedWeightAttack(
        epochs=settings.uwa_epochs,
        batch_size=settings.uwa_batch_size,
        learning_rate=settings.uwa_learning_rate,
        seed=seed,
    )
    inverse_network = InverseNetworkAttack(
        epochs=settings.itn_epochs,
        batch_size=settings.itn_batch_size,
        learning_rate=settings.itn_learning_rate,
        width=settings.itn_width,
        depth=settings.itn_depth,
        seed=seed,
    )
    global_inverse_network = GlobalInverseNetworkAttack(
        epochs=settings.itn_global_epochs,
        batch_size=settings.itn_batch_size,
        learning_rate=settings.itn_global_learning_rate,
        width=settings.itn_global_width,
        waist=settings.itn_global_waist,
        seed=seed,
    )
    # One draw is no better by SSIM than knowing nothing, however well it draws: tried once.
    generator = ConditionalGeneratorAttack(
        epochs=settings.generator_epochs,
        batch_size=settings.generator_batch_size,
        learning_rate=settings.generator_learning_rate,
        width=settings.generator_width,
        seed=seed,
    )
    inversion = GradientInversionAttack(
        steps=settings.inversion_steps, tv_weight=settings.inversion_tv_weight, seed=seed
    )
    gan = {
        "generator": gan_generator,
        "epochs": settings.gan_epochs,
        "batch_size": settings.gan_batch_size,
        "learning_rate": settings.gan_learning_rate,
        "width": settings.gan_width,
        "depth": settings.gan_depth,
        "seed": seed,
    }
    # The paper's form first if that is asked for, then the form that collapses less.
    gans = [GANAttack(**gan)] if settings.gan_form == "paper" else []
    return [
        PlannedAttack(attempts=[BruteForce()]),
        PlannedAttack(attempts=[BasicFeatureReconstruction()]),
        PlannedAttack(attempts=[AdvancedFeatureReconstruction()]),
        PlannedAttack(attempts=[ClassMeanAttack()]),
        PlannedAttack(attempts=tries(unshared_weights)),
        PlannedAttack(attempts=tries(*gans, GANAttack.strong(**gan))),
        PlannedAttack(attempts=[HelperImage()]),
        PlannedAttack(attempts=[HelperBlocks()]),
        PlannedAttack(attempts=[NearestAttack()]),
        PlannedAttack(attempts=[NearestMeanAttack()]),
        PlannedAttack(attempts=[RidgeAttack(seed=seed)]),
        PlannedAttack(attempts=[Ridge4ViewsAttack(seed=seed)]),
        PlannedAttack(attempts=[Ridge16ViewsAttack(seed=seed)]),
        PlannedAttack(attempts=[AttributeAttack(seed=seed)]),
        PlannedAttack(attempts=[MembershipAttack(seed=seed)]),
        PlannedAttack(attempts=tries(inverse_network)),
        PlannedAttack(attempts=tries(global_inverse_network)),
        PlannedAttack(attempts=[generator]),
        PlannedAttack(attempts=tries(inversion), targets=settings.inversion_images or None),
        PlannedAttack(
            attempts=[DeepImagePriorAttack(steps=settings.prior_steps, seed=seed)],
            targets=settings.prior_images or None,
        ),
    ]
