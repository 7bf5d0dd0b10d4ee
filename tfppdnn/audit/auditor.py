"""Runs attacks against a protector, and says of each what it got."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tfppdnn.attacks.attack import Attack
from tfppdnn.attacks.data import DescribedImages, Suspects
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.result import (
    AttackResult,
    Guesses,
    KeySearch,
    Reconstruction,
    Suspicions,
)
from tfppdnn.audit.evidence import NO_KEY, Evidence
from tfppdnn.audit.examiner import Examiner
from tfppdnn.audit.folder import ATTACKS, SHOWN_IMAGES, reconstructions_path
from tfppdnn.audit.plan import PlannedAttack
from tfppdnn.errors import DivergedError, UserError
from tfppdnn.files import written_whole
from tfppdnn.leakage.attributes import ATTRIBUTES, guessed_better, in_words
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import how_much, telling, to_record
from tfppdnn.leakage.judgement import COUNTED, FAILED, NOT_APPLICABLE, WORKED, Judgement, judge
from tfppdnn.leakage.members import in_words as said_of_members
from tfppdnn.leakage.members import tells_members
from tfppdnn.leakage.pairs import Images
from tfppdnn.run_folder import RunFolder


def make_attacks(
    run: RunFolder, plan: Sequence[PlannedAttack], evidence: Evidence, examiner: Examiner
) -> None:
    """Makes every attack of the plan that `audit.json` does not hold yet.

    Args:
        run: Where rows, reconstructions and checkpoints go; an audit that was interrupted
            goes on with the attack it was in, and a learned attack at its last checkpoint.
        plan: The attacks.
        evidence: What attackers have.
        examiner: Of the reconstructions.

    Raises:
        UserError: An attack of somebody's own fails, breaks the rules, or is another than that
            whose row or checkpoint is there.
    """
    for planned in plan:
        row = run.metrics().get(ATTACKS, {}).get(planned.name)
        if row is not None:
            if row.get("source") != planned.source:
                raise UserError(
                    f"--out={run.path}: its row of {planned.name} was made by another attack "
                    f"({row.get('source')} there, {planned.source} now); give another folder, or "
                    "the attack another name"
                )
            _delete_checkpoints(run, planned)  # Of whoever was killed before that.
            continue
        row, images = _attack(run, planned, evidence, examiner)
        if planned.source is not None:
            row["source"] = planned.source
        if planned.given is not None:
            row["given"] = planned.given
        if images is not None:
            with written_whole(reconstructions_path(run, planned.name)) as temporary:
                np.savez_compressed(temporary, images=images[:SHOWN_IMAGES])
        run.record(ATTACKS, {planned.name: row})
        _delete_checkpoints(run, planned)


def _delete_checkpoints(run: RunFolder, planned: PlannedAttack) -> None:
    for attempt in range(len(planned.attempts)):
        shutil.rmtree(_checkpoints(run, planned, attempt), ignore_errors=True)


def measured(examined: Examination) -> dict[str, Any]:
    """All metrics of images, ready for JSON."""
    return to_record(examined.figures)


def _attack(
    run: RunFolder, planned: PlannedAttack, evidence: Evidence, examiner: Examiner
) -> tuple[dict[str, Any], Images | None]:
    """Attacks until an attempt works; the best attempt's row, and its images if there are any."""
    started = time.monotonic()
    needs = planned.attempts[0].needs
    data, tried, best = evidence.gather(needs, targets=planned.targets), [], None
    if data is None:
        return _row_without_images(planned.attempts[0], NO_KEY), None
    for number, attack in enumerate(planned.attempts):
        if isinstance(attack, LearnedAttack):
            # As texts: a tuple comes back from JSON as a list.
            settings = {name: repr(value) for name, value in _settings(attack).items()}
            stage = _checkpoints(run, planned, number).name
            run.claim_stage(stage, {**settings, "attack": planned.source})
        try:
            result = _run(attack, data, _checkpoints(run, planned, number))
        except DivergedError as error:
            # Of one seed, maybe, and no reason to lose the attacks that come after it.
            tqdm.write(f"audit: {planned.name}, attempt {number + 1}: {error}", file=sys.stderr)
            tried.append({"settings": _settings(attack), "status": "diverged"})
            continue
        if isinstance(result, Guesses):
            plain = evidence.unprotected(data)
            from_plain = _run(attack, plain, _checkpoints(run, planned, number) / "plain")
            return _row_of_guesses(attack, result, from_plain, examiner, started), None
        if isinstance(result, Suspicions) and result.scores is not None:
            return _row_of_suspicions(attack, result, examiner, started), None
        if not isinstance(result, Reconstruction) or result.images is None:
            return _row_without_images(attack, result.finding, result), None
        examined = examiner.examine(result.images, targets=planned.targets)
        quality = judge(examined)
        tried.append({"settings": _settings(attack), **quality.to_dict()})
        # The strongest counts, whether it was the first or the last.
        if best is None or _is_stronger((quality, examined), best[1:]):
            best = (result, quality, examined)
        # A negative is a success, but one that SSIM does not see: worth another try.
        if not quality.failed and quality.ssim > quality.ssim_floor:
            break
    if best is None:
        return _row_of_diverged(planned.attempts[0], tried, started), None
    result, quality, examined = best
    row = {
        "threat_model": result.threat_model.value,
        "status": quality.outcome,
        "finding": f"{result.finding} {quality.sentence}",
        "targets": len(result.images),
        "sharp_but_other": quality.sharp_but_other,
        "attempts": tried,
        "leakage": measured(examined),
        "seconds": round(time.monotonic() - started),
    }
    return row, result.images


def _run(attack: Attack, data: Any, checkpoints: Path) -> AttackResult:
    """Runs an attack, and names it where it fails or returns something else than it should."""
    try:
        if isinstance(attack, LearnedAttack):
            result = attack.run(data, checkpoints=checkpoints)
        else:
            result = attack.run(data)
    except (UserError, MemoryError):
        raise  # They say what to do.
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"the attack {attack.name} fails ({reason}); mend it") from error
    if not isinstance(result, AttackResult):
        raise UserError(
            f"the attack {attack.name} returns a {type(result).__name__}; return "
            "self.reconstruction(images, finding)"
        )
    if isinstance(result, Guesses) and not isinstance(data, DescribedImages):
        raise UserError(
            f"the attack {attack.name} guesses attributes and needs {type(data).__name__}; let it "
            "need DescribedImages"
        )
    if isinstance(result, Guesses):
        _check_guesses(attack, result, len(data.targets))
    if isinstance(result, Suspicions) and not isinstance(data, Suspects):
        raise UserError(
            f"the attack {attack.name} tells members and needs {type(data).__name__}; let it need "
            "Suspects"
        )
    images = getattr(result, "images", None)
    if images is not None and (
        not isinstance(images, np.ndarray)
        or images.dtype != np.uint8
        or images.shape != data.targets.shape
    ):
        found = getattr(images, "dtype", type(images).__name__), getattr(images, "shape", "")
        raise UserError(
            f"the attack {attack.name} gives images of {found[0]} {found[1]}; give uint8 "
            f"{data.targets.shape}, one for each target"
        )
    return result


def _check_guesses(attack: Attack, result: Guesses, count: int) -> None:
    for name, guessed in result.guesses.items():
        if name not in ATTRIBUTES:
            raise UserError(
                f"the attack {attack.name} guesses {name!r}; there are {', '.join(ATTRIBUTES)}"
            )
        if np.shape(guessed) != (count,):
            raise UserError(
                f"the attack {attack.name} guesses {name} with shape {list(np.shape(guessed))}; "
                f"give one value for each of {count} targets"
            )


def _settings(attack: Attack) -> dict[str, Any]:
    return dataclasses.asdict(attack) if dataclasses.is_dataclass(attack) else {}


_Tried = tuple[Judgement, Examination]


def _is_stronger(one: _Tried, other: _Tried) -> bool:
    """Whether an attempt got more; of two that worked, by what decides a verdict."""
    if one[0].failed != other[0].failed:
        return other[0].failed
    if one[0].failed:
        first, second = (tried.affine_ssim + tried.ssim for tried, _ in (one, other))
    else:
        first, second = (how_much(telling(examined.figures)) for _, examined in (one, other))
    return first > second


def _row_without_images(
    attack: Attack, finding: str, result: AttackResult | None = None
) -> dict[str, Any]:
    row = {
        "threat_model": attack.threat_model.value,
        "status": NOT_APPLICABLE,
        "finding": finding,
        "settings": _settings(attack),
    }
    if isinstance(result, KeySearch) and result.log10_years is not None:
        row["status"] = COUNTED
        row |= {"log10_tries": result.log10_tries, "log10_years": result.log10_years}
    return row


def _row_of_diverged(attack: Attack, tried: list[dict[str, Any]], started: float) -> dict[str, Any]:
    return {
        "threat_model": attack.threat_model.value,
        "status": FAILED,
        "finding": "Its training diverged at every attempt, so there are no pictures to measure.",
        "attempts": tried,
        "seconds": round(time.monotonic() - started),
    }


def _row_of_guesses(
    attack: Attack,
    result: Guesses,
    from_plain: Guesses,
    examiner: Examiner,
    started: float,
) -> dict[str, Any]:
    figures = examiner.figures_of_guesses(result, from_plain)
    told = _told(result, works=guessed_better(figures), how_well=in_words(figures))
    return {
        **told,
        "settings": _settings(attack),
        "guessed": to_record(figures),
        "seconds": round(time.monotonic() - started),
    }


def _row_of_suspicions(
    attack: Attack, result: Suspicions, examiner: Examiner, started: float
) -> dict[str, Any]:
    figures = examiner.figures_of_suspicions(result)
    told = _told(result, works=tells_members(figures), how_well=said_of_members(figures))
    return {
        **told,
        "settings": _settings(attack),
        "membership": to_record(figures),
        "seconds": round(time.monotonic() - started),
    }


def _told(result: AttackResult, *, works: bool, how_well: str) -> dict[str, str]:
    """What a row says first of an attack that makes no pictures."""
    said = "The attack works" if works else "The attack failed, which is no secrecy"
    return {
        "threat_model": result.threat_model.value,
        "status": WORKED if works else FAILED,
        "finding": f"{result.finding} {said}: {how_well}.",
    }


def _checkpoints(run: RunFolder, planned: PlannedAttack, attempt: int) -> Path:
    return run.checkpoints(f"{planned.name}-{attempt + 1}")
