"""All measures of one set of images, each beside its floor or chance and its ceiling."""

from __future__ import annotations

from numpy.typing import ArrayLike

from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import Figures
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
) -> Figures:
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
        By the keys of `MEASURES`, mean and 95% interval of each, and what knowing nothing and
        hiding nothing score:

        - `ssim`, `affine_ssim`, `psnr`: the floor is the mean image's.
        - `contour_correlation`, `orientation_agreement`: chance is held against other images'
          plain images.
        - `reidentification`, `cosine_reidentification`: chance is 1/(N + K).
        - `recognition`: chance is always the class that is most frequent among these.
        - All: the ceiling is that of the plain images themselves.

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
    return Examination(images, baseline).figures
