"""What a run says of its protector, and in the end of files that it did nothing with."""

from __future__ import annotations

from collections import Counter

from tfppdnn.client.answers import printable
from tfppdnn.errors import UserError
from tfppdnn.protector.shipped import DEFAULT, card_of, shipped_names

_NAMED_SUFFIXES = 5


def skipped_notice(count: int) -> str:
    """Says that some outputs existed.

    Args:
        count: How many, at least 1.
    """
    if count == 1:
        return "1 image was there already and was left as it is; --overwrite makes it again"
    return (
        f"{count} images were there already and were left as they are; --overwrite makes them again"
    )


def left_out_notice(suffixes: Counter[str]) -> str:
    """Says that some files are not named like images.

    Args:
        suffixes: Their suffixes, with how often each occurs; at least one.
    """
    named = [
        # A name may hold whatever a terminal would obey.
        printable(suffix, longest=20) or "without a suffix"
        for suffix, _ in suffixes.most_common(_NAMED_SUFFIXES)
    ]
    kinds = ", ".join(named) + (" and others" if len(suffixes) > _NAMED_SUFFIXES else "")
    count = "1 file" if suffixes.total() == 1 else f"{suffixes.total()} files"
    return (
        f"left out {count} not named like a picture ({kinds}); "
        "what is one must be converted to JPEG or PNG"
    )


def no_image_notice(source: str, looked_for: frozenset[str], left_out: Counter[str]) -> str:
    """Says that there is nothing to do.

    Args:
        source: Where images were looked for.
        looked_for: Suffixes of images.
        left_out: Suffixes of the files that are there.
    """
    said = f"{source} holds no image; looked for {', '.join(sorted(looked_for))}"
    return f"{said}; {left_out_notice(left_out)}" if left_out else said


def default_protector_notice() -> str:
    """Says that nobody named a protector, and which is used.

    Raises:
        UserError: None came with this installation.
    """
    if DEFAULT not in shipped_names():
        raise UserError(
            "--protector is missing; pass --protector=RUN with a run folder made by `train`, "
            "or a protector.tflite"
        )
    return (
        f"protecting with {DEFAULT}, which ships with tfppdnn; {card_of(DEFAULT)} says what "
        "it hides and what it does not"
    )


def canvas_notice(name: str, canvas: int) -> str:
    """Says that pictures keep their size, and that it is in vain.

    Args:
        name: The protector's.
        canvas: Side of the square that it draws every picture on.
    """
    return (
        f"{name} draws every picture on {canvas}x{canvas} pixels and enlarges that: nothing finer "
        f"counts; --size={canvas} writes just these pixels"
    )


def missing_protector_notice() -> str:
    """Says that a classifier's protector must be named: none is used unasked, as for files."""
    shipped = "".join(f", or {name}, which ships with tfppdnn" for name in shipped_names())
    return (
        "--protector is missing; pass the one that the classifier was trained with: a run folder "
        f"made by `train`, a protector.tflite{shipped}"
    )
