"""`python -m tfppdnn audit`: what a protector leaks, and to whom."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from fire.decorators import SetParseFns

from tfppdnn.cli.options import (
    checked_seed,
    say_on_digits,
    words,
)
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError, options_called
from tfppdnn.files import written_whole
from tfppdnn.loading import CheckedProtector, find_source
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings
from tfppdnn.settings.audit import (
    AuditSettings,
    audit_settings_help,
    make_audit_settings,
)

if TYPE_CHECKING:
    from tfppdnn.audit.examiner import Examiner
    from tfppdnn.audit.material import Material
    from tfppdnn.datasets.dataset import ImageDataset
    from tfppdnn.leakage.recogniser import Images, Recogniser

__all__ = ["audit", "settings_help"]

settings_help = audit_settings_help

_PRINTED = (
    "ssim",
    "affine_ssim",
    "orientation_agreement",
    "reidentification",
    "cosine_reidentification",
    "recognition",
)


@SetParseFns(
    protector=str, dataset=str, data_dir=str, preset=str, out=str, attacks=str, recogniser=str
)
def audit(
    *,
    protector: str | None = None,
    dataset: str | None = None,
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    attacks: str | Sequence[str] | None = None,
    recogniser: str | None = None,
    seed: int = 0,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Attacks a protector, and reports what leaks and to whom.

    Attackers of three kinds try to get the pictures back: those who see protected pictures
    only, those who can have pictures of their own protected, and those who own the protector,
    as everybody does who unpacks the client app. Each reconstruction is measured on pictures that
    no attacker learnt from, beside what somebody scores who has seen nothing. An attack that
    fails is tried again, and never counted as secrecy.

    The same command goes on with an audit that was stopped, and does nothing when it is done.

    Examples:
        The default run, a rival scheme, and somebody's own idea:

            python -m tfppdnn audit --protector=runs/digits-quick
            python -m tfppdnn audit --protector=tanaka
            python -m tfppdnn audit --protector=my_idea.py:protect

        Tanaka's scheme under another key, a blur of 2 pixels, a function of a package:

            python -m tfppdnn audit --protector=tanaka:1234
            python -m tfppdnn audit --protector=blur:2
            python -m tfppdnn audit --protector=package.module:name

        On photographs, and only two of the attacks:

            python -m tfppdnn audit --protector=runs/cifar10-cpu --preset=cpu \
                --dataset=tiny_imagenet100 --data_dir=DIR --attacks=gan,itn

    Args:
        protector: A shipped protector (cifar10); a run folder made by `train`, a
            protector.tflite, a .keras file or a SavedModel folder; a cipher (tanaka,
            pixel_same, pixel_different, ele or etc); a baseline (plain, blur or pixelate); or
            a Python function from uint8 [N, H, W, 3] to the same. The examples show how keys,
            strengths and functions are named.
        dataset: As for `train`; the run's own, or digits, if not given. Attackers learn from
            its training images and are measured on its test images.
        data_dir: A tensorflow-datasets directory.
        preset: How strong the attackers are: quick, cpu or paper.
        out: The audit's folder; runs/audit-PROTECTOR-DATASET-PRESET if not given.
        attacks: Which attacks, separated by commas; all if not given: brute_force,
            feature_reconstruction_basic, feature_reconstruction_advanced, class_mean, uwa, gan,
            chosen_plaintext_pixel_based, chosen_plaintext_tanaka, nearest, nearest_mean, itn,
            itn_global, gradient_inversion.
        recogniser: The SavedModel of a classifier of plain images of this data set, to be
            asked what reconstructions show, by attackers too; one is trained first if not
            given.
        seed: Seed of the attackers' networks.
        settings: Any setting of the preset by its own name, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, the protector breaks the rules, the data set is too
            small, or the folder holds another audit, or figures of another recogniser.
    """
    if protector is None:
        raise UserError(
            "--protector is missing; pass --protector=RUN, a folder made by train, or the name of "
            "another scheme: see --help"
        )
    chosen = make_audit_settings(preset, settings)
    seed = checked_seed(seed)
    source = find_source(protector)
    config = RunFolder(protector).config() if source.is_run else {}
    own = config.get("dataset", {}).get("name")
    unsaid = not (dataset or own)
    dataset = as_recorded(dataset or own or "digits")
    if dataset == own:
        data_dir = data_dir or config.get("data_dir")
    names = None if attacks is None else words(attacks)
    if names == []:
        raise UserError("--attacks: names no attack; leave it out for all, or see --help")

    import_tensorflow()

    from tfppdnn.audit.auditor import audit as make_attacks
    from tfppdnn.audit.examiner import Examiner
    from tfppdnn.audit.material import Material
    from tfppdnn.audit.plan import AuditPlan
    from tfppdnn.audit.subject import Subject
    from tfppdnn.leakage.recogniser import SavedModelRecogniser
    from tfppdnn.reports.audit_report import write_audit_report

    # Of a folder's images, the same are held out as when h_p was trained.
    images = images_to_attack(dataset, chosen, data_dir=data_dir, seed=config.get("seed", seed))
    material = Material.of(
        images,
        attacker_images=chosen.attacker_images,
        held_out_images=chosen.held_out_images,
    )
    folder = Path("runs") / f"audit-{source.title}-{Path(dataset).resolve().name}-{preset}"
    run = RunFolder(out or folder, record="audit.json")
    subject = Subject(
        name=source.title,
        protector=CheckedProtector(source.load(), name=protector),
        differentiable=source.differentiable(),
    )
    given = None if recogniser is None else SavedModelRecogniser(recogniser)

    @functools.cache
    def asked() -> Recogniser:
        return given or _own_recogniser(run, images, chosen, seed)

    plan = AuditPlan(subject, material, chosen, recogniser=asked, seed=seed)
    planned = plan.attacks(names)
    # Before anything is written or learnt: a protector that breaks the rules is found here.
    targets = plan.targets
    run.claim(
        verb="audit",
        protector=source.identity(),
        preset=preset,
        settings=dataclasses.asdict(chosen),
        dataset=images.summary(),
        seed=seed,
        data_dir=data_dir,
    )
    _refuse_other_recogniser(run, recogniser)
    if unsaid:
        say_on_digits("audit")
    shown = {"name": source.title, "given": protector, "recogniser": recogniser}
    examiner = Examiner(material, asked(), seed=seed)
    _measure_protected(run, targets, material, examiner, shown)
    make_attacks(run, planned, examiner)
    write_audit_report(run)
    return {"run": str(run.path), **_summary(run.metrics())}, 0


def images_to_attack(
    dataset: str, preset: AuditSettings, *, data_dir: str | None, seed: int, option: str = "dataset"
) -> ImageDataset:
    """Loads the data set that attackers learn from and are measured on, at their size.

    Args:
        dataset: As for `train`.
        preset: Of the attackers.
        data_dir: A tensorflow-datasets directory.
        seed: Of the draw of a folder's test images.
        option: What the caller calls the data set.

    Raises:
        UserError: There is no such data set, it cannot be had at that size, or it is too small.
    """
    from tfppdnn.audit.material import check_enough
    from tfppdnn.datasets.load import load_dataset

    size = preset.attacker_image_size
    with options_called(image_size="attacker_image_size", dataset=option):
        images = load_dataset(dataset, data_dir=data_dir, image_size=size, seed=seed)
        check_enough(
            images,
            attacker_images=preset.attacker_images,
            held_out_images=preset.held_out_images,
        )
    return images


def _refuse_other_recogniser(run: RunFolder, path: str | None) -> None:
    """Keeps the figures of one folder comparable: all are one classifier's answers."""
    protected = run.metrics().get("protected", {})
    # Records of earlier versions do not say which it was.
    if "recogniser" not in protected or _same_place(protected["recogniser"], path):
        return
    before, now = (
        "the classifier that this audit trained itself" if place is None else place
        for place in (protected["recogniser"], path)
    )
    same = f"--recogniser={before}" if protected["recogniser"] else "no --recogniser"
    raise UserError(
        f"--out={run.path}: its figures were made with another recogniser ({before} there, {now} "
        f"now); give another folder, or {same}"
    )


def _same_place(one: str | None, other: str | None) -> bool:
    """Whether two paths may be one, which a folder that moved or another folder shortens."""
    if one is None or other is None:
        return one is other
    longer, shorter = sorted((Path(one).parts, Path(other).parts), key=len, reverse=True)
    return longer[-len(shorter) :] == shorter or Path(one).resolve() == Path(other).resolve()


def _own_recogniser(
    run: RunFolder, images: ImageDataset, preset: AuditSettings, seed: int
) -> Recogniser:
    """Trains the classifier of plain images that is asked."""
    from tfppdnn.baselines import Plain
    from tfppdnn.classification.training import train_classifier
    from tfppdnn.leakage.recogniser import SavedModelRecogniser

    settings = make_settings(
        "cpu",
        {
            "classifier_epochs": preset.recogniser_epochs,
            "classifier_width": preset.recogniser_width,
        },
    )
    train_classifier(run, images, Plain(), preset=settings, seed=seed, kind="plain")
    return SavedModelRecogniser(run.path / "classifier_plain")


def _measure_protected(
    run: RunFolder,
    targets: Images,
    material: Material,
    examiner: Examiner,
    protector: dict[str, str | None],
) -> None:
    """Records what the protected images show by themselves, and keeps some for pictures."""
    from tfppdnn.audit.auditor import SHOWN_IMAGES, measured, reconstructions_path

    if "protected" in run.metrics():
        return
    for kind, images in (("plain", material.held_out), ("protected", targets)):
        with written_whole(reconstructions_path(run, kind)) as temporary:
            np.savez_compressed(temporary, images=images[:SHOWN_IMAGES])
    figures = measured(examiner.examine(targets))
    run.record("protected", {**protector, "images": len(targets), "leakage": figures})


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    """The few figures that `audit` prints."""
    from tfppdnn.audit.verdict import verdicts

    rows = record["attacks"]
    return {
        "verdicts": {verdict.threat_model.value: verdict.sentence for verdict in verdicts(rows)},
        "attacks": {name: {"status": row["status"]} | _printed(row) for name, row in rows.items()},
    }


def _printed(row: dict[str, Any]) -> dict[str, float]:
    figures = row.get("leakage", {})
    return {key: round(figures[key]["mean"], 4) for key in _PRINTED if key in figures}
