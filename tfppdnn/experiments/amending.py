"""Adds to the card of a shipped protector what was found of it since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfppdnn.audit.folder import ATTACKS, audit_folder
from tfppdnn.errors import UserError
from tfppdnn.experiments.model_card import audit_for_card, render_card, write_card
from tfppdnn.files import digest, read_json, write_json
from tfppdnn.protector import Protector

_PARTS = {"title", "protector", "command", "tables"}
_OF_TABLES = {"title", "note", "head", "rows"}


def amend(
    shipped: str | os.PathLike[str],
    audits: Sequence[str | os.PathLike[str]] = (),
    *,
    measured: str | os.PathLike[str] | None = None,
) -> list[str]:
    """Adds audits and tables to `card.json`, and writes `CARD.md` again.

    What the card has of the same settings, or under the same title, is replaced.

    Args:
        shipped: The folder of the protector, as `ship` wrote it.
        audits: Folders of `audit`, of this protector.
        measured: A file with the `protector` that was measured (the digest of its float16 file),
            `title`, `command`, and `tables`, each with `title`, `note`, `head` and `rows`.

    Returns:
        The titles of all that was added to the card.

    Raises:
        UserError: A file or folder is of something else.
    """
    folder = Path(shipped)
    card = read_json(folder / "card.json")
    identity = Protector.from_preset(folder).identity
    for path in audits:
        audit = audit_folder(path)
        config = audit.config()
        if config.get("protector") != identity or ATTACKS not in audit.metrics():
            raise UserError(f"{path}: not a finished audit of {folder}")
        found = audit_for_card(card["name"], audit)
        places = [at for at, one in enumerate(card["audits"]) if _same(one, found)]
        at = places[0] if places else len(card["audits"])
        card["audits"][at : at + 1] = [found]
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
        *(f"audit on {one['config']['dataset']['name']}" for one in card["audits"]),
        *(one["title"] for one in card.get("measured", ())),
    ]


def _are_tables(found: dict[str, Any]) -> bool:
    return found.keys() >= _PARTS and all(one.keys() >= _OF_TABLES for one in found["tables"])


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two audits made the same attacks at the same strength."""
    configs = [{**audit["config"], "machine": None, "versions": None} for audit in (one, other)]
    return (
        configs[0] == configs[1]
        and one["record"][ATTACKS].keys() == other["record"][ATTACKS].keys()
    )
