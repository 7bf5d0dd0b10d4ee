"""Runs attacks against a protector, and says of each what it got."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfppdnn.attacks.attack import Attack
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.result import AttackResult, KeySearch, Reconstruction
from tfppdnn.audit.examiner import Examiner
from tfppdnn.files import written_whole
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import to_record
from tfppdnn.leakage.judgement import COUNTED, NOT_APPLICABLE, Judgement, judge
from tfppdnn.leakage.pairs import Images
from tfppdnn.run_folder import RunFolder

ATTACKS = "attacks"
"""Where `audit.json` keeps a row for each attack, by its name."""

SHOWN_IMAGES = 16
"""How many reconstructions are kept for pictures."""


@dataclass(frozen=True, kw_only=True)
class PlannedAttack:
    """An attack to be made, in one or more attempts.

    Attributes:
        attempts: The attack, then what to try if its reconstructions are no better than
            knowing nothing: other seeds, stronger settings.
        gather: Collects what the attacker has, once, when the attack begins; gives None if
            there is no such thing.
        missing: Why there may be no such thing.
        targets: How many of the held-out images it is tried on; None for all.
    """

    attempts: Sequence[Attack]
    gather: Callable[[], Any]
    missing: str = ""
    targets: int | None = None

    @property
    def name(self) -> str:
        """The attack's name."""
        return self.attempts[0].name


def audit(
    run: RunFolder,
    plan: Sequence[PlannedAttack],
    examiner: Examiner,
) -> None:
    """Makes every attack of the plan that `audit.json` does not hold yet.

    Args:
        run: Where rows, reconstructions and checkpoints go; an audit that was interrupted
            goes on with the attack it was in, and a learned attack at its last checkpoint.
        plan: The attacks.
        examiner: Of the reconstructions.
    """
    for planned in plan:
        if planned.name in run.metrics().get(ATTACKS, {}):
            continue
        row, images = _attack(run, planned, examiner)
        if images is not None:
            with written_whole(reconstructions_path(run, planned.name)) as temporary:
                np.savez_compressed(temporary, images=images[:SHOWN_IMAGES])
        run.record(ATTACKS, {planned.name: row})
        for attempt in range(len(planned.attempts)):
            shutil.rmtree(_checkpoints(run, planned, attempt), ignore_errors=True)


def measured(examined: Examination) -> dict[str, Any]:
    """All metrics of images, ready for JSON."""
    return to_record(examined.figures)


def reconstructions_path(run: RunFolder, attack: str) -> Path:
    """Where the first reconstructions of an attack are kept, as an .npz of `images`."""
    return run.path / "reconstructions" / f"{attack}.npz"


def _attack(
    run: RunFolder,
    planned: PlannedAttack,
    examiner: Examiner,
) -> tuple[dict[str, Any], Images | None]:
    """Attacks until an attempt works; the best attempt's row, and its images if there are any."""
    started = time.monotonic()
    data, tried, best = planned.gather(), [], None
    if data is None:
        return _row_without_images(planned.attempts[0], planned.missing), None
    for number, attack in enumerate(planned.attempts):
        if isinstance(attack, LearnedAttack):
            result = attack.run(data, checkpoints=_checkpoints(run, planned, number))
        else:
            result = attack.run(data)
        if not isinstance(result, Reconstruction) or result.images is None:
            return _row_without_images(attack, result.finding, result), None
        examined = examiner.examine(result.images, targets=planned.targets)
        quality = judge(examined)
        tried.append({"settings": dataclasses.asdict(attack), **quality.to_dict()})
        # The strongest counts, whether it was the first or the last.
        if best is None or _strength(quality) > _strength(best[1]):
            best = (result, quality, examined)
        # A negative is a success, but one that SSIM does not see: worth another try.
        if not quality.failed and quality.ssim > quality.ssim_floor:
            break
    result, quality, examined = best
    row = {
        "threat_model": result.threat_model.value,
        "status": quality.outcome,
        "finding": f"{result.finding} {quality.sentence}",
        "targets": len(result.images),
        "attempts": tried,
        "leakage": measured(examined),
        "seconds": round(time.monotonic() - started),
    }
    return row, result.images


def _strength(quality: Judgement) -> tuple[bool, float]:
    return not quality.failed, quality.affine_ssim + quality.ssim


def _row_without_images(
    attack: Attack, finding: str, result: AttackResult | None = None
) -> dict[str, Any]:
    row = {
        "threat_model": attack.threat_model.value,
        "status": NOT_APPLICABLE,
        "finding": finding,
        "settings": dataclasses.asdict(attack),
    }
    if isinstance(result, KeySearch) and result.log10_years is not None:
        row["status"] = COUNTED
        row |= {"log10_tries": result.log10_tries, "log10_years": result.log10_years}
    return row


def _checkpoints(run: RunFolder, planned: PlannedAttack, attempt: int) -> Path:
    return run.checkpoints(f"{planned.name}-{attempt + 1}")
