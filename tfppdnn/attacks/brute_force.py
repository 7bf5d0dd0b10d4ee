"""Brute force: try every key until an image appears."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import KeySpace
from tfppdnn.attacks.result import KeySearch
from tfppdnn.errors import UserError

SECONDS_PER_YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class BruteForce(Attack[KeySpace, KeySearch]):
    """Counts what guessing the whole key would cost (section II-B of the paper).

    The right key is among the first (2^bits + 1) / 2 on average, when none is tried twice.
    A large number rules out this attack and no other: pixel-based encryption has 5,719 bits
    on a 32 x 32 image, and yet each pixel may be guessed by itself, which is feature
    reconstruction.

    Attributes:
        keys_per_second: How many keys the attacker tries.

    Raises:
        UserError: If the rate is not a finite number above 0.
    """

    name = "brute_force"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = KeySpace

    keys_per_second: float = 1e12

    def __post_init__(self) -> None:
        if not 0 < self.keys_per_second < math.inf:
            raise UserError(f"--keys_per_second {self.keys_per_second}: give a number above 0")

    def run(self, data: KeySpace) -> KeySearch:
        """Counts; see `Attack.run`."""
        if data.bits is None:
            return self._result("There is no key: nothing to guess, and nothing to keep secret.")
        log10_tries = (data.bits - 1 + math.log2(1 + 2**-data.bits)) * math.log10(2)
        log10_years = log10_tries - math.log10(self.keys_per_second * SECONDS_PER_YEAR)
        return self._result(
            f"The key takes {_in_words(log10_tries)} tries on average, {_in_words(log10_years)} "
            f"years at {self.keys_per_second:.3g} keys a second; that says nothing about attacks "
            "that need no key.",
            log10_tries,
            log10_years,
        )

    def _result(
        self, finding: str, log10_tries: float | None = None, log10_years: float | None = None
    ) -> KeySearch:
        return KeySearch(
            attack=self.name,
            threat_model=self.threat_model,
            finding=finding,
            log10_tries=log10_tries,
            log10_years=log10_years,
        )


def _in_words(log10: float) -> str:
    return f"{10**log10:.3g}" if abs(log10) < 6 else f"10^{log10:.0f}"
