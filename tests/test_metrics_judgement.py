"""Failed attacks are told from blurry, faint and inverted successes."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.data import chelsea
from skimage.feature import canny

from tfppdnn import leakage as metrics
from tfppdnn.errors import UserError
from tfppdnn.leakage.judgement import AttackStatus, judge_reconstructions
from tfppdnn.leakage.variation import variance_across_images


@pytest.fixture(scope="module")
def photographs():
    """48 plain images under attack and 48 others: crops of one photograph."""
    photograph = chelsea()
    corners = np.random.default_rng(0).integers(0, 260, (96, 2))
    crops = np.stack([photograph[y : y + 32, x : x + 32] for y, x in corners])
    return crops[:48], crops[48:]


def clipped(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def noise_like(plain, spread, seed=1):
    return np.random.default_rng(seed).normal(0, spread, plain.shape)


def drawn(plain):
    """White lines on black: below the mean image by every measure of values."""
    edges = [canny(image.mean(axis=-1) / 255, sigma=1) for image in plain]
    return np.repeat(np.stack(edges)[..., None], 3, axis=-1) * np.uint8(255)


def look_alikes(plain):
    """Sharp and mostly wrong: nearer to the mean image by every measure of values."""
    images = np.roll(plain, 1, axis=0)[:, ::-1, ::-1].copy()
    images[::6] = clipped(plain + noise_like(plain, 60))[::6]
    return images


SUCCESSES = {
    "plain": lambda plain: plain,
    "negative": lambda plain: 255 - plain,
    "channel swap": lambda plain: plain[..., [2, 0, 1]],
    "negative, blurred": lambda plain: clipped(255 - gaussian_filter(plain * 1.0, (0, 2, 2, 0))),
    "blurred": lambda plain: clipped(gaussian_filter(plain * 1.0, (0, 4, 4, 0))),
    "nothing but the tint": lambda plain: clipped(
        np.broadcast_to(plain.mean(axis=(1, 2), keepdims=True), plain.shape)
    ),
    "faint": lambda plain: clipped(100 + plain / 16),
    "line drawing": lambda plain: drawn(plain),
    "one in six is found": look_alikes,
    # As noise to the eye; matched whatever the contrast, and else by nothing.
    "a tenth of it in noise": lambda plain: clipped(
        plain.mean(axis=0) + 0.1 * (plain - plain.mean(axis=0)) + noise_like(plain, 40)
    ),
    "so faint that it is flat": lambda plain: clipped(
        128 + (plain - plain.mean(axis=0)) / 50 + noise_like(plain, 3)
    ),
    "noisy": lambda plain: clipped(plain + noise_like(plain, 40)),
}


@pytest.mark.parametrize("attack", SUCCESSES.values(), ids=SUCCESSES)
def test_whatever_depends_on_the_input_works(photographs, attack):
    plain, plain_train = photographs
    quality = judge_reconstructions(attack(plain), plain, plain_train)
    assert quality.status == "works", quality
    assert not quality.failed


def test_a_negative_is_below_the_mean_image_by_ssim_alone(photographs):
    plain, plain_train = photographs
    quality = judge_reconstructions(255 - plain, plain, plain_train)
    assert quality.ssim < quality.ssim_floor
    assert quality.affine_ssim == 1 > quality.affine_ssim_floor


@pytest.mark.parametrize("flicker", [0, 2, 3])
def test_one_image_for_all_is_collapsed_whatever_it_scores(photographs, flicker):
    plain, plain_train = photographs
    one = metrics.mean_image_baseline(plain_train, len(plain))
    quality = judge_reconstructions(clipped(one + noise_like(plain, flicker)), plain, plain_train)
    assert quality.status is AttackStatus.COLLAPSED
    assert quality.failed
    assert quality.ssim > 0
    assert "hardly depend" in quality.sentence


FAILURES = {
    "other people's images": lambda plain: plain[metrics.shuffled_partners(len(plain), seed=5)],
    "noise": lambda plain: clipped(128 + noise_like(plain, 60)),
    "one of two images": lambda plain: plain[np.arange(len(plain)) % 2],
}


@pytest.mark.parametrize("attack", FAILURES.values(), ids=FAILURES)
def test_images_that_vary_without_likeness_are_below_the_mean_image(photographs, attack):
    plain, plain_train = photographs
    quality = judge_reconstructions(attack(plain), plain, plain_train)
    assert quality.status is AttackStatus.BELOW_THE_MEAN_IMAGE, quality
    assert quality.variation > 0.3
    assert "no more about" in quality.sentence


@pytest.mark.parametrize(("hits", "status"), [(4, "below the mean image"), (6, "works")])
def test_a_few_matches_are_luck_and_more_are_not(hits, status):
    random = np.random.default_rng(2)
    plain = random.integers(0, 256, (400, 8, 8, 3), np.uint8)
    bystanders = random.integers(0, 256, (600, 8, 8, 3), np.uint8)
    images = random.integers(0, 256, plain.shape, np.uint8)
    matched = np.arange(400) < hits
    images[matched] = plain[matched]
    # Of 400 in a crowd of 400 and of 1,000, one and 0.4 are to be expected.
    quality = judge_reconstructions(images, plain, plain)
    assert quality.status == status
    swelled = judge_reconstructions(images, plain, plain, bystanders=bystanders)
    assert swelled.status == "works"
    assert swelled.matched == quality.matched == hits / 400


def test_outlines_that_all_images_share_are_no_success(photographs):
    plain, plain_train = photographs
    stripes = (80 * (np.arange(32) // 8 % 2)).astype(np.uint8)[:, None]
    plain, plain_train = plain // 4 + stripes, plain_train // 4 + stripes
    others = plain[metrics.shuffled_partners(len(plain), seed=5)]

    quality = judge_reconstructions(others, plain, plain_train)
    assert quality.orientation_agreement > 0.5
    assert quality.status is AttackStatus.BELOW_THE_MEAN_IMAGE, quality


def test_the_variation_by_hand():
    plain = np.zeros((2, 8, 8, 3), np.uint8)
    plain[1] = 200  # Variance 100^2 everywhere.
    images = np.zeros_like(plain)
    images[1, :4] = 100  # Variance 50^2 in one half.
    assert variance_across_images(plain) == 10_000
    assert judge_reconstructions(images, plain, plain).variation == 0.125


def test_the_variation_is_the_same_in_small_batches(photographs, monkeypatch):
    whole = variance_across_images(photographs[0])
    monkeypatch.setattr("tfppdnn.leakage.variation._VALUES_AT_A_TIME", 48 * 1000)
    assert variance_across_images(photographs[0]) == pytest.approx(whole, rel=1e-12)
    assert whole == pytest.approx(photographs[0].astype(float).var(axis=0).mean(), rel=1e-12)


def test_the_judgement_is_ready_for_json(photographs):
    plain, plain_train = photographs
    written = json.loads(json.dumps(judge_reconstructions(plain, plain, plain_train).to_dict()))
    assert written["status"] == "works"
    assert written["variation"] == 1


def test_images_that_cannot_be_judged_are_refused(photographs):
    plain, plain_train = photographs
    with pytest.raises(UserError, match="all equal"):
        judge_reconstructions(plain[:4], np.repeat(plain[:1], 4, axis=0), plain_train)
    with pytest.raises(UserError, match="at least 2"):
        judge_reconstructions(plain[:1], plain[:1], plain_train)
