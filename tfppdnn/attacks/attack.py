"""What all attacks have in common: a name, what the attacker has, and a way to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from tfppdnn.attacks.data import Images
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.attacks.threat_model import ThreatModel

Data = TypeVar("Data")
Result = TypeVar("Result")


class Attack(ABC, Generic[Data, Result]):
    """A way to turn what an attacker has into plain images, or into a cost.

    Attacks are frozen dataclasses whose fields are their settings, all by keyword and all
    with a default. One of your own needs a name, what it is handed, and `run`:

        @dataclass(frozen=True, kw_only=True)
        class Negative(Attack[Ciphertexts, Reconstruction]):
            name = "negative"
            threat_model = ThreatModel.CIPHERTEXTS_ONLY
            needs = Ciphertexts

            def run(self, data):
                return self.reconstruction(255 - data.targets, "Every picture was inverted.")

    `tfppdnn.audit(..., attacks=[Negative()])` makes it, measures what comes back, and reports it
    like any other; on the command line it is `--attacks=file.py:Negative`.

    Attributes:
        name: In `audit.json` and on the command line.
        threat_model: What the attacker has, for the report.
        needs: The type of its data, see `tfppdnn.attacks.data`. It decides what an attack may
            use: one that needs `Ciphertexts` is never handed the protector.
    """

    name: ClassVar[str]
    threat_model: ClassVar[ThreatModel]
    needs: ClassVar[type]

    @abstractmethod
    def run(self, data: Data) -> Result:
        """Attacks.

        Args:
            data: What the attacker has; see `tfppdnn.attacks.data`.

        Returns:
            What the attacker got; see `tfppdnn.attacks.result`.
        """

    def reconstruction(self, images: Images | None, finding: str) -> Reconstruction:
        """Makes the result of an attack that makes images.

        Args:
            images: uint8 [N, H, W, 3], one for each target; None if the attack does not apply.
            finding: What happened, as one sentence for a report.

        Returns:
            What `run` returns.
        """
        return Reconstruction(
            attack=self.name, threat_model=self.threat_model, finding=finding, images=images
        )
