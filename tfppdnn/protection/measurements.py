"""What `train` measures, on 8-bit images; of h_p on images that no network was trained on."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import keras
import numpy as np

from tfppdnn.datasets.blocks import in_blocks
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.images.photographs import photographs
from tfppdnn.leakage.baseline import Baseline, shuffled_partners
from tfppdnn.leakage.contours import contour_correlation
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import to_record
from tfppdnn.leakage.intervals import mean_with_interval
from tfppdnn.leakage.orientation import orientation_agreement
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.protection.preliminary_images import PreliminaryImages
from tfppdnn.run_folder import RunFolder
from tfppdnn.training.classifiers import accuracy_of

LEAKAGE_IMAGES = 1000
"""Leakage is measured on this many images, so re-identification is among 1,000."""


def measure_preliminary(
    run: RunFolder,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
) -> None:
    """Records what h_theta makes of P and what P shows, under `preliminary_images`."""
    some = slice(LEAKAGE_IMAGES)
    plain = dataset.train_images[preliminary.sources[some]]
    run.record(
        "preliminary_images",
        {
            "images": len(preliminary.images),
            "accuracy": accuracy_of(reference_classifier, preliminary.images, preliminary.labels),
            "leakage": _leakage(
                preliminary.images[some], Baseline(plain, plain_train=dataset.train_images)
            ),
        },
    )


def measure_protector(
    run: RunFolder,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    protector: keras.Model,
    restorer: keras.Model,
    *,
    test_images: int,
) -> None:
    """Records what h_theta makes of h_p(x) and what h_p(x) shows, under `protector`.

    `restored_leakage` is what G_BA, trained beside h_p, makes of h_p(x): a first bound on
    what an attacker who owns h_p can see. `class_leakage` is that of each class's mean picture:
    what the class alone gives away, which h_p lets through by design.
    `different_protected` counts the protected images that differ: the fewer, the more images hide
    behind each other. `photographs_leakage` holds the outlines of photographs at 96x96: an image
    set may be so smooth that its own outlines prove nothing.
    """
    test = slice(test_images or None)
    plain, labels = dataset.test_images[test], dataset.test_labels[test]
    protected = run_on_images(protector, plain)
    some = slice(LEAKAGE_IMAGES)
    baseline = Baseline(plain[some], plain_train=dataset.train_images)
    restored = run_on_images(restorer, protected[some])
    run.record(
        "protector",
        {
            "test_images": len(plain),
            "reference_accuracy_on_protected": accuracy_of(reference_classifier, protected, labels),
            "reference_accuracy_on_plain": accuracy_of(reference_classifier, plain, labels),
            "different_protected": len({sha256(image.tobytes()).digest() for image in protected}),
            "leakage": _leakage(protected[some], baseline),
            "restored_leakage": _leakage(restored, baseline),
            "class_leakage": _leakage(_class_means(dataset)[labels[some]], baseline),
            "photographs_leakage": outlines_of_photographs(protector),
        },
    )


def summary(metrics: dict[str, Any]) -> dict[str, Any]:
    """The few figures that `train` prints, from `metrics.json`."""
    protector = metrics["protector"]
    return {
        "reference_accuracy": protector["reference_accuracy_on_plain"],
        "reference_accuracy_on_protected": protector["reference_accuracy_on_protected"],
        "test_images": protector["test_images"],
        **{
            name: round(protector["leakage"][name]["mean"], 4)
            for name in (
                "ssim",
                "affine_ssim",
                "affine_ssim_floor",
                "orientation_agreement",
                "orientation_agreement_chance",
                "contour_correlation",
                "contour_correlation_chance",
                "reidentification",
            )
        },
        "photographs_orientation_agreement": round(
            protector["photographs_leakage"]["orientation_agreement"]["mean"], 4
        ),
        "restored_ssim": round(protector["restored_leakage"]["ssim"]["mean"], 4),
    }


def _class_means(dataset: ImageDataset) -> np.ndarray:
    """The mean training picture of each class, uint8 [K, S, S, 3]; of a class without any, grey."""
    means = np.full((dataset.num_classes, *dataset.train_images.shape[1:]), 128, np.uint8)
    totals, start = np.zeros(means.shape, np.int32), 0
    for some in in_blocks(dataset.train_images):
        labels = dataset.train_labels[start : start + len(some)]
        start += len(some)
        for label in np.unique(labels):
            totals[label] += some[labels == label].sum(axis=0, dtype=np.int32)
    for label, count in zip(*np.unique(dataset.train_labels, return_counts=True), strict=True):
        means[label] = np.round(totals[label] / count)
    return means


def _leakage(images: np.ndarray, baseline: Baseline) -> dict[str, Any]:
    return to_record(Examination(images, baseline).figures)


def outlines_of_photographs(protector: keras.Model) -> dict[str, Any]:
    """Says how far the outlines of photographs at 96x96 can be followed."""
    plain = photographs()
    protected = run_on_images(protector, plain)
    others = plain[shuffled_partners(len(plain), seed=0)]
    scores = {}
    for metric in (orientation_agreement, contour_correlation):
        scores[metric.__name__] = metric(protected, plain)
        scores[f"{metric.__name__}_chance"] = metric(protected, others)
    return {name: mean_with_interval(values).to_dict() for name, values in scores.items()}
