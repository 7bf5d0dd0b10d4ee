"""Protectors that are made by name: ciphers with a key, baselines with a strength or classifier."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tfppdnn.baselines import BASELINES, LABEL, Label, make_baseline
from tfppdnn.ciphers import CIPHERS, make_cipher
from tfppdnn.errors import UserError
from tfppdnn.files import digest, user_path
from tfppdnn.protector.digests import check_digest
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.trust import check_trusted

# Python reads none of some thousand digits.
_MOST_DIGITS = 1_000
_NAMES = {kind: name for name, kind in {**CIPHERS, **BASELINES}.items()}


def keyed(text: str, *, trust: bool = False) -> Origin | None:
    """Makes a cipher or baseline.

    Args:
        text: One of `CIPHERS` or `BASELINES`, with the cipher's key or the baseline's strength
            behind a colon, or without for its default; or `label:` and a classifier's folder.
        trust: Whether that may be loaded, which is a program.

    Returns:
        None if the text is no such name.

    Raises:
        UserError: The number is none, or not one for this scheme; or there is no such folder.
    """
    word, colon, number = text.partition(":")
    if word == LABEL:
        return _label(text, user_path(number), trust=trust)
    if word not in CIPHERS and word not in BASELINES:
        return None
    if colon and not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
        raise UserError(
            f"{text}: give a whole number after the colon, without a sign and of at most "
            f"{_MOST_DIGITS:,} digits, as in {word}:4"
        )
    value = int(number) if colon else None
    made = make_baseline(word, value) if word in BASELINES else make_cipher(word, key=value or 0)
    return _origin(made, name=text, title=word if value is None else f"{word}-{value}")


def _label(text: str, folder: Path, *, trust: bool) -> Origin:
    if not (folder / "saved_model.pb").is_file():
        raise UserError(
            f"{text}: give the SavedModel of a classifier of plain pictures, as in "
            "label:runs/NAME/classifier_plain"
        )

    def load() -> Label:
        check_trusted(folder, trust=trust)
        check_digest(folder)
        from tfppdnn.leakage.recogniser import SavedModelRecogniser

        classify = SavedModelRecogniser(folder)
        return Label(classify, classify.classes)

    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return Origin(name=text, title=LABEL, load=load, identity=lambda: f"{LABEL} {digest(*files)}")


def keyed_object(scheme: Any) -> Origin | None:
    """Names a cipher or baseline that was made in a program; None if it is something else."""
    name = _NAMES.get(type(scheme))
    if name is None:
        return None
    numbers = [f"-{value}" for value in dataclasses.astuple(scheme)]
    title = name if scheme == type(scheme)() else "".join([name, *numbers])
    return _origin(scheme, name=title, title=title)


def _origin(scheme: Any, *, name: str, title: str) -> Origin:
    settings = dataclasses.asdict(scheme)
    identity = " ".join([_NAMES[type(scheme)], *(f"{key} {of}" for key, of in settings.items())])
    return Origin(name=name, title=title, load=lambda: scheme, identity=lambda: identity)
