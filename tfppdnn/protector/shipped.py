"""Protectors that come with the package, each a folder of `tfppdnn/shipped`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.files import read_json
from tfppdnn.protector.trained import HALF_TFLITE

SHIPPED = Path(__file__).parent.parent / "shipped"
"""Where they lie; each was made by `python -m tfppdnn.experiments ship`."""

DEFAULT = "cifar10"
"""The one that `protect` uses if none is named."""


@dataclass(frozen=True, kw_only=True)
class ShippedProtector:
    """What is known of a protector that comes with the package, as its card says it.

    Attributes:
        name: What `Protector.from_preset` calls it.
        bytes: Of the `.tflite` file, which is what a client needs.
        image_size: Height and width of the images that it was trained on.
        accuracy_plain: Share of its data set's test images that the reference classifier, which
            it was trained for, gets right.
        accuracy_protected: The same of the same images when they are protected.
        bits: Of the code that all of an image goes through; None of a network without one.
        sha256: Of the `.tflite` file.
        card: The page that says what it was made of, what it hides, and what not.
    """

    name: str
    bytes: int
    image_size: int
    accuracy_plain: float
    accuracy_protected: float
    bits: float | None
    sha256: str
    card: Path

    def __str__(self) -> str:
        accuracies = f"{self.accuracy_plain:.1%} / {self.accuracy_protected:.1%}"
        return (
            f"{self.name:10} {self.bytes / 1e6:5.1f} MB  {self.image_size:4d} px  "
            f"{accuracies:>15}  {'-' if self.bits is None else f'{self.bits:g} bits':>9}  "
            f"{self.sha256[:16]}"
        )


class ShippedProtectors(list[ShippedProtector]):
    """All of them; printed, a line each."""

    def __str__(self) -> str:
        head = (
            f"{'name':10} {'file':>8}  {'images':>7}  {'plain/protected':>15}  {'code':>9}  sha256"
        )
        return "\n".join([head, *map(str, self)])

    __repr__ = __str__


def shipped_names() -> list[str]:
    """Lists the names of the protectors that came with this installation, which may be none."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{HALF_TFLITE}"))


def card_of(name: str) -> Path:
    """The model card of one of `shipped_names`."""
    return SHIPPED / name / "CARD.md"


def presets() -> ShippedProtectors:
    """Lists what ships, without loading any of it.

    Raises:
        UserError: A card is damaged.
    """
    return ShippedProtectors(_record(name) for name in shipped_names())


def _record(name: str) -> ShippedProtector:
    path = SHIPPED / name / "card.json"
    card = read_json(path)
    try:
        dataset = card["run"]["config"]["dataset"]
        train = card["run"]["metrics"]["train"]
        return ShippedProtector(
            name=name,
            image_size=dataset["image_size"],
            accuracy_plain=train["reference_accuracy"],
            accuracy_protected=train["reference_accuracy_on_protected"],
            bits=card["network"].get("bits"),
            card=card_of(name),
            **card["files"][HALF_TFLITE],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no card ({error!r}); install tfppdnn again") from None
