"""`python -m tfppdnn audit`: what a protector leaks, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import checked_flag, say_if_memory_is_short, say_on_digits
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError
from tfppdnn.protector.protector import Protector
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings.audit import audit_settings_help

__all__ = ["COMMON", "audit", "settings_help"]

COMMON = ("held_out_images",)
"""Settings that `--help` lists."""

settings_help = audit_settings_help


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
    skip_bad: bool = False,
    trust: bool = False,
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

        An attack of your own, beside one of ours:

            python -m tfppdnn audit --protector=cifar10 --attacks=my_attack.py:MyAttack,nearest

        Tanaka's scheme under another key, a blur of 2 pixels, a PCA code of 96 bits, nothing but
        the class that a SavedModel finds, a function of a package:

            python -m tfppdnn audit --protector=tanaka:1234
            python -m tfppdnn audit --protector=blur:2
            python -m tfppdnn audit --protector=pca:96
            python -m tfppdnn audit --protector=label:runs/NAME/classifier_plain --trust
            python -m tfppdnn audit --protector=package.module:name

        On photographs, and only two of the attacks:

            python -m tfppdnn audit --protector=runs/cifar10-cpu --preset=cpu \
                --dataset=tiny_imagenet100 --data_dir=DIR --attacks=gan,itn

    Args:
        protector: A shipped protector (cifar10 or photos); a run folder made by `train`, a
            protector.tflite, a .keras file or a SavedModel folder; a cipher (tanaka,
            pixel_same, pixel_different, ele or etc); a baseline (plain, blur, pixelate, pca or
            label); or a Python function from uint8 [N, H, W, 3] to the same. The
            examples show how keys, strengths and functions are named.
        dataset: As for `train`; the run's own, or digits, if not given. Attackers learn from
            its training images and are measured on its test images.
        data_dir: A tensorflow-datasets directory.
        preset: How strong the attackers are: quick, cpu or paper.
        out: The audit's folder; runs/audit-PROTECTOR-DATASET-PRESET if not given.
        attacks: Which attacks, separated by commas: brute_force,
            feature_reconstruction_basic, feature_reconstruction_advanced, class_mean, uwa, gan,
            chosen_plaintext_pixel_based, chosen_plaintext_tanaka, nearest, nearest_mean,
            ridge, ridge_4_views, ridge_16_views, attributes, membership, itn, itn_global,
            conditional_generator, gradient_inversion, deep_image_prior. If not given, all but
            ridge_4_views, ridge_16_views, conditional_generator and deep_image_prior, which take
            long or need much.
            One of your own is named as a protector of your own is, as in the examples.
        recogniser: The SavedModel of a classifier of plain images of this data set, to be
            asked what reconstructions show, by attackers too; one is trained first if not
            given.
        seed: Seed of the attackers' networks.
        skip_bad: As for `train`; the run's own, if it left such images out.
        trust: Whether PROTECTOR may be a SavedModel, which is a program: if you made it, or know
            who did.
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
    checked_flag(skip_bad, option="--skip_bad")
    found = Protector.named(protector, trust=checked_flag(trust, option="--trust"))
    config = RunFolder(found.run).config() if found.run else {}
    own = config.get("dataset", {}).get("name")
    name = as_recorded(dataset or own or "digits")
    if not (dataset or own):
        say_on_digits("audit")
    say_if_memory_is_short("audit")

    # Its measures take half a second to import, for which `--help` need not wait.
    from tfppdnn.audit.auditing import audit as make

    report = make(
        found,
        name,
        attacks,
        preset=preset,
        settings=settings,
        recogniser=recogniser,
        out=out or Path("runs") / f"audit-{found.title}-{Path(name).resolve().name}-{preset}",
        seed=seed,
        data_dir=data_dir,
        skip_bad=skip_bad,
    )
    return {"run": str(report.run.path), **report.in_short()}, 0
