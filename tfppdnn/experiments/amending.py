"""Puts what is found of a protector after it shipped into its card."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.experiments.model_card import (
    audit_for_card,
    classifier_for_card,
    render_card,
    write_card,
)
from tfppdnn.experiments.shipping import audits_and_classifiers, kept_in_int8
from tfppdnn.files import digest, read_json, write_json
from tfppdnn.protector import Protector

_PARTS = {"title", "protector", "command", "tables"}
_OF_TABLES = {"title", "note", "head", "rows"}


def amend(
    shipped: str | os.PathLike[str],
    folders: Sequence[str | os.PathLike[str]] = (),
    *,
    measured: str | os.PathLike[str] | None = None,
    int8: str | os.PathLike[str] | None = None,
) -> list[str]:
    """Puts figures into `card.json`, in place of those of their kind, and writes `CARD.md` again.

    Audits take the place of all audits that the card has, classifiers that of all classifiers, and
    a file of figures that of what stands under its title. What there is nothing of stays.

    Args:
        shipped: The folder of the protector, as `ship` wrote it.
        folders: Of `audit` and `classify` with this protector, and of `classify --plain`.
        measured: A file with the `protector` that was measured (the digest of its float16 file),
            `title`, `command`, and `tables`, each with `title`, `note`, `head` and `rows`.
        int8: A file of what the 8-bit file keeps, as `results/photos_int8.py` writes it.

    Returns:
        The titles of all that is in the card now.

    Raises:
        UserError: A file or folder is of something else.
    """
    folder = Path(shipped)
    card = read_json(folder / "card.json")
    audits, classifiers = audits_and_classifiers(folders, {Protector.from_preset(folder).identity})
    if audits:
        card["audits"] = [audit_for_card(card["name"], audit) for audit in audits]
    if classifiers:
        card["classifiers"] = [classifier_for_card(classifier) for classifier in classifiers]
    if int8 is not None:
        card["int8"] = kept_in_int8(int8, folder)
    if measured is not None:
        tables = read_json(measured)
        half = digest(folder / "protector_fp16.tflite")
        if not _are_tables(tables) or tables["protector"] != half:
            raise UserError(f"{measured}: not figures of {folder / 'protector_fp16.tflite'}")
        others = [one for one in card.get("measured", ()) if one["title"] != tables["title"]]
        card["measured"] = [*others, tables]
    render_card(card)  # What cannot be written shall not be kept.
    write_json(folder / "card.json", card)
    write_card(folder)
    return [
        *(f"classify on {one['config']['dataset']['name']}" for one in card["classifiers"]),
        *(f"audit on {one['config']['dataset']['name']}" for one in card["audits"]),
        *(one["title"] for one in card.get("measured", ())),
    ]


def _are_tables(found: dict[str, Any]) -> bool:
    return found.keys() >= _PARTS and all(one.keys() >= _OF_TABLES for one in found["tables"])
