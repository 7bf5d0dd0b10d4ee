"""What the figures say, in plain words: computed, so that no run can flatter itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tfppdnn.leakage.baseline import OUTLINES
from tfppdnn.leakage.figure import Figure, Figures, from_record, share_of_the_way
from tfppdnn.leakage.intervals import Interval
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.matching import WAYS_TO_MATCH
from tfppdnn.writing import percent, rare_percent


class Finding(NamedTuple):
    """A sentence, and how much shows or is lost (for its colour)."""

    level: Level
    headline: str
    text: str


_OUTLINES = {
    Level.NOTHING: "No outlines were found: edges agree with the plain picture no better than "
    "with another one.",
    Level.TRACES: "Faint traces of outlines remain.",
    Level.MUCH: "Outlines remain visible: large shapes can be made out.",
    Level.PICTURES: "Outlines are plain to see: whoever looks can make out what is shown.",
}
_LIGHT = {
    Level.NOTHING: "Brightness cannot be recovered by adjusting light, contrast and colour.",
    Level.TRACES: "A trace of the brightness can be recovered by adjusting light and contrast.",
    Level.MUCH: "Brightness can be recovered in part by adjusting light and contrast.",
    Level.PICTURES: "Brightness can be recovered: this is the plain picture in other colours, as "
    "a photographic negative is.",
}
_MATCHING = {
    Level.NOTHING: "Protected pictures cannot be matched to plain ones better than by chance",
    Level.TRACES: "Protected pictures can now and then be matched to plain ones",
    Level.MUCH: "Protected pictures can often be matched to plain ones",
    Level.PICTURES: "Most protected pictures can be matched to plain ones",
}


def what_is_seen(protector: Mapping[str, Any]) -> Finding | None:
    """Judges the protected images themselves; the headline is the worst of all findings.

    Args:
        protector: The `protector` part of `metrics.json`.

    Returns:
        None if nothing was measured.
    """
    measured = from_record(protector.get("leakage"))
    photographs = from_record(protector.get("photographs_leakage"))
    # Images may be too smooth for their own outlines to tell anything, and colours may hide
    # them from one measure: the worst counts.
    outlines = [
        found[name] for found in (measured, photographs) for name in OUTLINES if name in found
    ]
    sentences, worst = [], _worst([*measured.values(), *outlines])
    if outlines:
        sentences.append(_OUTLINES[_worst(outlines)])
    if "affine_ssim" in measured:
        sentences.append(_LIGHT[measured["affine_ssim"].level])
    ways = [measured[way] for way in WAYS_TO_MATCH if way in measured]
    if ways:
        matched = max(ways, key=lambda one: (one.level, one.value))
        sentences.append(
            f"{_MATCHING[matched.level]}: {rare_percent(matched.value)} of {matched.count:,} are, "
            f"where a random pick gives {rare_percent(matched.blind.mean)}."
        )
    if not sentences:
        return None
    headline = f"By these measures, {worst.of_the_pictures} can be seen."
    return Finding(worst, headline, " ".join(sentences))


def what_is_restored(protector: Mapping[str, Any]) -> Finding | None:
    """Judges what the training's restorer makes of the protected images.

    Args:
        protector: The `protector` part of `metrics.json`.

    Returns:
        None if it was not measured.
    """
    measured = restored_figures(protector)
    if "ssim" not in measured:
        return None
    ssim, worst = measured["ssim"], _worst(measured.values())
    beside_class = "class_leakage" in protector
    beyond = ", beyond what the class tells" if beside_class else ""
    or_of_class = ", or that of the right class if it is more alike," if beside_class else ""
    headline = f"The run's own restorer gets {worst.of_the_pictures} back{beyond}."
    if worst is Level.NOTHING:
        headline += " That does not show that nobody could."
    return Finding(
        worst,
        headline,
        f"Its pictures have an SSIM of {ssim.measure.write(ssim.value)} with the plain ones, where "
        f"the mean picture{or_of_class} has "
        f"{ssim.measure.write(ssim.blind.mean)} and the plain picture 1. Whoever holds "
        "a restorer, or the protector to train one with, sees at least this much.",
    )


def restored_figures(protector: Mapping[str, Any]) -> Figures:
    """What the training's restorer gets back, beside somebody who knows the class and no more.

    The class is let through by design, and with it goes what its pictures have in common.

    Args:
        protector: The `protector` part of `metrics.json`; in one of an earlier version the figures
            stand beside somebody who knows nothing.
    """
    of_class = from_record(protector.get("class_leakage"))
    return {
        key: replace(figure, blind=max(figure.blind, of_class[key].interval, key=_mean))
        if key in of_class
        else figure
        for key, figure in from_record(protector.get("restored_leakage")).items()
    }


def _mean(interval: Interval) -> float:
    return interval.mean


def does_it_work(protected: Figure, plain: Figure, how: str) -> Finding:
    """Judges how much of what a classifier can tell is kept.

    Args:
        protected: Its accuracy on protected images.
        plain: The accuracy to compare with.
        how: What the two are, for the sentence, such as `trained on protected images`.

    Returns:
        The finding; its level says how much is lost.
    """
    guessing = protected.blind.mean
    kept = share_of_the_way(protected.value, guessing, plain.value)
    if plain.level is Level.NOTHING:
        level, headline = Level.PICTURES, "Unknown: even on plain images it hardly beats guessing."
    elif protected.level is Level.NOTHING:
        level, headline = Level.PICTURES, "No: it does no better than guessing."
    elif kept >= 0.9:
        level, headline = Level.NOTHING, "Yes: nearly all accuracy is kept."
    elif kept >= 0.7:
        level, headline = Level.TRACES, "Mostly: some accuracy is lost."
    elif kept >= 0.3:
        level, headline = Level.MUCH, "In part: much accuracy is lost."
    else:
        level, headline = Level.PICTURES, "Hardly: most accuracy is lost."
    return Finding(
        level,
        headline,
        f"{how}: {percent(protected.value)} of {protected.count:,} test images are classified "
        f"correctly. On plain images it is {percent(plain.value)}, and always guessing the "
        f"most frequent class gives {percent(guessing)}.",
    )


def _worst(figures: Iterable[Figure]) -> Level:
    judged = (figure.level for figure in figures if figure.measure.judged)
    return max(judged, default=Level.UNKNOWN)
