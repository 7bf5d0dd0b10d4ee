"""The points of a frontier: protectors, how each is made, and how it is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfppdnn.baselines import BASELINES, LABEL
from tfppdnn.ciphers import CIPHERS
from tfppdnn.experiments.frontier_sweeps import SWEEPS
from tfppdnn.experiments.parts import Part, Parts
from tfppdnn.protection.first_stages import has_finished_stages
from tfppdnn.protector.protector import Protector
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings
from tfppdnn.settings.audit import AuditSettings

# All that learn and own the protector.
ATTACKS = ("itn", "itn_global")


@dataclass(frozen=True, kw_only=True)
class Point:
    """A protector, how it is made, and how it is measured.

    Attributes:
        name: Told from all others by it; also of its folders.
        kind: objective, cipher, baseline or yours.
        classified: The training of a classifier.
        audited: The attacks.
        trained: The protector's own training, if the frontier makes it.
        settings: Of that training.
        objective: What it was trained for, and so the curve that it lies on; None if that
            is not known.
        value: Of the weight that differs along the curve.
    """

    name: str
    kind: str
    classified: Part
    audited: Part
    trained: Part | None = None
    settings: TrainingSettings | None = None
    objective: str | None = None
    value: float | None = None

    @property
    def parts(self) -> list[Part]:
        """All calls, in their order."""
        return [part for part in (self.trained, self.classified, self.audited) if part]

    @property
    def weight(self) -> str | None:
        """What differs along the curve, in words."""
        return self.objective and SWEEPS[self.objective].weight


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """How all protectors of a frontier are measured.

    Attributes:
        folder: The frontier's.
        dataset: What all are trained and measured on.
        parts: What all parts have in common.
        settings: Of the classifiers.
        audit_settings: Of the attackers.
        options: What differs from the preset's settings.
    """

    folder: Path
    dataset: str
    parts: Parts
    settings: TrainingSettings
    audit_settings: AuditSettings
    options: Mapping[str, Any]

    def point_of(self, protector: str) -> Point:
        """The point of a protector that is there.

        Raises:
            UserError: It is not.
        """
        word = protector.partition(":")[0]
        kind = (
            "cipher" if word in CIPHERS else "baseline" if word in (*BASELINES, LABEL) else "yours"
        )
        found = Protector.named(protector, trust=self.parts.trust)
        _ = found.identity  # Which a run that has not finished does not have.
        return self._point(found.title, kind, protector)

    def point_of_label(self) -> Point:
        """The point of the label alone, by the classifier of plain images that is trained here."""
        trusting = dataclasses.replace(self, parts=dataclasses.replace(self.parts, trust=True))
        return trusting._point(LABEL, "baseline", f"{LABEL}:{self._plain}")

    @property
    def _plain(self) -> Path:
        return self.folder / "classify" / "plain" / "classifier_plain"

    def point_of_run(self, folder: str, place: tuple[str, float] | None) -> Point:
        """The point of a run folder, by its own name.

        Args:
            folder: A finished run.
            place: The curve it lies on, and its value there; None if it lies on none.

        Raises:
            UserError: It has no protector yet.
        """
        point = self.point_of(folder)
        if place is None:
            return point
        objective, value = place
        return dataclasses.replace(point, kind="objective", objective=objective, value=value)

    def point_trained(
        self, objective: str, value: float, settings: TrainingSettings, *, reuse: str | None
    ) -> Point:
        """The point of a protector that is to be trained.

        Args:
            objective: A key of `SWEEPS`.
            value: Along its curve.
            settings: Of its training.
            reuse: The run whose first stages it starts from.
        """
        name = f"{objective}-{value:g}"
        folder = self.folder / "points" / name
        point = dataclasses.replace(
            self._point(name, "objective", str(folder)),
            settings=settings,
            objective=objective,
            value=value,
        )
        return self.starting_from(point, reuse)

    def starting_from(self, point: Point, reuse: str | None) -> Point:
        """The same point, whose training starts from the first stages of a run."""
        known, sweep = point.settings.options(), SWEEPS[point.objective]
        options = {name: value for name, value in self.options.items() if name in known}
        options |= {"objective": point.objective, sweep.setting: known[sweep.setting]}
        folder = self.folder / "points" / point.name
        trained = self.parts.trained(
            self.dataset, point.settings, folder, reuse=reuse, options=options
        )
        return dataclasses.replace(point, trained=trained)

    def _point(self, name: str, kind: str, protector: str) -> Point:
        return Point(
            name=name,
            kind=kind,
            classified=self.parts.classified(
                protector,
                self.dataset,
                self.settings,
                self.folder / "classify" / name,
                options=self.options,
            ),
            audited=self.parts.audited(
                protector,
                self.dataset,
                self.audit_settings,
                self.folder / "audit" / name,
                attacks=ATTACKS,
                recogniser=str(self._plain),
                options=self.options,
            ),
        )


def sharing_first_stages(measuring: Measuring, points: Sequence[Point]) -> list[Point]:
    """Has the first stages made once, by a point that has made them already if there is one.

    A point that was begun keeps those it has, and its command says whose they are.

    Args:
        measuring: What made the points.
        points: All are to be trained, and their first stages are the same.

    Returns:
        The same points in the order in which they are to be trained: none before the one whose
        stages it starts from.
    """
    begun = {point.name: _begun_with(point) for point in points if has_begun(point)}
    folders = {str(point.trained.folder) for point in points}
    finished = [point for point in points if has_finished_stages(RunFolder(point.trained.folder))]
    # Rather one that made them itself: the others' commands then need no point but these.
    finished.sort(key=lambda point: begun[point.name] in folders)
    # One that has finished, and lost its stages, cannot give them any more.
    able = finished or [point for point in points if not _is_trained(point)] or points
    base = next(iter(able), None)
    # All that were not begun start from the base, if that is another.
    sources = {point.name: str(base.trained.folder) for point in points if point is not base}
    sources |= begun
    waiting = [measuring.starting_from(point, sources.get(point.name)) for point in points]
    placed: list[Point] = []
    while waiting:
        missing = {str(point.trained.folder) for point in waiting}
        ready = next((p for p in waiting if p.trained.options["reuse"] not in missing), waiting[0])
        waiting.remove(ready)
        placed.append(ready)
    return placed


def has_begun(point: Point) -> bool:
    """Whether the training of a point needs no stages of another run any more."""
    return (point.trained.folder / "checkpoints").exists() or _is_trained(point)


def _is_trained(point: Point) -> bool:
    return "train" in RunFolder(point.trained.folder).metrics()


def _begun_with(point: Point) -> str | None:
    """The folder whose first stages a begun point started from, as far as it says; None if none."""
    folder = point.trained.folder
    reused = RunFolder(folder).metrics().get("reused", {}).get("run")
    if reused is None:
        return None
    beside = folder.with_name(reused)
    # A run elsewhere may have the name of this very point.
    return str(beside) if beside.exists() and beside != folder else reused
