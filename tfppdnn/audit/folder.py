"""An audit's folder: what it holds, and where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from tfppdnn.attacks.threat_model import ThreatModel
from tfppdnn.run_folder import RunFolder
from tfppdnn.run_record import Classified, Count, Finite, Leakage, Part

RECORD = "audit.json"
"""Every figure of an audit."""

ATTACKS = "attacks"
"""Where `audit.json` keeps a row for each attack, by its name."""

OWN_PICTURES = ("plain", "protected")
"""What pictures of an audit's own are called beside its attacks'."""

SHOWN_IMAGES = 16
"""How many reconstructions are kept for pictures."""


class _Bound(Part):
    bits: Annotated[float, Field(ge=0, le=2**20)]
    crowd: Annotated[int, Field(ge=1, le=2**53)]
    epsilon: Annotated[float, Field(ge=0, le=2**20)] | None = None


class _Protected(Part):
    name: str
    leakage: Leakage
    images: Count
    given: str | None = None
    recogniser: str | None = None
    trust: bool = False
    repeats: bool = True
    code: _Bound | None = None


class _Row(Part):
    threat_model: str
    status: str
    finding: str
    leakage: Leakage | None = None
    guessed: Leakage | None = None
    membership: Leakage | None = None
    attempts: list[dict[str, Any]] = Field(default_factory=list)
    seconds: Finite | None = None
    source: str | None = None
    given: str | None = None

    @model_validator(mode="after")
    def _can_be_judged(self) -> _Row:
        # They take half a second to import, for which `table1 --help` need not wait.
        from tfppdnn.leakage.attributes import ATTRIBUTES
        from tfppdnn.leakage.judgement import WORKED
        from tfppdnn.leakage.matching import WAYS_TO_MATCH
        from tfppdnn.leakage.measures import MEASURES
        from tfppdnn.leakage.members import MEMBERSHIP

        if self.threat_model not in {model.value for model in ThreatModel}:
            raise ValueError(f"there is no threat model {self.threat_model}")
        for name, found, measures in (
            ("leakage", self.leakage, MEASURES),
            ("guessed", self.guessed, ATTRIBUTES),
            ("membership", self.membership, MEMBERSHIP),
        ):
            if name in self.model_fields_set and not measures.keys() & (found or {}).keys():
                raise ValueError(f"{name} holds no figure")
        if self.status == WORKED and self.leakage is not None:
            if not any(MEASURES[key].judged for key in MEASURES.keys() & self.leakage.keys()):
                raise ValueError("leakage holds no figure to judge by")
            if not set(WAYS_TO_MATCH) & self.leakage.keys():
                raise ValueError(f"leakage.{WAYS_TO_MATCH[0]} is missing")
        return self


class AuditRecord(Part):
    """`audit.json`."""

    protected: _Protected | None = None
    attacks: dict[str, _Row] = Field(default_factory=dict)
    classify: dict[str, Classified] = Field(default_factory=dict)


def audit_folder(path: str | os.PathLike[str] | None) -> RunFolder:
    """The folder of an audit, which there may not be yet; None for one that nobody keeps."""
    if path is None:
        return RunFolder.temporary(record=RECORD, holds=AuditRecord)
    return RunFolder(path, record=RECORD, holds=AuditRecord)


def reconstructions_path(run: RunFolder, attack: str) -> Path:
    """Where the first reconstructions of an attack are kept, as an .npz of `images`."""
    return run.path / "reconstructions" / f"{attack}.npz"
