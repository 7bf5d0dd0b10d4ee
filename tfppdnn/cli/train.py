"""`python -m tfppdnn train`: the paper's Section III, from plain images to h_p."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import as_recorded, checked_seed
from tfppdnn.cli.quiet import import_tensorflow
from tfppdnn.files import written_whole
from tfppdnn.protection.first_stages import check_reusable, copy_first_stages
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import Preset, make_preset, settings_help
from tfppdnn.timing import timed

__all__ = ["settings_help", "train"]


@SetParseFns(dataset=str, data_dir=str, out=str, preset=str, reuse=str, perceptual_weights=str)
def train(
    *,
    dataset: str = "digits",
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    reuse: str | None = None,
    seed: int = 0,
    **settings,
) -> tuple[dict[str, Any], int]:
    """Trains a protector h_p, exports it, and reports what it hides.

    Three trainings follow each other: a reference classifier on plain images, preliminary
    protected images made with it by projected gradient descent, and h_p itself. The paper
    trains it as one generator of a CycleGAN between plain and protected images; the preset
    `hardened` trains it against a network that undoes it. Then h_p is exported as SavedModel
    and TFLite, measured on test images, and shown in report.html.

    The same command goes on with a run that was stopped, and does nothing when it is done.

    Examples:
        The embedded digits, offline, in a few minutes:

            python -m tfppdnn train

        CIFAR-10 on two CPU cores, with a setting of your own:

            python -m tfppdnn train --preset=cpu --dataset=cifar10 --lambda_=1 --out=runs/mine

        An h_p that hides from those who own it, too:

            python -m tfppdnn train --preset=hardened --dataset=cifar10 --data_dir=DIR

        Your own photographs, one sub-folder per class:

            python -m tfppdnn train --preset=cpu --dataset=photos/ --out=runs/photos

        Another h_p from the classifier and preliminary images that a run has already:

            python -m tfppdnn train --reuse=runs/digits-quick --lambda_=1 --out=runs/mine

    Args:
        dataset: digits (embedded), a tensorflow-datasets name, or a folder of class
            sub-folders.
        data_dir: A tensorflow-datasets directory; nothing is downloaded if the data is
            there.
        preset: quick, cpu, hardened or paper.
        out: The run folder; runs/DATASET-PRESET if not given.
        reuse: A run folder whose first two trainings this one starts from, instead of making
            them again; everything that they depend on must be the same.
        seed: Seed of everything that is drawn at random.
        settings: Any setting of the preset by its own name, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, the run folder holds another run, the stages of
            another cannot be reused, or the training diverged.
    """
    chosen = make_preset(preset, settings)
    seed = checked_seed(seed)
    dataset = as_recorded(dataset)
    run = RunFolder(out or Path("runs") / f"{Path(dataset).resolve().name}-{preset}")
    identity = {"preset": preset, "settings": dataclasses.asdict(chosen), "seed": seed}
    run.expect(dataset={"name": dataset}, **identity)

    if "train" not in run.metrics():
        # Everything up to here is quick, so that a wrong option is refused at once.
        import_tensorflow()

        from tfppdnn.datasets.load import load_dataset
        from tfppdnn.models.perceptual import check_perceptual_weights

        check_perceptual_weights(chosen.perceptual_weights)
        images = load_dataset(dataset, data_dir=data_dir, image_size=chosen.image_size, seed=seed)
        # A run that was begun has its own.
        other = RunFolder(reuse) if reuse and not (run.path / "checkpoints").exists() else None
        if other is not None:
            check_reusable(other, chosen, dataset=images.summary(), seed=seed)
        run.claim(dataset=images.summary(), data_dir=data_dir, **identity)
        if other is not None:
            copy_first_stages(other, run)
        _train(run, chosen, images, seed)
    return {"run": str(run.path), **run.metrics()["train"]}, 0


def _train(run: RunFolder, preset: Preset, dataset, seed: int) -> None:
    """Section III, in its own order."""
    from tfppdnn.cli.export import export_protector_files
    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.exporting.half import round_weights_to_half
    from tfppdnn.gate.making import make_gate
    from tfppdnn.protection import measurements
    from tfppdnn.protection.building import build_discriminator, build_protector
    from tfppdnn.protection.pictures import make_pictures
    from tfppdnn.protection.preliminary_images import make_preliminary_images
    from tfppdnn.protection.reference_classifier import train_reference_classifier
    from tfppdnn.protection.transformation_network import train_transformation_network
    from tfppdnn.reports.report import draw_figures, write_report
    from tfppdnn.training.precision import in_float32

    def stage(name: str):
        return timed(run.path / "logs", name)

    # III-B: a classifier of plain images, and images that it knows and people do not.
    with stage("reference classifier"):
        reference_classifier = train_reference_classifier(run, preset, dataset, seed=seed)
    with stage("preliminary images"):
        preliminary = make_preliminary_images(run, preset, dataset, reference_classifier, seed=seed)
    # III-C: a network that turns plain images into such images.
    with stage("transformation network"):
        network = train_transformation_network(
            run, preset, dataset, reference_classifier, preliminary, seed=seed
        )
    protector = in_float32(network.protector, lambda: build_protector(preset, dataset))
    discriminator = in_float32(
        network.protected_discriminator,
        lambda: build_discriminator(preset, name="protected_discriminator"),
    )
    # Now, so that every figure below is of the very function that the float16 file computes.
    round_weights_to_half(protector)
    with written_whole(run.protector) as temporary:
        protector.save(temporary)

    # What it is worth.
    with stage("measuring"):
        measurements.measure_preliminary(run, dataset, reference_classifier, preliminary)
        measurements.measure_protector(
            run,
            dataset,
            reference_classifier,
            protector,
            network.restorer,
            test_images=preset.test_images,
        )

    # What leaves the building.
    try:
        with stage("export"):
            with written_whole(run.path / "reference_classifier") as temporary:
                export_classifier(
                    reference_classifier,
                    dataset.class_names,
                    temporary,
                    image_size=dataset.image_size,
                )
            export_protector_files(run, protector, dataset)
        with stage("gate"):
            make_gate(run, preset, dataset, protector, discriminator, seed=seed)
    finally:
        # Also when a file was refused: the report says how far off it was.
        with stage("pictures"):
            pictures = make_pictures(
                preset, dataset, reference_classifier, protector, network.restorer, seed=seed
            )
            draw_figures(run, pictures)
        write_report(run)
    run.record("train", measurements.summary(run.metrics()))
