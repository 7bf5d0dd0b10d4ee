"""The paper's Section III, in its own order, and what a run is worth."""

from __future__ import annotations

from tfppdnn import workers
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.exporting.half import round_weights_to_half
from tfppdnn.leakage.recogniser import SavedModelRecogniser
from tfppdnn.protection import measurements
from tfppdnn.protection.building import build_discriminator, build_protector
from tfppdnn.protection.exports import (
    export_gate,
    export_protector,
    export_reference,
    shown_even_if_refused,
)
from tfppdnn.protection.pictures import make_pictures
from tfppdnn.protection.preliminary_images import make_preliminary_images
from tfppdnn.protection.reference_classifier import train_reference_classifier
from tfppdnn.protection.transformation_network import train_transformation_network
from tfppdnn.reports.report import draw_figures, write_report
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings
from tfppdnn.timing import timed
from tfppdnn.training.keras_file import write_keras
from tfppdnn.training.precision import in_float32


def make_run(run: RunFolder, settings: TrainingSettings, dataset: ImageDataset, seed: int) -> None:
    """Makes all of a run that is not made yet.

    Args:
        run: Where everything goes.
        settings: Of all stages.
        dataset: Plain images and labels.
        seed: Seed of everything that is drawn at random.

    Raises:
        UserError: A training diverged, or what was made cannot be used any more.
        VerificationError: An exported file does not do what h_p does.
    """

    def stage(name: str):
        return timed(run.path / "logs", name)

    # III-B: a classifier of plain images, and images that it knows and people do not.
    with stage("reference classifier"):
        classifier = train_reference_classifier(run, settings, dataset, seed=seed)
    with stage("preliminary images"):
        preliminary = make_preliminary_images(run, settings, dataset, classifier, seed=seed)
    # III-C: a network that turns plain images into such images.
    with stage("transformation network"):
        network = train_transformation_network(
            run, settings, dataset, classifier, preliminary, seed=seed
        )
    # All that is left is soon done, and done by the chief.
    if not workers.is_chief():
        return
    protector = in_float32(network.protector, lambda: build_protector(settings, dataset))
    discriminator = in_float32(
        network.protected_discriminator,
        lambda: build_discriminator(settings, name="protected_discriminator"),
    )
    # Now, so that every figure below is of the very function that the float16 file computes.
    round_weights_to_half(protector)
    write_keras(protector, run.protector)

    # What it is worth.
    with stage("measuring"):
        measurements.measure_preliminary(run, dataset, classifier, preliminary)
        measurements.measure_protector(
            run,
            dataset,
            classifier,
            protector,
            network.restorer,
            test_images=settings.measuring.test_images,
        )

    # What leaves the building.
    def show() -> None:
        with stage("pictures"):
            draw_figures(
                run,
                make_pictures(
                    settings, dataset, classifier, protector, network.restorer, seed=seed
                ),
            )
        write_report(run)

    with shown_even_if_refused(show):
        with stage("export"):
            export_reference(run, classifier, dataset)
            classify = SavedModelRecogniser(run.path / "reference_classifier")
            export_protector(run, protector, dataset, classify)
        with stage("gate"):
            export_gate(run, settings, dataset, protector, discriminator, seed=seed)
    run.record("train", measurements.summary(run.metrics()))
