"""Accuracy against leakage: one point a protector, one curve an objective."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tfppdnn.baselines import LABEL
from tfppdnn.errors import UserError
from tfppdnn.experiments.frontier_figures import figures_of
from tfppdnn.experiments.frontier_points import Measuring, Point, has_begun, sharing_first_stages
from tfppdnn.experiments.frontier_sweeps import SWEEPS, at_value, place_of, settings_of
from tfppdnn.experiments.parts import Parts
from tfppdnn.ownership import owned
from tfppdnn.protection.first_stages import check_reusable
from tfppdnn.protector.protector import Protector
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings
from tfppdnn.settings.audit import make_audit_settings
from tfppdnn.settings.group import unknown_option


def frontier(
    dataset: str,
    *,
    out: str | os.PathLike[str],
    preset: str = "quick",
    options: Mapping[str, Any] | None = None,
    values: Mapping[str, str | Sequence[float]],
    protectors: Sequence[str] = (),
    reuse: str | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    trust: bool = False,
) -> RunFolder:
    """Trains protectors that differ in one weight, and measures them beside others.

    Every part is a folder of its own, so the same call goes on with a frontier that was stopped.

    Args:
        dataset: Name or folder of the images, as for `tfppdnn.train`.
        out: The frontier's folder.
        preset: Of trainings, classifiers and attackers.
        options: What differs from the preset's settings, by option of `train` and `audit`.
        values: For each objective the values of the weight that trades secrecy for accuracy, as
            numbers or as a text that is separated by commas.
        protectors: Names of further protectors; plain images are always there.
        reuse: A run whose first two stages all trainings start from.
        seed: Seed of all trainings.
        data_dir: A tensorflow-datasets directory.
        trust: Whether protectors may be SavedModels, which are programs.

    Returns:
        The folder, with `frontier.json`, `frontier.md` and `figures/frontier.png`.

    Raises:
        UserError: An option is wrong, the data set is too small, the folder holds another
            frontier, or a training diverged.
    """
    options = dict(options or {})
    _check(options, preset)
    settings = make_settings(preset).replaced(options)
    audit_settings = make_audit_settings(preset).replaced(
        {**options, "attacker_image_size": settings.data.image_size}
    )
    run = RunFolder(out, record="frontier.json")
    measuring = Measuring(
        folder=run.path,
        dataset=dataset,
        parts=Parts(preset=preset, seed=seed, data_dir=data_dir, trust=trust),
        settings=settings,
        audit_settings=audit_settings,
        options={**options, "attacker_image_size": settings.data.image_size},
    )
    trained = _trained(measuring, values, preset, reuse)
    points = [measuring.point_of("plain"), *trained]
    points += [
        _point_that_is_there(name, measuring, preset) for name in protectors if name != "plain"
    ]
    names = [point.name for point in points]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"two protectors are called {name}; rename the folder of one, and give each "
                "value once"
            )
    identity = {
        "verb": "frontier",
        "settings": settings.options() | audit_settings.options(),
        "seed": seed,
    }
    run.expect(dataset={"name": dataset}, **identity)

    import_tensorflow()

    from tfppdnn.audit.material import check_enough
    from tfppdnn.datasets.load import load_dataset
    from tfppdnn.experiments.frontier_page import write_frontier

    images = load_dataset(
        dataset, data_dir=data_dir, image_size=settings.data.image_size, seed=seed
    )
    # What the attacks and trainings to come would refuse, before there is anything.
    for name in protectors:
        if name != LABEL:
            _ = Protector.named(name, trust=trust).scheme
    check_enough(
        images,
        attacker_images=audit_settings.attacker_images,
        held_out_images=audit_settings.held_out_images,
    )
    if reuse and not all(map(has_begun, trained)):
        check_reusable(RunFolder(reuse), settings, dataset=images.summary(), seed=seed)
    with owned(run.path):
        run.claim(dataset=images.summary(), data_dir=data_dir, preset=preset, **identity)
        # Trainings first: what is measured must be there.
        for kind in ("trained", "classified", "audited"):
            for point in points:
                part = getattr(point, kind)
                if part is not None:
                    tqdm.write(f"frontier: {part.verb} {point.name}", file=sys.stderr)
                    part.make()
        run.record("frontier", {"points": [figures_of(point, run.path) for point in points]})
        write_frontier(run)
    return run


def _check(options: Mapping[str, Any], preset: str) -> None:
    """Refuses what cannot be set for a whole frontier."""
    swept = {sweep.setting: f"{objective}_values" for objective, sweep in SWEEPS.items()}
    swept["objective"] = "objectives"
    known = {**make_audit_settings().options()}
    for objective in SWEEPS:
        known |= make_settings(preset, {"objective": objective}).options()
    for name in options:
        if name in swept:
            raise UserError(f"--{name}: differs along the frontier; give --{swept[name]}")
        if name in ("image_size", "attacker_image_size"):
            raise UserError(f"--{name}: all parts have the preset's image size; leave it out")
        if name not in known:
            raise unknown_option(name, known)


def _trained(
    measuring: Measuring,
    values: Mapping[str, str | Sequence[float]],
    preset: str,
    reuse: str | None,
) -> list[Point]:
    """The points that are trained here, in the order in which they are."""
    points = []
    for objective, given in values.items():
        if objective not in SWEEPS:
            raise UserError(
                f"--objectives={objective}: there is no such objective; choose from "
                f"{', '.join(SWEEPS)}"
            )
        settings = settings_of(objective, preset, measuring.options)
        for value in _numbers(f"{objective}_values", given):
            made = at_value(objective, settings, value)
            points.append(measuring.point_trained(objective, value, made, reuse=reuse))
    return points if reuse else sharing_first_stages(measuring, points)


def _point_that_is_there(name: str, measuring: Measuring, preset: str) -> Point:
    """Finds a protector, and refuses a run that cannot be compared."""
    if name == LABEL:
        return measuring.point_of_label()
    if Protector.named(name).run is None:
        return measuring.point_of(name)
    config = RunFolder(name).config()
    settings, size = config["settings"], measuring.settings.data.image_size
    if "trunk_size" in settings:
        raise UserError(
            f"--protectors={name}: a run of --preset=photos, which was trained with none of the "
            "objectives that are compared here; leave it out"
        )
    if "transform_steps" not in settings:
        raise UserError(f"--protectors={name}: not a run made by `train`; leave it out")
    if settings["image_size"] != size:
        raise UserError(
            f"--protectors={name}: trained at {settings['image_size']} pixels, and here all have "
            f"{size}; leave it out, or train one at this size"
        )
    seed = measuring.parts.seed
    if config["seed"] != seed and Path(measuring.dataset).is_dir():
        raise UserError(
            f"--seed={seed}: {name} held out test images by its own seed; give "
            f"--seed={config['seed']}, so that all protectors are measured on the same"
        )
    return measuring.point_of_run(name, place_of(settings, preset, measuring.options))


def _numbers(option: str, given: str | Sequence[float]) -> list[float]:
    try:
        numbers = [float(word) for word in (given.split(",") if isinstance(given, str) else given)]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"--{option}={given}: expected numbers, separated by commas")
    return numbers
