"""What attackers got, to be measured by whoever knows the plain images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.data import Images
from tfppdnn.attacks.threat_model import ThreatModel


@dataclass(frozen=True, kw_only=True, eq=False)
class AttackResult:
    """The outcome of any attack.

    Attributes:
        attack: The attack's name.
        threat_model: What the attacker had.
        finding: What happened, as one sentence for a report.
    """

    attack: str
    threat_model: ThreatModel
    finding: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction(AttackResult):
    """The outcome of an attack that makes images.

    Attributes:
        images: uint8 [N, H, W, 3], one for each target in the same order and of its size.
            None if the attack does not apply: it is made for another kind of scheme. That
            is no merit of the scheme, and `finding` says why.
    """

    images: Images | None


@dataclass(frozen=True, kw_only=True, eq=False)
class KeySearch(AttackResult):
    """The outcome of a search for the key. Logarithms, since the numbers fit no float.

    Attributes:
        log10_tries: Of the keys to be tried until the right one, on average; None if there
            is no key.
        log10_years: Of the years this takes; None if there is no key.
    """

    log10_tries: float | None
    log10_years: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Guesses(AttackResult):
    """The outcome of an attack that makes no images, but says what they are like.

    Attributes:
        guesses: By the names of attributes, int64 [N], one for each target.
    """

    guesses: Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspicions(AttackResult):
    """The outcome of an attack that tells which pictures a protector was trained on.

    Attributes:
        scores: float64 [N] in [0, 1], one for each suspect: above 0.5, it was in. None if the
            attack does not apply: nobody knows what the protector was trained on.
    """

    scores: NDArray[np.float64] | None
