"""The audit's measures as one would write them: scikit-image, SciPy and NumPy, image by image."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from scipy import ndimage
from scipy.stats import binomtest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

_RESAMPLES = 1000


def leakage(
    images: np.ndarray, plain: np.ndarray, others: np.ndarray, blind: np.ndarray
) -> dict[str, np.ndarray]:
    """What `tfppdnn.leakage.leakage` measures without a classifier.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3], their plain images.
        others: uint8 [N, H, W, 3], other images' plain images.
        blind: uint8 [H, W, 3], the mean image.

    Returns:
        Mean and both ends of the 95% interval of each figure but constants, float64 [3].
    """
    blind = [blind] * len(plain)
    scores = {}
    for name, measure in (("ssim", ssim), ("affine_ssim", affine_ssim), ("psnr", psnr)):
        for suffix, shown in (("", images), ("_floor", blind), ("_ceiling", plain)):
            scores[name + suffix] = _of_each(measure, shown, plain)
    for name, measure in (
        ("contour_correlation", contour_correlation),
        ("orientation_agreement", orientation_agreement),
    ):
        scores[name] = _of_each(measure, images, plain)
        scores[f"{name}_chance"] = _of_each(measure, images, others)
        scores[f"{name}_ceiling"] = _of_each(measure, plain, plain)
    for suffix, shown in (("", images), ("_ceiling", plain)):
        scores[f"reidentification{suffix}"] = reidentification(shown, plain)
        scores[f"cosine_reidentification{suffix}"] = cosine_reidentification(shown, plain)
    return {name: _interval(values) for name, values in scores.items()}


def ssim(image: np.ndarray, plain: np.ndarray) -> float:
    """Of two images, uint8 [H, W, 3]; so are all that follow, but re-identification."""
    return structural_similarity(image, plain, data_range=255, channel_axis=-1)


def psnr(image: np.ndarray, plain: np.ndarray) -> float:
    """In decibels, at most 100."""
    if np.array_equal(image, plain):
        return 100.0
    return min(peak_signal_noise_ratio(plain, image, data_range=255), 100.0)


def affine_ssim(image: np.ndarray, plain: np.ndarray) -> float:
    """SSIM after the best order of channels, and a least-squares line for each."""
    x, y = (a.reshape(-1, 3).astype(np.float64) for a in (image, plain))
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - mean_x, y - mean_y
    variance = (x**2).sum(axis=0)
    covariance = y.T @ x
    slopes = np.divide(covariance, variance, out=np.zeros((3, 3)), where=variance > 0)
    explained = slopes * covariance
    order = list(max(permutations(range(3)), key=lambda order: explained[range(3), order].sum()))
    fitted = x[:, order] * slopes[range(3), order] + mean_y
    return ssim(np.rint(fitted.clip(0, 255)).astype(np.uint8).reshape(plain.shape), plain)


def contour_correlation(image: np.ndarray, plain: np.ndarray) -> float:
    """The largest correlation of Sobel magnitudes at three smoothings."""
    a, b = _sobel_magnitude(image), _sobel_magnitude(plain)
    smoothed = (
        [ndimage.gaussian_filter(magnitude, sigma) for magnitude in (a, b)] for sigma in (0, 1, 2)
    )
    return max(abs(np.corrcoef(x.ravel(), y.ravel())[0, 1]) for x, y in smoothed)


def orientation_agreement(image: np.ndarray, plain: np.ndarray) -> float:
    """The cosine between two fields of doubled angles."""
    a, b = _orientations(image), _orientations(plain)
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def reidentification(images: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """All distances by one product in double precision: a loop would take longer."""
    x, y = (a.reshape(len(a), -1).astype(np.float64) for a in (images, plain))
    return _finds_its_own(2 * x @ y.T - (y**2).sum(axis=1), 0)


def cosine_reidentification(images: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """All cosines between deviations from the means, by one product again."""
    x, y = (a.reshape(len(a), -1) - a.reshape(len(a), -1).mean(axis=0) for a in (images, plain))
    x, y = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (x, y))
    return _finds_its_own(x @ y.T, 1e-9)


def _of_each(measure, images, plain) -> np.ndarray:
    return np.array([measure(a, b) for a, b in zip(images, plain, strict=True)])


def _sobel_magnitude(image: np.ndarray) -> np.ndarray:
    channels = np.moveaxis(image.astype(np.float64), -1, 0)
    squares = (ndimage.sobel(c, 0) ** 2 + ndimage.sobel(c, 1) ** 2 for c in channels)
    return np.sqrt(sum(squares))


def _orientations(image: np.ndarray) -> np.ndarray:
    top, left = (round(side / 16) for side in image.shape[:2])
    inside = image[top : image.shape[0] - top, left : image.shape[1] - left].astype(np.float64)
    down, right = (
        ndimage.gaussian_filter(inside, (1.5, 1.5, 0), order=order)
        for order in ((1, 0, 0), (0, 1, 0))
    )

    def averaged(products: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(products.sum(axis=-1), 1.5)

    strength = averaged(right**2 + down**2)
    doubled = np.stack([averaged(right**2 - down**2), averaged(2 * right * down)])
    return doubled / (strength + 0.1 * strength.mean() + 1e-3)


def _finds_its_own(likeness: np.ndarray, rounding: float) -> np.ndarray:
    own = likeness.diagonal() - rounding
    np.fill_diagonal(likeness, -np.inf)
    return likeness.max(axis=1) < own


def _interval(values: np.ndarray) -> np.ndarray:
    if values.dtype == bool:
        exact = binomtest(int(values.sum()), len(values)).proportion_ci(0.95, method="exact")
        return np.array([values.mean(), exact.low, exact.high])
    random, count = np.random.default_rng(0), len(values)
    means = [values[random.integers(count, size=count)].mean() for _ in range(_RESAMPLES)]
    return np.array([values.mean(), *np.quantile(means, [0.025, 0.975])])
