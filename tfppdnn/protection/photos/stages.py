"""How an h_p for photographs is made, in its order, and what it is worth."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from functools import partial

import keras
import numpy as np

from tfppdnn import workers
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.errors import UserError
from tfppdnn.exporting.half import round_weights_to_half
from tfppdnn.models.code import code_bits
from tfppdnn.models.randomized_response import RandomizedWords
from tfppdnn.models.trunk_protector import seen, trunk_protector
from tfppdnn.models.words import Words
from tfppdnn.protection.exports import export_protector, export_reference, shown_even_if_refused
from tfppdnn.protection.photos.code import averaged, learn_code
from tfppdnn.protection.photos.features import forget_pictures, see_pictures
from tfppdnn.protection.photos.gate import export_tile_gate
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.protection.photos.measuring import draw_pictures, measure, summary
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.protection.photos.words import check_enough_pictures, learn_words
from tfppdnn.reports.report import write_report
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings.photos import PhotoSettings
from tfppdnn.timing import timed
from tfppdnn.training.keras_file import write_keras
from tfppdnn.training.shards import Arrays

# Figures and checks of exported files look at so many test pictures, at most.
_CHECKED_PICTURES = 256


def make_photo_run(
    run: RunFolder, settings: PhotoSettings, dataset: ImageDataset, seed: int
) -> None:
    """Makes all of a run that is not made yet.

    Args:
        run: Where everything goes.
        settings: Of all stages.
        dataset: Plain pictures and labels.
        seed: Seed of the classifiers that measure, and of the gate's decoys.

    Raises:
        UserError: There is no trunk, there are too few pictures, or a training diverged.
        VerificationError: An exported file does not do what h_p does.
    """
    # Its trainings are small, or in closed form: the chief makes them alone.
    if not workers.is_chief():
        return

    def stage(name: str):
        return timed(run.path / "logs", name)

    dataset = dataset.with_test_images(settings.measuring.test_images)
    if settings.privacy.words_of_photos:
        check_enough_pictures(len(dataset.train_images), choices=settings.privacy.choices)
    # What the trunk sees of each picture: everything else is learnt from that.
    trunk = load_trunk(settings.trunk.source, size=settings.trunk.size)
    # Now, so that all is learnt from what the float16 file sees.
    round_weights_to_half(trunk.model)
    run.claim_stage("trunk", trunk.facts)
    with stage("features"):
        train, test = see_pictures(run, dataset, trunk.model, trunk_size=settings.trunk.size)
    # A classifier of plain pictures: what they would tell if features were sent as they are.
    with stage("reference classifier"):
        classifier, figures = train_head(
            run,
            settings,
            dataset,
            train["features"],
            test["features"],
            stage="reference_classifier",
            seed=seed,
        )
        run.record("reference_classifier", figures)

    # The code, and the network that draws it.
    with stage("code"):
        make = _named if settings.privacy.words_of_photos else _rounded
        protector, facts = make(settings, trunk.model, train, dataset.train_labels, seed=seed)
        write_keras(protector, run.protector)
        run.record("transformation_network", facts | trunk.facts)
    with stage("measuring"):
        restore, classify = measure(run, settings, dataset, train, test, protector, seed=seed)

    # What leaves the building.
    some = np.asarray(dataset.test_images[:_CHECKED_PICTURES])

    def show() -> None:
        with stage("pictures"):
            draw_pictures(run, some, protector, restore)
        write_report(run)

    with shown_even_if_refused(show):
        with stage("export"):
            export_reference(run, _of_pictures(trunk.model, settings, classifier), dataset)
            export_protector(run, protector, dataset, classify)
        with stage("gate"):
            export_tile_gate(run, settings, protector, some, seed=seed)
    # A finished run needs none of it, and it shows every picture.
    forget_pictures(run)
    run.record("train", summary(run.metrics()))


def _rounded(
    settings: PhotoSettings, trunk: keras.Model, train: Arrays, labels: np.ndarray, *, seed: int
) -> tuple[keras.Model, dict[str, float]]:
    """h_p whose numbers are rounded, and the facts of its code. Nothing depends on the seed."""
    code = settings.code
    with _enough_pictures(code.size):
        encoder = learn_code(
            train["features"],
            averaged(train["pictures"]),
            labels,
            size=code.size,
            hiding_weight=code.hiding_weight,
            label_weight=code.label_weight,
        )
    protector = trunk_protector(
        trunk=trunk,
        trunk_size=settings.trunk.size,
        code_size=code.size,
        code_levels=code.levels,
        name="protector",
    )
    protector.get_layer("code").set_weights([encoder.kernel, encoder.bias])
    return protector, {
        "numbers": code.size,
        "levels": code.levels,
        "most_bits_a_protected_image_holds": code_bits(code.size, code.levels),
        "share_of_features_kept": encoder.kept,
        "share_of_pictures_restored": encoder.restored,
    }


def _named(
    settings: PhotoSettings, trunk: keras.Model, train: Arrays, labels: np.ndarray, *, seed: int
) -> tuple[keras.Model, dict[str, float]]:
    """h_p whose numbers are named by words, maybe under noise, and the facts of its code."""
    privacy, size = settings.privacy, settings.code.size
    words, choices = privacy.words_of_photos, privacy.choices
    with _enough_pictures(size):
        vocabulary = learn_words(
            train["features"], labels, size=size, words=words, choices=choices, seed=seed
        )
    kind = partial(RandomizedWords, privacy.epsilon) if privacy.epsilon else Words
    protector = trunk_protector(
        trunk=trunk,
        trunk_size=settings.trunk.size,
        code_size=size,
        words=partial(kind, choices=choices, words=words),
        name="protector",
    )
    protector.get_layer("code").set_weights([vocabulary.kernel, vocabulary.bias])
    protector.get_layer("words").set_weights([vocabulary.values])
    return protector, {
        "numbers": size,
        "words": words,
        "choices": choices,
        "most_bits_a_protected_image_holds": words * math.log2(choices),
        "share_of_features_kept": vocabulary.kept,
    } | ({"privacy_epsilon": privacy.epsilon} if privacy.epsilon else {})


@contextlib.contextmanager
def _enough_pictures(size: int) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UserError(f"--code_size={size}: {error}; give fewer, or more pictures") from None


def _of_pictures(
    trunk: keras.Model, settings: PhotoSettings, classifier: keras.Model
) -> keras.Model:
    """The classifier of features behind its trunk: from pictures to logits."""
    images = keras.Input((None, None, 3), name="image")
    features = seen(images, trunk=trunk, trunk_size=settings.trunk.size)
    return keras.Model(images, classifier(features), name="reference_classifier")
