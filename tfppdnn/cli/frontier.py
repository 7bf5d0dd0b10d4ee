"""`python -m tfppdnn frontier`: what accuracy costs in secrecy, protector by protector."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns
from tqdm import tqdm

from tfppdnn.classification.training import SETTINGS
from tfppdnn.cli.frontier_figures import figures_of
from tfppdnn.cli.frontier_points import Measuring, Point, has_begun, sharing_first_stages
from tfppdnn.cli.frontier_sweeps import SWEEPS, place_of, trainings
from tfppdnn.cli.options import checked_seed, words
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError
from tfppdnn.loading import find_source
from tfppdnn.protection.first_stages import check_reusable
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import Preset, make_preset
from tfppdnn.settings import settings_help as train_settings_help
from tfppdnn.settings.audit import AuditSettings, audit_settings_help, make_audit_settings

__all__ = ["frontier", "settings_help"]


_RIVALS = "blur:1,blur:2,pixelate:4,pixelate:8,pixel_same,pixel_different,tanaka,ele,etc"


def settings_help() -> str:
    """Explains the settings of all parts."""
    return f"{train_settings_help()}\n{audit_settings_help()}"


@SetParseFns(
    dataset=str,
    data_dir=str,
    preset=str,
    out=str,
    reuse=str,
    objectives=str,
    rivals=str,
    protectors=str,
    cyclegan_values=str,
    hardened_values=str,
    perceptual_weights=str,
)
def frontier(
    *,
    dataset: str = "digits",
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    reuse: str | None = None,
    objectives: str | Sequence[str] = ",".join(SWEEPS),
    cyclegan_values: str | Sequence[float] = SWEEPS["cyclegan"].values,
    hardened_values: str | Sequence[float] = SWEEPS["hardened"].values,
    rivals: str | Sequence[str] = _RIVALS,
    protectors: str | Sequence[str] = "",
    seed: int = 0,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Measures accuracy against leakage: one point a protector, one curve an objective.

    For each objective several protectors are trained, which differ in the weight that trades
    secrecy for accuracy. They, rival schemes, blur, large pixels and plain images are then all
    measured the same way. Accuracy: a ResNet-18 is trained on protected images, as by
    `classify`. Leakage: whoever owns the protector trains a network that undoes it, as by
    `audit`; what comes back is measured on images that it never saw. The figures are written
    as JSON, as a table with the command of every part, and as a picture.

    Every part is a folder of its own, so the same command goes on with a frontier that was
    stopped; with more values or protectors, it makes only those that are new.

    Examples:
        On digits, the two ends of one objective beside a blur:

            python -m tfppdnn frontier --objectives=cyclegan --cyclegan_values=0.3,3 \
                --rivals=blur:2

        CIFAR-10 on two CPU cores, from the classifier of a run that is there:

            python -m tfppdnn frontier --preset=cpu --dataset=cifar10 --data_dir=DIR \
                --reuse=runs/cifar10-cpu

        Only protectors that are there, and an idea of your own:

            python -m tfppdnn frontier --objectives= --rivals= \
                --protectors=runs/digits-quick,my_idea.py:protect

    Args:
        dataset: As for `train`.
        data_dir: A tensorflow-datasets directory.
        preset: How large the networks and how strong the attackers are: quick, cpu or paper.
        out: The frontier's folder; runs/frontier-DATASET-PRESET if not given.
        reuse: A run folder whose first two stages all trainings start from; if not given, those
            of a training that has made them, or the first makes them.
        objectives: Which objectives to train for, separated by commas; may be empty.
        cyclegan_values: Classification weights, the second of --gamma.
        hardened_values: Values of --hiding_weight.
        rivals: Ciphers and baselines, as for `audit`; may be empty. Plain images are always
            there.
        protectors: Further protectors, as for `audit`.
        seed: Seed of all trainings.
        settings: Any setting of `train`, `classify` and `audit`, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, the data set is too small, the folder holds another
            frontier, or a training diverged.
    """
    of_train, of_audit = _by_verb(settings)
    chosen = make_preset(preset, of_train)
    of_audit["attacker_image_size"] = chosen.image_size
    audit_preset = make_audit_settings(preset, of_audit)
    seed = checked_seed(seed)
    dataset = as_recorded(dataset)
    folder = Path("runs") / f"frontier-{Path(dataset).resolve().name}-{preset}"
    run = RunFolder(out or folder, record="frontier.json")
    identity = {
        "verb": "frontier",
        "preset": preset,
        "settings": dataclasses.asdict(chosen) | dataclasses.asdict(audit_preset),
        "seed": seed,
    }
    measuring = Measuring(
        folder=run.path,
        common={"dataset": dataset, "data_dir": data_dir, "preset": preset, "seed": seed},
        of_classify={name: of_train[name] for name in SETTINGS if name in of_train},
        of_audit=of_audit,
    )
    trained = []
    values = {"cyclegan": cyclegan_values, "hardened": hardened_values}
    for objective in words(objectives):
        if objective not in SWEEPS:
            raise UserError(
                f"--objectives={objective}: there is no such objective; choose from "
                f"{', '.join(SWEEPS)}"
            )
        swept = _numbers(f"{objective}_values", values[objective])
        for value, training in trainings(objective, swept, chosen, of_train):
            trained.append(measuring.point_trained(objective, value, training, reuse=reuse))
    if not reuse:
        trained = sharing_first_stages(trained)
    points = [measuring.point_of("plain"), *trained]
    for name in (*words(rivals), *words(protectors)):
        if name != "plain":
            points.append(_point(name, measuring, chosen, of_train, dataset, seed))
    names = [point.name for point in points]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"two protectors are called {name}; rename the folder of one, and give each "
                "value once"
            )
    run.expect(dataset={"name": dataset}, **identity)

    import_tensorflow()

    from tfppdnn.audit.material import check_enough
    from tfppdnn.datasets.load import load_dataset
    from tfppdnn.experiments.frontier_page import write_frontier

    images = load_dataset(dataset, data_dir=data_dir, image_size=chosen.image_size, seed=seed)
    # What the attacks and trainings to come would refuse, before there is anything.
    check_enough(
        images,
        attacker_images=audit_preset.attacker_images,
        held_out_images=audit_preset.held_out_images,
    )
    if reuse and not all(map(has_begun, trained)):
        check_reusable(RunFolder(reuse), chosen, dataset=images.summary(), seed=seed)
    run.claim(dataset=images.summary(), data_dir=data_dir, **identity)
    # Trainings first: what is measured must be there.
    for kind in ("trained", "classified", "audited"):
        for point in points:
            part = getattr(point, kind)
            if part is not None:
                tqdm.write(f"frontier: {part.verb.__name__} {point.name}", file=sys.stderr)
                part.make()
    figures = [figures_of(point, run.path) for point in points]
    run.record("frontier", {"points": figures})
    write_frontier(run)
    return {"run": str(run.path), "points": dict(map(_summary, figures))}, 0


def _by_verb(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parts the settings of `train` (and `classify`) from those of `audit`."""
    swept = {sweep.setting: f"{objective}_values" for objective, sweep in SWEEPS.items()}
    swept["objective"] = "objectives"
    of_audit = {field.name for field in dataclasses.fields(AuditSettings)}
    for name in settings:
        if name in swept:
            raise UserError(f"--{name}: differs along the frontier; give --{swept[name]}")
        if name in ("image_size", "attacker_image_size"):
            raise UserError(f"--{name}: all parts have the preset's image size; leave it out")
    return (
        {name: value for name, value in settings.items() if name not in of_audit},
        {name: value for name, value in settings.items() if name in of_audit},
    )


def _point(
    name: str,
    measuring: Measuring,
    chosen: Preset,
    of_train: dict[str, Any],
    dataset: str,
    seed: int,
) -> Point:
    """Finds a protector that is there, and refuses a run that cannot be compared."""
    if not find_source(name).is_run:
        return measuring.point_of(name)
    config = RunFolder(name).config()
    settings = config["settings"]
    if "transform_steps" not in settings:
        raise UserError(f"--protectors={name}: not a run made by `train`; leave it out")
    if settings["image_size"] != chosen.image_size:
        raise UserError(
            f"--protectors={name}: trained at {settings['image_size']} pixels, and here all have "
            f"{chosen.image_size}; leave it out, or train one at this size"
        )
    if config["seed"] != seed and Path(dataset).is_dir():
        raise UserError(
            f"--seed={seed}: {name} held out test images by its own seed; give "
            f"--seed={config['seed']}, so that all protectors are measured on the same"
        )
    return measuring.point_of_run(name, place_of(settings, chosen, of_train))


def _numbers(option: str, given: str | Sequence[float]) -> list[float]:
    try:
        numbers = [float(word) for word in (given.split(",") if isinstance(given, str) else given)]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"--{option}={given}: expected numbers, separated by commas")
    return numbers


def _summary(point: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The few figures of a point that are printed."""
    leakage = {name: round(figure["mean"], 4) for name, figure in point["leakage"].items()}
    accuracy = point["accuracy"]["test_accuracy"]
    return point["name"], {"accuracy": accuracy, **leakage, "attacks": point["attacks"]}
