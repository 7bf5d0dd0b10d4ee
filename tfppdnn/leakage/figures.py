"""All leakage metrics of one set of images, each beside its floor and its ceiling."""

from __future__ import annotations

from numpy.typing import ArrayLike

from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.intervals import Interval, mean_with_interval
from tfppdnn.leakage.pairs import Images, check_pair
from tfppdnn.leakage.recogniser import Recogniser


def leakage(
    images: Images,
    plain: Images,
    *,
    seed: int = 0,
    plain_train: Images | None = None,
    bystanders: Images | None = None,
    recognise: Recogniser | None = None,
    labels: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Measures what images give away about their plain images, beside chance and the most there is.

    Args:
        images: uint8 [N, H, W, 3], protected images or reconstructions, N at least 2.
        plain: uint8 [N, H, W, 3], their plain images in the same order.
        seed: Of the shuffled partners and the bootstrap.
        plain_train: uint8 [M, H, W, 3], other plain images whose mean is the floor; the
            mean of `plain` if not given, a slightly higher floor.
        bystanders: uint8 [K, H, W, 3], plain images that are behind none of these, in the
            crowd in which each image's own is looked for.
        recognise: A classifier trained on plain images, for reconstructions; without one
            `recognition` is left out. (Protected images are made to be recognised.)
        labels: [N] class indices of the plain images, for `recognise`.

    Returns:
        Mean and 95% interval of each metric, and under its name with a suffix what knowing
        nothing and hiding nothing score:

        - `ssim`, `affine_ssim`, `psnr`: `_floor`, the mean image.
        - `contour_correlation`, `orientation_agreement`: `_chance`, held against other
          images' plain images.
        - `reidentification`, `cosine_reidentification`: `_chance`, 1/(N + K).
        - `recognition`: `_chance`, always the class that is most frequent among these.
        - All: `_ceiling`, the plain images themselves.

    Raises:
        UserError: If the arrays cannot be paired, N is below 2, an image is below 7x7, or
            there is a classifier without labels that fit.
    """
    check_pair(images, plain)
    baseline = Baseline(
        plain,
        plain_train=plain_train,
        bystanders=bystanders,
        recognise=recognise,
        labels=labels,
        seed=seed,
    )
    return leakage_of(Examination(images, baseline))


def leakage_of(examined: Examination) -> dict[str, Interval]:
    """The same of images that are examined already, or beside a baseline that is known.

    Args:
        examined: The images.

    Returns:
        As `leakage`.

    Raises:
        UserError: If an image is below 7x7, or the classifier's labels do not fit.
    """
    baseline = examined.baseline
    scores = dict(examined.likeness)
    scores["contour_correlation"], scores["contour_correlation_chance"] = examined.contours
    scores["orientation_agreement"], scores["orientation_agreement_chance"] = examined.orientation
    scores |= examined.matches
    if examined.recognised is not None:
        scores["recognition"] = examined.recognised
    figures = {
        name: mean_with_interval(values, seed=baseline.seed) for name, values in scores.items()
    } | baseline.figures
    return {
        name + suffix: figures[name + suffix]
        for name in scores
        for suffix in ("", "_floor", "_chance", "_ceiling")
        if name + suffix in figures
    }
