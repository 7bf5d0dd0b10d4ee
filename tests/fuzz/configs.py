"""JSON files of runs, audits and protected folders, damaged so that they are still JSON."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

from faults.tiny import TINY_SETTINGS
from faults.verbs import AUDIT_OPTIONS

from .mutating import damaged_json
from .target import Case, Outcome, call, import_all, outcome_of

_READERS = {
    "run/config.json": ("train", "classify", "audit", "export", "table1", "frontier", "page"),
    "run/metrics.json": ("train", "classify", "deploy", "page", "summary"),
    "run/logs/seconds.json": ("page",),
    "run/checkpoints/classifier_protected/settings.json": ("classify",),
    "audit/config.json": ("audit", "audit page"),
    "audit/audit.json": ("audit", "audit page"),
    "protected/.tfppdnn.json": ("protect",),
    "shipped/photos/card.json": ("presets",),
}


class Configs:
    """JSON files."""

    name = "configs"

    def prepare(self, base: Path, place: Path) -> None:
        """Copies what the files lie in."""
        import tfppdnn
        from tfppdnn.protector import shipped

        import_all()
        self._base, self._place = base, place
        os.chdir(place)
        self._restore()
        shutil.copytree(Path(tfppdnn.__file__).parent / "shipped", place / "shipped")
        shipped.SHIPPED = place / "shipped"
        call(["protect", "photos", "protected", "--protector=run", "--size=32"])
        self._contents = {
            name: (place / name).read_bytes() for name in _READERS if (place / name).is_file()
        }
        missing = _READERS.keys() - self._contents.keys()
        assert not missing, missing

    def case(self, chance: random.Random) -> Case:
        """A damaged file, and who reads it."""
        name = chance.choice(sorted(self._contents))
        content = damaged_json(chance, json.loads(self._contents[name]))
        return Case("is read", {name: content}, chance.choice(_READERS[name]))

    def run(self, case: Case) -> Outcome:
        """Has it read."""
        ((name, content),) = case.files.items()
        (self._place / name).write_bytes(content)
        try:
            return self._read(case.arguments)
        finally:
            for known, before in self._contents.items():
                if (self._place / known).is_file():
                    (self._place / known).write_bytes(before)

    def close(self) -> None:
        """Nothing to end."""

    def _read(self, reader: str) -> Outcome:
        verbs = {
            "train": ["train", "--out=run", *TINY_SETTINGS],
            "classify": ["classify", "--protector=run"],
            "audit": ["audit", "--protector=run", "--out=audit", *AUDIT_OPTIONS],
            # A finished one; exporting again takes longer than anybody waits here.
            "export": ["export", "run", "--deploy=deployed"],
            "deploy": ["classify", "--protector=run", "--deploy=deployed"],
            "table1": ["table1", "--protector=run", "--out=table", "--attackers_dataset=./no"],
            "frontier": ["frontier", "--objectives=", "--rivals=", "--protectors=run", "--out=run"],
            "protect": ["protect", "photos", "protected", "--protector=run", "--size=32"],
        }
        if reader not in verbs:
            return _as_a_library(reader)
        code, said = call(verbs[reader])
        if said.interrupted:
            self._restore()
        return outcome_of(code, said)

    def _restore(self) -> None:
        for name in ("run", "audit", "photos"):
            shutil.rmtree(self._place / name, ignore_errors=True)
            shutil.copytree(self._base / name, self._place / name)


def _as_a_library(reader: str) -> Outcome:
    from tfppdnn.audit.report import AuditReport
    from tfppdnn.errors import UserError
    from tfppdnn.protector.shipped import presets
    from tfppdnn.reports.report import write_report
    from tfppdnn.reports.summary import run_in_words
    from tfppdnn.run_folder import RunFolder

    readers = {
        "page": lambda: write_report(RunFolder("run")),
        "summary": lambda: run_in_words(RunFolder("run")),
        "presets": lambda: str(presets()),
        "audit page": lambda: (
            AuditReport.load("audit").to_html(),
            AuditReport.load("audit").summary(),
        ),
    }
    try:
        readers[reader]()
    except UserError as error:
        wrong = f"is refused at length: {error}"[:500] if "\n" in str(error) else None
        return Outcome("refused", wrong)
    return Outcome("read")
