"""What the figures say, in plain words: computed, so that no run can flatter itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfppdnn.leakage.matching import WAYS_TO_MATCH
from tfppdnn.reports.measurements import METRICS, Level, Measurement, leaked
from tfppdnn.writing import percent


class Finding(NamedTuple):
    """A sentence, and how much shows or is lost (for its colour)."""

    level: Level
    headline: str
    text: str


_OUTLINES = {
    Level.NOTHING: "No outlines were found: edges agree with the plain picture no better than "
    "with another one.",
    Level.TRACE: "Faint traces of outlines remain.",
    Level.PART: "Outlines remain visible: large shapes can be made out.",
    Level.MOST: "Outlines are plain to see: whoever looks can make out what is shown.",
}
_LIGHT = {
    Level.NOTHING: "Brightness cannot be recovered by adjusting light, contrast and colour.",
    Level.TRACE: "A trace of the brightness can be recovered by adjusting light and contrast.",
    Level.PART: "Brightness can be recovered in part by adjusting light and contrast.",
    Level.MOST: "Brightness can be recovered: this is the plain picture in other colours, as "
    "a photographic negative is.",
}
_MATCHING = {
    Level.NOTHING: "Protected pictures cannot be matched to plain ones better than by chance",
    Level.TRACE: "Protected pictures can now and then be matched to plain ones",
    Level.PART: "Protected pictures can often be matched to plain ones",
    Level.MOST: "Most protected pictures can be matched to plain ones",
}
_SEEN = {
    Level.NOTHING: "By these measures, nothing of the picture is left.",
    Level.TRACE: "Traces of the picture are left.",
    Level.PART: "Part of the picture can still be seen.",
    Level.MOST: "The picture can still be seen.",
}
_RESTORED = {
    Level.NOTHING: "The training's own restorer gets nothing back. That does not show that "
    "nobody could.",
    Level.TRACE: "The training's own restorer gets a trace of the picture back.",
    Level.PART: "The training's own restorer gets part of the picture back.",
    Level.MOST: "The training's own restorer gets most of the picture back.",
}


def what_is_seen(protector: Mapping[str, Any]) -> Finding | None:
    """Judges the protected images themselves; the headline is the worst of all findings.

    Args:
        protector: The `protector` part of `metrics.json`.

    Returns:
        None if nothing was measured.
    """
    measured = _by_key(protector.get("leakage"))
    photographs = _by_key(protector.get("photographs_leakage"))
    # Images may be too smooth for their own outlines to tell anything, and colours may hide
    # them from one measure: the worst counts.
    outlines = [
        found[name] for found in (measured, photographs) for name in _OF_OUTLINES & found.keys()
    ]
    sentences, levels = [], [measured[key].level for key in _JUDGED if key in measured]
    if outlines:
        levels.append(max(found.level for found in outlines))
        sentences.append(_OUTLINES[levels[-1]])
    if "affine_ssim" in measured:
        sentences.append(_LIGHT[measured["affine_ssim"].level])
    ways = [measured[way] for way in WAYS_TO_MATCH if way in measured]
    if ways:
        matched = max(ways, key=lambda one: (one.level, one.value))
        sentences.append(
            f"{_MATCHING[matched.level]}: {percent(matched.value)} of {matched.count:,} are, where "
            f"a random pick gives {percent(matched.blind)}."
        )
    if not sentences:
        return None
    return Finding(max(levels), _SEEN[max(levels)], " ".join(sentences))


def what_is_restored(protector: Mapping[str, Any]) -> Finding | None:
    """Judges what the training's restorer makes of the protected images.

    Args:
        protector: The `protector` part of `metrics.json`.

    Returns:
        None if it was not measured.
    """
    measured = _by_key(protector.get("restored_leakage"))
    if "ssim" not in measured:
        return None
    ssim = measured["ssim"]
    worst = max(measured[key].level for key in (*_JUDGED, "ssim") if key in measured)
    return Finding(
        worst,
        _RESTORED[worst],
        f"Its pictures have an SSIM of {ssim.write(ssim.value)} with the plain ones, where the "
        f"mean picture has {ssim.write(ssim.blind)} and the plain picture 1. Whoever holds "
        "a restorer, or the protector to train one with, sees at least this much.",
    )


def does_it_work(protected: Measurement, plain: Measurement, how: str) -> Finding:
    """Judges how much of what a classifier can tell is kept.

    Args:
        protected: Its accuracy on protected images.
        plain: The accuracy to compare with.
        how: What the two are, for the sentence, such as `trained on protected images`.

    Returns:
        The finding; its level says how much is lost.
    """
    kept = (protected.value - protected.blind) / max(plain.value - plain.blind, 1e-9)
    if plain.low <= plain.blind:
        level, headline = Level.MOST, "Unknown: even on plain images it hardly beats guessing."
    elif protected.low <= protected.blind:
        level, headline = Level.MOST, "No: it does no better than guessing."
    elif kept >= 0.9:
        level, headline = Level.NOTHING, "Yes: nearly all accuracy is kept."
    elif kept >= 0.7:
        level, headline = Level.TRACE, "Mostly: some accuracy is lost."
    elif kept >= 0.3:
        level, headline = Level.PART, "In part: much accuracy is lost."
    else:
        level, headline = Level.MOST, "Hardly: most accuracy is lost."
    return Finding(
        level,
        headline,
        f"{how}: {percent(protected.value)} of {protected.count:,} test images are classified "
        f"correctly. On plain images it is {percent(plain.value)}, and always guessing the "
        f"most frequent class gives {percent(protected.blind)}.",
    )


_OF_OUTLINES = {"contour_correlation", "orientation_agreement"}
_JUDGED = (*sorted(_OF_OUTLINES), "affine_ssim", *WAYS_TO_MATCH)


def _by_key(figures: Mapping[str, Any] | None) -> dict[str, Measurement]:
    found = {metric.key: leaked(figures or {}, metric, "") for metric in METRICS}
    return {key: measurement for key, measurement in found.items() if measurement}
