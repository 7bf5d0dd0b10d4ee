"""`python -m tfppdnn classify`: the cloud's part of the paper's Fig. 5(a)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn import workers
from tfppdnn.classification.fit import fit_classifier
from tfppdnn.cli.options import checked_flag, say_if_memory_is_short, say_on_digits
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError
from tfppdnn.protector.protector import Protector
from tfppdnn.run_folder import RunFolder


@SetParseFns(protector=str, dataset=str, data_dir=str, out=str, preset=str, deploy=str)
def classify(
    *,
    protector: str | None = None,
    plain: bool = False,
    dataset: str | None = None,
    data_dir: str | None = None,
    preset: str | None = None,
    out: str | None = None,
    seed: int | None = None,
    skip_bad: bool = False,
    trust: bool = False,
    deploy: str | None = None,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Trains a classifier on protected images only, and saves it for serving.

    By default it is ResNet-18, and training images are cropped and flipped at random, then
    protected, then rounded to 8 bits, as a client would upload them. With --preset=photos it
    is a network of one hidden layer, and each image is protected once, as it is. Test images
    are protected. With --plain the same is trained on plain images, to see what protection
    costs.

    Examples:
        What the cloud would do with the default run, and the comparison:

            python -m tfppdnn classify --protector=runs/digits-quick
            python -m tfppdnn classify --protector=runs/digits-quick --plain

        And what `serve` takes, for the machine that serves:

            python -m tfppdnn classify --protector=runs/digits-quick --deploy=served/digits

        Another scheme, here Tanaka's with its adaptation network, and no scheme:

            python -m tfppdnn classify --protector=tanaka
            python -m tfppdnn classify --plain

        Another data set, protected by a network that never saw it:

            python -m tfppdnn classify --protector=runs/cifar10-cpu \
                --dataset=tiny_imagenet100 --data_dir=DIR --out=runs/other

    Args:
        protector: A shipped protector (cifar10 or photos); a run folder made by `train`, a
            protector.tflite, a .keras file or a SavedModel folder; a cipher (tanaka,
            pixel_same, pixel_different, ele or etc); a baseline (plain, blur, pixelate, pca or
            label); or a Python function from uint8 [N, H, W, 3] to the same. See
            `audit --help` for how keys, strengths and functions are named. With --plain it may be
            left out.
        plain: Whether to train on plain images instead.
        dataset: As for `train`; the run's own, or digits, if not given.
        data_dir: A tensorflow-datasets directory.
        preset: quick, cpu, hardened (the same classifier as cpu's), paper or photos; the
            run's own, or quick, if not given.
        out: Where to save; the protector's run folder, or
            runs/classify-PROTECTOR-DATASET-PRESET, if not given.
        seed: Seed of weights, order and augmentation; the run's own, or 0, if not given.
        skip_bad: As for `train`; the run's own, if it left such images out.
        trust: Whether PROTECTOR may be a SavedModel, which is a program: if you made it, or know
            who did.
        deploy: Where to write what a server needs, and nothing else, as `export --deploy` does.
        settings: Any of classifier_network, classifier_augment, classifier_width,
            classifier_epochs, classifier_batch_size, classifier_learning_rate, classifier_schedule,
            steps_per_round, test_images, augment_flip, mixed_precision, image_size.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or the training was begun with other settings.
    """
    checked_flag(plain, option="--plain")
    checked_flag(skip_bad, option="--skip_bad")
    if deploy is not None:
        from tfppdnn.serving.deployment import check_deployment

        if plain:
            raise UserError("--deploy: servers get no classifier of plain images; leave it out")
        check_deployment(deploy)
    if protector is None and not plain:
        raise UserError(
            "--protector is missing; pass --protector=RUN, a folder made by train, or the name of "
            "another scheme: see --help"
        )
    found = Protector.named(protector or "plain", trust=checked_flag(trust, option="--trust"))
    run = RunFolder(found.run) if found.run else None
    config = run.config() if run else {"dataset": {"name": "digits"}, "preset": "quick"}
    own = config["dataset"]["name"]
    name = own if dataset is None else as_recorded(dataset)
    if run and name != own and out is None:
        raise UserError(f"--dataset={name} is not the run's own ({own}); add --out=DIR")
    folder = f"classify-{found.title}-{Path(name).resolve().name}-{preset or config.get('preset')}"
    if dataset is None and run is None:
        say_on_digits("classify")
    say_if_memory_is_short("classify")
    deployed = {}
    with workers.taking_part():
        result = fit_classifier(
            found,
            name,
            plain=plain,
            preset=preset,
            settings=settings,
            out=out or (run.path if run else Path("runs") / folder),
            seed=seed,
            data_dir=data_dir,
            skip_bad=skip_bad,
        )
        # The others wait: who leaves first may take the chief with it.
        if result.new and workers.is_chief() and (result.run.path / "report.html").exists():
            from tfppdnn.reports.report import write_report

            write_report(result.run)
        if deploy is not None and workers.is_chief():
            from tfppdnn.serving.deployment import deploy as write_deployment

            deployed = write_deployment(result.run.path, deploy)
    return {"run": str(result.run.path), **result.in_short(), **deployed}, 0
