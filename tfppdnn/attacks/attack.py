"""What all attacks have in common: a name, what the attacker has, and a way to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import ClassVar, Generic, TypeVar

Data = TypeVar("Data")
Result = TypeVar("Result")


class ThreatModel(Enum):
    """What an attacker has, from weak to strong; all know how the scheme works, but no key."""

    CIPHERTEXTS_ONLY = "ciphertexts only"
    CHOSEN_PLAINTEXTS = "chosen plaintexts"
    PROTECTOR = "the protector itself"


class Attack(ABC, Generic[Data, Result]):
    """A way to turn what an attacker has into plain images, or into a cost.

    Attacks are frozen dataclasses whose fields are their settings, all by keyword and all
    with a default. The type of the data says what an attack may use: one with ciphertexts
    only is never handed the protector.

    Attributes:
        name: In `audit.json` and on the command line.
        threat_model: What the attacker has.
    """

    name: ClassVar[str]
    threat_model: ClassVar[ThreatModel]

    @abstractmethod
    def run(self, data: Data) -> Result:
        """Attacks.

        Args:
            data: What the attacker has; see `tfppdnn.attacks.data`.

        Returns:
            What the attacker got; see `tfppdnn.attacks.result`.
        """
