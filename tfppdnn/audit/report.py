"""What an audit found, as a value: rows, verdicts, a summary, a file, a view in notebooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfppdnn.attacks.threat_model import ThreatModel
from tfppdnn.audit.folder import (
    ATTACKS,
    OWN_PICTURES,
    RECORD,
    AuditRecord,
    audit_folder,
    reconstructions_path,
)
from tfppdnn.audit.page import bound_of, render_audit
from tfppdnn.audit.pictures import draw_pictures
from tfppdnn.audit.verdict import Verdict, verdicts
from tfppdnn.errors import UserError
from tfppdnn.files import read_json, user_path, write_bytes, write_json, write_text
from tfppdnn.leakage.attributes import ATTRIBUTES
from tfppdnn.leakage.crowd import CodeBound
from tfppdnn.leakage.figure import Figures, from_record
from tfppdnn.leakage.members import MEMBERSHIP
from tfppdnn.reports.notebook import in_notebook
from tfppdnn.run_folder import RunFolder
from tfppdnn.run_record import Config, check_record

_SHOWN = {
    "ssim": "SSIM",
    "affine_ssim": "likeness",
    "orientation_agreement": "outlines",
    "reidentification": "matched",
    "cosine_reidentification": "matched at any contrast",
    "recognition": "recognised",
    "colour": "colour",
    "brightness": "bright or dark",
    "label": "class",
    "membership": "in its training",
}


@dataclass(frozen=True)
class AttackRow:
    """What became of one attack.

    Attributes:
        name: The attack's.
        threat_model: What the attacker had.
        status: `worked`, `failed`, `counted` (a key search) or `does not apply`.
        finding: What happened, in words.
        figures: Of its reconstructions or guesses, by measure; empty if there are none.
        attempts: Settings and quality of each.
        seconds: It took; None if it is not known.
    """

    name: str
    threat_model: ThreatModel
    status: str
    finding: str
    figures: Figures = field(repr=False)
    attempts: tuple[Mapping[str, Any], ...] = field(repr=False)
    seconds: float | None

    @classmethod
    def of(cls, name: str, row: Mapping[str, Any]) -> AttackRow:
        """Reads a row of an `audit.json`."""
        return cls(
            name=name,
            threat_model=ThreatModel(row["threat_model"]),
            status=row["status"],
            finding=row["finding"],
            figures=from_record(row.get("leakage"))
            | from_record(row.get("guessed"), ATTRIBUTES)
            | from_record(row.get("membership"), MEMBERSHIP),
            attempts=tuple(row.get("attempts", ())),
            seconds=row.get("seconds"),
        )


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What an audit found.

    Attributes:
        config: What was audited, on what, with which settings and versions, as in `config.json`.
        record: Every figure, as in `audit.json`.
        pictures: The first reconstructions of each attack, and the `plain` and `protected` ones,
            uint8 [N, H, W, 3], by name. They show plain pictures.
        run: The audit's folder, if there is one.
    """

    config: Mapping[str, Any] = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)
    run: RunFolder | None = field(default=None, repr=False)

    @classmethod
    def of_run(cls, run: RunFolder) -> AuditReport:
        """Reads an audit's folder.

        Raises:
            UserError: It holds no audit, or a file in it is damaged.
        """
        record = run.metrics()
        names = (*OWN_PICTURES, *record.get(ATTACKS, {}))
        pictures = {}
        for name in names:
            path = reconstructions_path(run, name)
            if path.is_file():  # Published records have none.
                pictures[name] = _images_in(path)
        return cls(config=run.config(), record=record, pictures=pictures, run=run)

    @cached_property
    def rows(self) -> tuple[AttackRow, ...]:
        """A row for each attack."""
        return tuple(AttackRow.of(name, row) for name, row in self._attacks.items())

    @property
    def protected(self) -> Figures:
        """What the protected images show by themselves, by measure."""
        return from_record(self.record["protected"]["leakage"])

    @property
    def bound(self) -> CodeBound | None:
        """What holds for attackers that were not tried, too; None if there is nothing."""
        return bound_of(self.record)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each kind of attacker gets, from weak to strong."""
        return tuple(verdicts(self.record))

    @property
    def _attacks(self) -> Mapping[str, Any]:
        # An audit that was stopped early has made none yet.
        return self.record.get(ATTACKS, {})

    def __getitem__(self, attack: str) -> AttackRow:
        """The row of an attack by its name.

        Raises:
            KeyError: It was not made; those that were are listed.
        """
        rows = {row.name: row for row in self.rows}
        if attack not in rows:
            raise KeyError(f"{attack}: no such row; there are {', '.join(rows) or 'none'}")
        return rows[attack]

    def __repr__(self) -> str:
        protector = self.record.get("protected", {}).get("name")
        return f"AuditReport(protector={protector!r}, rows={[row.name for row in self.rows]})"

    def summary(self) -> str:
        """The report in a few lines: verdicts, what bounds all, a line for each attack."""
        lines = [f"{verdict.threat_model.value}: {verdict.sentence}" for verdict in self.verdicts]
        if self.bound:
            lines.append(f"anybody: {self.bound.sentence}")
        for row in self.rows:
            figures = ", ".join(
                f"{name} {row.figures[key].beside_blind}"
                for key, name in _SHOWN.items()
                if key in row.figures
            )
            lines.append(f"  {row.name}: {row.status}" + (f" ({figures})" if figures else ""))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def in_short(self) -> dict[str, Any]:
        """The verdicts, and of each attack its status and the means that say most."""
        attacks = {}
        for row in self.rows:
            means = {key: round(row.figures[key].value, 4) for key in _SHOWN if key in row.figures}
            attacks[row.name] = {"status": row.status, **means}
        verdicts = {verdict.threat_model.value: verdict.sentence for verdict in self.verdicts}
        return {"verdicts": verdicts, "attacks": attacks}

    def to_dict(self) -> dict[str, Any]:
        """The whole report but for its pictures, ready for JSON."""
        return {"config": dict(self.config), "audit": dict(self.record)}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the report as one JSON file, whole or not at all. It holds no pictures.

        Raises:
            UserError: The file cannot be written.
        """
        path = user_path(path)
        write_json(path, self.to_dict())
        return path

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AuditReport:
        """Reads what `save` wrote, or the folder of an audit of any version.

        Args:
            path: The file, an audit's folder, or the `audit.json` in one.

        Raises:
            UserError: It is none.
        """
        path = user_path(path)
        if path.name == RECORD and (path.parent / "config.json").is_file():
            path = path.parent
        if path.is_dir():
            if not (path / RECORD).is_file():
                raise UserError(f"{path} holds no {RECORD}; name the folder of an audit")
            return cls.of_run(audit_folder(path))
        if not path.is_file():
            raise UserError(f"{path} does not exist; name a saved report or the folder of an audit")
        not_saved = f"{path} is no saved report; name what AuditReport.save has written"
        try:
            saved = read_json(path)
        except UserError:
            # Which advises to delete it, and it may be a picture.
            raise UserError(not_saved) from None
        if not {"config", "audit"} <= saved.keys():
            raise UserError(not_saved)
        for part, kind in (("config", Config), ("audit", AuditRecord)):
            check_record(saved[part], kind, path, mend="save the report again")
        return cls(config=saved["config"], record=saved["audit"])

    def to_html(self) -> str:
        """The report's page, with its pictures. They show plain pictures."""
        return render_audit(self.config, self.record, draw_pictures(self.record, self.pictures))

    def _repr_html_(self) -> str:
        return in_notebook(self.to_html())


def _images_in(path: Path) -> np.ndarray:
    try:
        with np.load(path) as file:
            images = file["images"]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
            raise ValueError("they are no images")
    except Exception as error:  # Whatever a damaged archive makes numpy raise.
        raise UserError(
            f"{path} is damaged or cannot be read: put it back as it was, or delete it, and the "
            "report does without these pictures"
        ) from error
    return images


def write_audit_report(run: RunFolder) -> Path:
    """Writes `report.html` and `figures/*.png` of an audit; may be called again at any time.

    Args:
        run: The audit's folder, with its `config.json`, `audit.json` and reconstructions.

    Returns:
        The path of `report.html`, which embeds the pictures. They show plain images.

    Raises:
        UserError: The folder holds no audit, or cannot be written to.
    """
    report = AuditReport.of_run(run)
    figures = draw_pictures(report.record, report.pictures)
    for name, file in figures.items():
        write_bytes(run.figures / f"{name}.png", file)
    page = run.path / "report.html"
    write_text(page, render_audit(report.config, report.record, figures))
    return page
