"""Orientation agreement against gratings worked by hand, its definition, and disguises."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage.data import chelsea
from skimage.feature import canny

from tfppdnn import leakage as metrics


@pytest.fixture(scope="module")
def plain():
    """24 photographs of 32x32: crops of one scikit-image photograph at half its size."""
    photograph = chelsea()[::2, ::2]
    corners = np.random.default_rng(0).integers(0, 118, (24, 2))
    return np.stack([photograph[y : y + 32, x : x + 32] for y, x in corners])


def clipped(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def blurred(images, sigma):
    return gaussian_filter(images / 1.0, (0, sigma, sigma, 0))


def grating(degrees, *, period=8, size=96, contrast=100):
    """One image of straight stripes, uint8 [1, size, size, 3]."""
    y, x = np.mgrid[:size, :size]
    angle = np.radians(degrees)
    phase = 2 * np.pi / period * (x * np.cos(angle) + y * np.sin(angle))
    return clipped(np.repeat((128 + contrast * np.sin(phase))[None, ..., None], 3, axis=-1))


@pytest.mark.parametrize("degrees", [0, 15, 30, 45, 60, 90, 135])
def test_stripes_score_the_cosine_of_twice_their_angle(degrees):
    # Away from the margins both fields are uniform: nothing but the angle is left.
    score = metrics.orientation_agreement(grating(degrees), grating(0))
    np.testing.assert_allclose(score, np.cos(np.radians(2 * degrees)), atol=0.03)


def test_stripes_of_other_width_contrast_and_polarity_agree():
    other = 255 - grating(20, period=13, contrast=10)
    np.testing.assert_allclose(metrics.orientation_agreement(other, grating(20)), 1, atol=0.03)


def test_orientation_agreement_follows_its_definition(plain):
    noise = np.random.default_rng(1).integers(0, 256, plain.shape)
    images = clipped(plain * 0.5 + noise * 0.5)[:5]
    taps = np.arange(-6, 7)
    bell = np.exp(-(taps**2) / (2 * 1.5**2))
    bell /= bell.sum()
    slope = -taps / 1.5**2 * bell

    def filtered(values, down, across):
        return convolve2d(np.pad(values, 6, mode="symmetric"), np.outer(down, across), "valid")

    def field(image):
        strength, doubled = 0, 0
        for channel in np.moveaxis(image[2:-2, 2:-2].astype(float), -1, 0):
            gradient = filtered(channel, bell, slope) + 1j * filtered(channel, slope, bell)
            strength = strength + filtered(abs(gradient) ** 2, bell, bell)
            squared = gradient**2  # Squaring a complex number doubles its angle.
            doubled = doubled + filtered(squared.real, bell, bell)
            doubled = doubled + 1j * filtered(squared.imag, bell, bell)
        return doubled / (strength + 0.1 * strength.mean() + 0.001)

    expected = []
    for image, target in zip(images, plain[:5], strict=True):
        a, b = field(image), field(target)
        expected.append((a * b.conj()).real.sum() / np.linalg.norm(a) / np.linalg.norm(b))
    np.testing.assert_allclose(
        metrics.orientation_agreement(images, plain[:5]), expected, atol=1e-6
    )


def framed(plain):
    framed = plain.copy()
    framed[:, :2], framed[:, -2:], framed[:, :, :2], framed[:, :, -2:] = 255, 0, 255, (0, 255, 0)
    return framed


def drawn(plain):
    edges = [canny(image.mean(axis=-1) / 255, sigma=1) for image in plain]
    return np.repeat(np.stack(edges)[..., None], 3, axis=-1) * np.uint8(255)


def salted(plain):
    random = np.random.default_rng(2)
    salt = random.integers(0, 2, plain.shape) * 255
    return np.where(random.random((*plain.shape[:3], 1)) < 0.3, salt, plain).astype(np.uint8)


DISGUISES = {
    "negative": (lambda plain: 255 - plain, 0.999),
    "channel swap": (lambda plain: plain[..., [2, 0, 1]], 0.999),
    "brightness shift": (lambda plain: clipped(plain * 1.0 + 60), 0.95),
    "faint": (lambda plain: clipped(100 + plain / 8), 0.9),
    "bright frame": (framed, 0.999),
    "posterised": (lambda plain: plain // 64 * 85, 0.7),
    "saturated": (lambda plain: clipped((plain - plain.mean(axis=(1, 2), keepdims=True)) * 8), 0.7),
    "line drawing": (drawn, 0.5),
    "salt on a third": (salted, 0.3),
}


@pytest.mark.parametrize(("disguise", "least"), DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_leaks(plain, disguise, least):
    report = metrics.leakage(disguise(plain), plain)
    assert report["orientation_agreement"].value > least
    assert report["orientation_agreement"].blind.high < 0.25
    assert report["orientation_agreement"].ceiling.mean == pytest.approx(1)


def test_a_bright_frame_fools_the_other_metrics_only(plain):
    report = metrics.leakage(framed(plain), plain)
    assert report["affine_ssim"].value < report["affine_ssim"].blind.mean + 0.2
    assert report["contour_correlation"].value < report["contour_correlation"].blind.mean + 0.2
    assert report["orientation_agreement"].value == pytest.approx(1)


def test_what_shows_nothing_scores_chance(plain):
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, plain.shape, dtype=np.uint8)
    blots = clipped(128 + 300 * (blurred(noise, 1.5) - 128))
    for images in (noise, blots, plain[metrics.shuffled_partners(len(plain), seed=4)]):
        assert abs(metrics.orientation_agreement(images, plain).mean()) < 0.15


def test_more_blur_leaks_less(plain):
    scores = [
        metrics.orientation_agreement(clipped(blurred(plain, sigma)), plain)
        for sigma in (1, 2, 4, 8)
    ]
    means = np.mean(scores, axis=1)
    assert means[0] > 0.9
    assert (np.diff(means) < -0.05).all()
    assert means[-1] < 0.5


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (17, 32)])
def test_a_flat_image_shows_nothing_at_any_size(shape):
    flat = np.full((2, *shape, 3), 77, np.uint8)
    edges = np.random.default_rng(5).integers(0, 256, flat.shape, dtype=np.uint8)
    assert (metrics.orientation_agreement(flat, edges) == 0).all()
    assert (metrics.orientation_agreement(edges, flat) == 0).all()
