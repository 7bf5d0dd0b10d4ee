"""What somebody decides who has to: deploy or not, for what, against whom, with what left over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfppdnn import writing
from tfppdnn.leakage.level import Level
from tfppdnn.reports.names import spoken
from tfppdnn.reports.verdict import Finding


class Decision(NamedTuple):
    """What a page begins with.

    Attributes:
        level: How bad it is, for its colour.
        headline: Whether to deploy.
        rows: For which use, against whom and not against whom, and what is left over: a word and a
            sentence each.
    """

    level: Level
    headline: str
    rows: tuple[tuple[str, str], ...]


def decide(
    dataset: Mapping[str, Any],
    works: Finding | None,
    seen: Finding | None,
    restored: Finding | None,
) -> Decision | None:
    """Decides on a run whose protector nobody has attacked yet but its own training.

    Args:
        dataset: The `dataset` part of the run's `config.json`.
        works: How much accuracy is lost.
        seen: What shows in protected pictures.
        restored: What the training's restorer gets back; None if there is none.

    Returns:
        None if accuracy or what shows was not measured.
    """
    if works is None or seen is None:
        return None
    back = Level.UNKNOWN if restored is None else restored.level
    size = f"{dataset.get('image_size')}x{dataset.get('image_size')}"
    like = spoken(dataset.get("name", "its data set"))
    use = (
        f"Naming the class of pictures like those of {like}, at {size} pixels, in a cloud that is "
        "given protected pictures only."
    )
    left = f"The class, which is let through by design. To the eye: {seen.level.of_the_pictures}."
    owner = (
        f"Whoever has the app: the run's own restorer gets {back.of_the_pictures} back. "
        if back >= Level.MUCH
        else "What somebody gets who has the app, and tries harder than the training did. "
    )
    owner += "An audit attacks it: python -m tfppdnn audit."
    looking = "People who look at protected pictures: the cloud's staff, a leaked bucket."
    owner_is = "Not against" if back >= Level.MUCH else "Unknown"
    rows = (("For", use), ("Against", looking), (owner_is, owner), ("Left over", left))
    if works.level >= Level.MUCH:
        return Decision(works.level, "Do not deploy: too much accuracy is lost.", rows[:1])
    if seen.level >= Level.MUCH:
        headline = f"Do not deploy: whoever looks sees {seen.level.of_the_pictures}."
        return Decision(seen.level, headline, (rows[0], ("Against", "Nobody."), rows[3]))
    if back >= Level.MUCH:
        headline = "Deploy only where nobody has the app but those who may see the pictures."
        return Decision(Level.MUCH, headline, rows)
    return Decision(Level.NOTHING, "Worth deploying, after an audit.", rows)


def warning_of_accuracy(protected: float, plain: float) -> str | None:
    """What to say of a protector that keeps less than half of the accuracy, or None.

    Args:
        protected: Accuracy on protected pictures.
        plain: Accuracy on plain ones.
    """
    if protected >= plain / 2:
        return None
    return (
        f"warning: less than half of the accuracy is left: {writing.percent(protected)} of "
        f"protected pictures are classified correctly, {writing.percent(plain)} of plain ones. "
        "Train longer, on more pictures, or with more weight on the classification."
    )
