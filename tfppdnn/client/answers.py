"""What the classifier says of one image, and the ways in which a server may say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.writing import in_one_line

# More is no answer to a few hundred images, and would only fill the memory.
LARGEST_ANSWER_BYTES = 2**26


@dataclass(frozen=True)
class Answer:
    """What the classifier says of one image.

    Attributes:
        label: Name of the most probable class.
        class_id: Its number, from 0 to K - 1.
        probability: Its probability.
        probabilities: Those of all K classes.
    """

    label: str
    class_id: int
    probability: float
    probabilities: tuple[float, ...]


class RejectedError(UserError):
    """The server does not take these images; it may take some of them."""


class UnavailableError(Exception):
    """The server gives no answer at the moment; the same request may be sent again.

    Attributes:
        retry_after: Seconds that the server asked to wait, or None.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None):
        super().__init__(reason)
        self.retry_after = retry_after


class Transport(Protocol):
    """A way to a classifier."""

    def predict(self, pngs: list[bytes]) -> list[Answer]:
        """Has images classified, in one request.

        Args:
            pngs: Protected images, each a PNG file.

        Returns:
            As many answers.

        Raises:
            RejectedError: The server does not take these images.
            UnavailableError: It gives no answer at the moment.
            UserError: It will not give one, whatever the images.
        """
        ...


def answer_from(outputs: Mapping[str, Any]) -> Answer:
    """Makes an answer of a classifier's outputs for one image.

    Args:
        outputs: `probabilities` [K], `class_id` and `label`.

    Raises:
        ValueError: They are missing or are no such thing.
    """
    try:
        probabilities = np.asarray(outputs["probabilities"], np.float64)
        class_id, label = outputs["class_id"], outputs["label"]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("probabilities, class_id or label is missing") from None
    if probabilities.ndim != 1 or not np.all((probabilities >= 0) & (probabilities <= 1.001)):
        raise ValueError("the probabilities are none")
    if type(class_id) is not int or not 0 <= class_id < len(probabilities):
        raise ValueError("the class_id is none")
    if not isinstance(label, str):
        raise ValueError("the label is no text")
    probabilities = tuple(probabilities.tolist())
    return Answer(label, class_id, probabilities[class_id], probabilities)


def printable(text: str, *, longest: int = 300) -> str:
    """Makes one line of what a server said, without anything that a terminal would obey."""
    return in_one_line(text, longest_word=longest, most=longest)
