"""`tfppdnn.audit`: attacks a protector, and reports what leaks and to whom."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfppdnn.attacks.attack import Attack
from tfppdnn.audit.evidence import Evidence
from tfppdnn.audit.examiner import Examiner
from tfppdnn.audit.folder import ATTACKS, SHOWN_IMAGES, audit_folder, reconstructions_path
from tfppdnn.audit.material import Material, check_enough
from tfppdnn.audit.report import AuditReport, write_audit_report
from tfppdnn.baselines import Label
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import AnyDataset, load_dataset, name_of
from tfppdnn.datasets.notices import say_if_divided_otherwise
from tfppdnn.errors import UserError, options_called
from tfppdnn.files import written_whole
from tfppdnn.leakage.crowd import CodeBound
from tfppdnn.leakage.pairs import Images
from tfppdnn.leakage.recogniser import Recogniser, SavedModelRecogniser
from tfppdnn.ownership import owned
from tfppdnn.protector.protector import Protector
from tfppdnn.protector.saved_model import SavedModelScheme
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings
from tfppdnn.settings.audit import AuditSettings, make_audit_settings
from tfppdnn.settings.group import chosen
from tfppdnn.settings.values import checked_seed


def audit(
    protector: Any,
    dataset: AnyDataset | None = None,
    attacks: str | Attack | type[Attack] | Sequence[str | Attack | type[Attack]] | None = None,
    *,
    preset: str | None = None,
    settings: AuditSettings | Mapping[str, Any] | None = None,
    recogniser: str | os.PathLike[str] | Callable[[Images], Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    skip_bad: bool = False,
) -> AuditReport:
    """Attacks a protector, and reports what leaks and to whom.

    Each reconstruction is measured on pictures that no attacker learnt from, beside what somebody
    scores who has seen nothing. An attack that fails is tried again, and never counts as secrecy.

    Args:
        protector: A protector or its name, see `tfppdnn.load_protector`; or a function from
            uint8 [N, H, W, 3] to the same.
        dataset: Attackers learn from its training images and are measured on its test images;
            see `tfppdnn.datasets.load_dataset`. None for what a run's protector was trained
            on, or the digits.
        attacks: Names of our attacks, `tfppdnn.attacks.Attack`s (of your own, or ours with other
            settings), or names of yours (`file.py:MyAttack`); one alone needs no list, and names
            may be one text, separated by commas. None for all of ours but four, which take long
            or need much: `ridge_4_views`, `ridge_16_views`, `conditional_generator` and
            `deep_image_prior`.
        preset: How strong our attackers are: `quick`, `cpu` or `paper`. None for `quick`.
        settings: Options that differ from the preset's, as in `{"itn_epochs": 50}`; or whole
            settings, without a preset.
        recogniser: A classifier of plain images of this data set, asked what reconstructions
            show: the folder of a SavedModel, or a function from uint8 [N, H, W, 3] to N class
            indices. None to train one.
        out: The audit's folder. The same call goes on with an audit that was stopped. Without
            one, what is made goes with the report.
        seed: Seed of the attackers' networks.
        data_dir: A tensorflow-datasets directory.
        skip_bad: Whether a folder's images that cannot be read are named on stderr and left out;
            they are, if they were for the protector's own run.

    Returns:
        The report.

    Raises:
        UserError: An option is wrong, the protector or an attack breaks the rules, the data set
            is too small, or the folder holds another audit, or figures of another recogniser.
    """
    settings, preset = chosen(settings, preset, kind=AuditSettings, make=make_audit_settings)
    seed = checked_seed(seed)
    protector = Protector.of(protector)
    config = RunFolder(protector.run).config() if protector.run else {}
    own = config.get("dataset", {}).get("name")
    if dataset is None:
        dataset = own or "digits"
    if own is not None and name_of(dataset) == own:
        data_dir = data_dir or config.get("data_dir")
    skip_bad = skip_bad or config.get("skip_bad", False)

    import_tensorflow()

    from tfppdnn.audit.auditor import make_attacks, measured
    from tfppdnn.audit.plan import plan_attacks

    # Everything up to here is quick, so that a wrong option is refused at once.
    plan = plan_attacks(
        attacks, settings, gan_generator=protector.says("gan_generator", "unet"), seed=seed
    )
    images = load_images(
        dataset,
        settings,
        data_dir=data_dir,
        # Of a folder's images, the same are held out as when h_p was trained.
        seed=config.get("seed", seed),
        skip_bad=skip_bad,
    )
    say_if_divided_otherwise(protector.trained_on, images.summary())
    material = Material.of(
        images,
        attacker_images=settings.attacker_images,
        held_out_images=settings.held_out_images,
    )
    protector = protector.fitted_on(images.train_images)
    run = audit_folder(out)
    given = SavedModelRecogniser(recogniser) if _is_path(recogniser) else recogniser

    @functools.cache
    def asked() -> Recogniser:
        return given or _own_recogniser(run, images, settings, seed)

    evidence = Evidence(
        protector,
        material,
        recogniser=asked,
        has_members=_same_pictures(protector.trained_on, images.summary()),
    )
    for planned in plan:
        evidence.check(planned.attempts[0].needs, planned.name)
    # Before anything is written or learnt: a protector that breaks the rules is found here.
    targets = evidence.targets
    with owned(run.path):
        run.claim(
            verb="audit",
            protector=protector.identity,
            preset=preset,
            settings=settings.options(),
            dataset=images.summary(),
            seed=seed,
            data_dir=data_dir,
            skip_bad=skip_bad,
        )
        called = os.fspath(recogniser) if _is_path(recogniser) else _name_of(recogniser)
        _refuse_other_recogniser(run, called)
        examiner = Examiner(material, asked(), seed=seed)
        if "protected" not in run.metrics():
            for kind, shown in (("plain", material.held_out), ("protected", targets)):
                with written_whole(reconstructions_path(run, kind)) as temporary:
                    np.savez_compressed(temporary, images=shown[:SHOWN_IMAGES])
            run.record(
                "protected",
                {
                    **_bound(protector),
                    "name": protector.title,
                    "given": protector.name,
                    "recogniser": called,
                    "images": len(targets),
                    "repeats": _repeats(protector, material.held_out[:1]),
                    # Whoever makes it again has to say so again.
                    "trust": isinstance(protector.scheme, (SavedModelScheme, Label)),
                    "leakage": measured(examiner.examine(targets)),
                },
            )
        try:
            make_attacks(run, plan, evidence, examiner)
        except UserError:
            # What was found before one attack failed is worth a page.
            if run.metrics().get(ATTACKS):
                write_audit_report(run)
            raise
        write_audit_report(run)
    return AuditReport.of_run(run)


def load_images(
    dataset: AnyDataset,
    settings: AuditSettings,
    *,
    data_dir: str | None,
    seed: int,
    skip_bad: bool = False,
) -> ImageDataset:
    """Loads the data set that attackers learn from and are measured on, at their size.

    Raises:
        UserError: There is no such data set, it cannot be had at that size, or it is too small.
    """
    with options_called(image_size="attacker_image_size"):
        images = load_dataset(
            dataset,
            data_dir=data_dir,
            image_size=settings.attacker_image_size,
            seed=seed,
            skip_bad=skip_bad,
        )
        check_enough(
            images,
            attacker_images=settings.attacker_images,
            held_out_images=settings.held_out_images,
        )
    return images


def _own_recogniser(
    run: RunFolder, images: ImageDataset, settings: AuditSettings, seed: int
) -> Recogniser:
    """Trains the classifier of plain images that is asked."""
    from tfppdnn.classification.training import train_classifier

    of_classifier = make_settings(
        "cpu",
        {
            "classifier_epochs": settings.recogniser_epochs,
            "classifier_width": settings.recogniser_width,
        },
    )
    plain = Protector.of("plain")
    train_classifier(run, images, plain, settings=of_classifier, seed=seed, kind="plain")
    return SavedModelRecogniser(run.path / "classifier_plain")


def _same_pictures(one: Mapping[str, Any] | None, other: Mapping[str, Any]) -> bool:
    """Whether two summaries are of one data set, which may be at another size."""
    return one is not None and all(
        one.get(part) == value for part, value in other.items() if part != "image_size"
    )


def _is_path(recogniser: Any) -> bool:
    return isinstance(recogniser, (str, os.PathLike))


def _name_of(recogniser: Any) -> str | None:
    """What the record calls a classifier that is no file."""
    if recogniser is None:
        return None
    return getattr(recogniser, "__name__", type(recogniser).__name__)


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


def _repeats(protector: Protector, image: Images) -> bool:
    """Whether the same picture becomes the same protected one, wherever it stands."""
    said = protector.says("repeats")
    if said is not None:
        return said
    twice = protector.protect(np.repeat(image, 2, axis=0))
    # Noise may be the same twice, by chance.
    return not protector.draws_noise and np.array_equal(*twice)


def _bound(protector: Protector) -> dict[str, Any]:
    if protector.bits is None:
        return {}
    return {"code": CodeBound(protector.bits, epsilon=protector.epsilon).to_dict()}
