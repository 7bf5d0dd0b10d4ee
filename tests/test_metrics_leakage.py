"""Leakage metrics against hand-worked numbers, scikit-image and known disguises."""

import json

import numpy as np
import pytest
from leakage_samples import noise_like, photographs
from scipy import stats
from skimage.filters import gaussian, sobel_h
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tfppdnn import leakage as metrics
from tfppdnn.errors import UserError


@pytest.fixture(scope="module")
def plain():
    return photographs()


@pytest.fixture(scope="module")
def noise(plain):
    return noise_like(plain)


DISGUISES = {
    "negative": lambda plain: 255 - plain,
    "channel swap": lambda plain: plain[..., [2, 0, 1]],
    "swapped negative": lambda plain: 255 - plain[..., [1, 0, 2]],
    "brightness shift": lambda plain: np.clip(plain.astype(int) + 60, 0, 255).astype(np.uint8),
    "low contrast": lambda plain: (100 + plain / 4).astype(np.uint8),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguise_leaks_by_the_affine_metric(plain, disguise):
    assert metrics.affine_ssim(disguise(plain), plain).mean() > 0.95
    assert metrics.ssim(disguise(plain), plain).mean() < metrics.affine_ssim(plain, plain).mean()


def test_noise_leaks_no_more_than_the_mean_image(plain, noise):
    floor = metrics.affine_ssim(metrics.mean_image_baseline(plain, len(plain)), plain).mean()
    assert metrics.affine_ssim(noise, plain).mean() < floor + 0.02
    assert abs(metrics.ssim(noise, plain).mean()) < 0.05


@pytest.mark.parametrize("shape", [(7, 7), (9, 16)])
def test_ssim_follows_its_definition_window_by_window(shape):
    random = np.random.default_rng(2)
    plain = random.integers(0, 256, (3, *shape, 3), dtype=np.uint8)
    images = (plain * 0.7 + random.integers(0, 50, plain.shape)).astype(np.uint8)
    expected = []
    for image, target in zip(images, plain, strict=True):
        scores = []
        for top, left, channel in np.ndindex(shape[0] - 6, shape[1] - 6, 3):
            x, y = (a[top : top + 7, left : left + 7, channel].ravel() for a in (image, target))
            (variance_x, covariance), (_, variance_y) = np.cov(x, y)
            luminance = (2 * x.mean() * y.mean() + 2.55**2) / (
                x.mean() ** 2 + y.mean() ** 2 + 2.55**2
            )
            structure = (2 * covariance + 7.65**2) / (variance_x + variance_y + 7.65**2)
            scores.append(luminance * structure)
        expected.append(np.mean(scores))
    np.testing.assert_allclose(metrics.ssim(images, plain), expected, atol=1e-9)


def test_ssim_and_psnr_equal_scikit_images_defaults(plain, noise):
    images = (plain * 0.7 + noise * 0.3).astype(np.uint8)
    pairs = list(zip(images, plain, strict=True))
    expected = [structural_similarity(a, b, data_range=255, channel_axis=-1) for a, b in pairs]
    np.testing.assert_allclose(metrics.ssim(images, plain), expected, atol=1e-9)
    expected = [peak_signal_noise_ratio(b, a, data_range=255) for a, b in pairs]
    np.testing.assert_allclose(metrics.psnr(images, plain), expected, atol=1e-9)


def flat_beside_stripes(random, shape):
    images = np.full((4, *shape, 3), 255, np.uint8)
    images[1] = 0
    images[2, ::2] = 0
    return images, np.roll(images, 1, axis=0)


@pytest.mark.parametrize("shape", [(7, 7), (8, 23), (31, 9), (97, 64)])
@pytest.mark.parametrize(
    "pair",
    [
        lambda random, shape: random.integers(0, 256, (2, 5, *shape, 3), np.uint8),
        lambda random, shape: random.integers(250, 256, (2, 5, *shape, 3), np.uint8),
        flat_beside_stripes,
    ],
    ids=["noise", "nearly white", "flat"],
)
def test_ssim_is_scikit_images_at_any_size(pair, shape):
    images, targets = pair(np.random.default_rng(6), shape)
    expected = [
        structural_similarity(a, b, data_range=255, channel_axis=-1)
        for a, b in zip(images, targets, strict=True)
    ]
    np.testing.assert_allclose(metrics.ssim(images, targets), expected, rtol=0, atol=1e-12)
    assert (metrics.ssim(images, images) == 1).all()


def test_batches_do_not_show(plain, noise, monkeypatch):
    names = (
        "ssim",
        "psnr",
        "affine_fit",
        "contour_correlation",
        "orientation_agreement",
        "reidentification",
        "cosine_reidentification",
    )
    mixed = (plain // 2 + noise // 2).astype(np.uint8)

    def in_batches_of(count):
        for size in (
            "pairs.VALUES_PER_BATCH",
            "outlines._VALUES_PER_BATCH",
            "matching.VALUES_PER_BATCH",
            "matching.VALUES_PER_BLOCK",
        ):
            monkeypatch.setattr(f"tfppdnn.leakage.{size}", count * plain[0].size)

    in_batches_of(len(plain))
    whole = {name: getattr(metrics, name)(mixed, plain) for name in names}
    in_batches_of(5)
    for name in names:
        np.testing.assert_array_equal(getattr(metrics, name)(mixed, plain), whole[name])


def test_images_below_the_ssim_window_are_refused():
    small = np.zeros((2, 6, 9, 3), np.uint8)
    with pytest.raises(UserError, match="7x7 pixels and the images are 6x9"):
        metrics.ssim(small, small)


def test_psnr_by_hand():
    plain = np.full((3, 4, 4, 3), 100, np.uint8)
    images = plain.copy()
    images[1] += 1  # mean squared error 1: 20 log10(255)
    images[2] = 200  # mean squared error 10,000
    expected = [100.0, 48.1308, 8.1308]
    np.testing.assert_allclose(metrics.psnr(images, plain), expected, atol=1e-4)


def test_affine_fit_is_exact_where_a_fit_exists_and_flat_where_none_does(plain):
    np.testing.assert_array_equal(metrics.affine_fit(255 - plain, plain), plain)
    np.testing.assert_array_equal(metrics.affine_fit(plain[..., [2, 0, 1]], plain), plain)
    flat = metrics.affine_fit(np.full_like(plain, 9), plain)
    expected = np.rint(plain.mean(axis=(1, 2), keepdims=True))
    np.testing.assert_array_equal(flat, np.broadcast_to(expected, plain.shape))


def test_affine_fit_equals_numpys_least_squares_over_all_channel_orders(plain, noise):
    images = (plain[..., [1, 2, 0]] * 0.3 + noise * 0.6).astype(np.uint8)
    for image, target, fitted in zip(
        images[:4], plain[:4], metrics.affine_fit(images, plain), strict=False
    ):
        candidates = []
        for order in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
            fit = np.empty(target.shape)
            for channel, source in enumerate(order):
                values, wanted = image[..., source].ravel(), target[..., channel].ravel()
                fit[..., channel] = np.polyval(np.polyfit(values, wanted, 1), image[..., source])
            candidates.append((((fit - target) ** 2).sum(), fit))
        best = min(candidates, key=lambda candidate: candidate[0])[1]
        np.testing.assert_allclose(fitted, best.clip(0, 255), atol=0.5 + 1e-6)


def test_contour_correlation_follows_its_definition(plain, noise):
    images = (plain * 0.4 + noise * 0.6).astype(np.uint8)

    def contours(image):
        # scikit-image's Sobel is scipy's over 4 (and over 255 for 8-bit input).
        channels = [image[..., channel] for channel in range(3)]
        squares = [sobel_h(c) ** 2 + sobel_h(c.T).T ** 2 for c in channels]
        return np.sqrt(np.sum(squares, axis=0))

    expected = []
    for image, target in zip(images, plain, strict=True):
        a, b = contours(image), contours(target)
        pairs = [(a, b)] + [
            [gaussian(m, sigma, mode="reflect", preserve_range=True) for m in (a, b)]
            for sigma in (1, 2)
        ]
        expected.append(max(abs(stats.pearsonr(x.ravel(), y.ravel())[0]) for x, y in pairs))
    np.testing.assert_allclose(metrics.contour_correlation(images, plain), expected, atol=1e-6)


def test_contours_survive_a_negative_and_not_a_flat_image(plain, noise):
    np.testing.assert_allclose(metrics.contour_correlation(255 - plain, plain), 1.0)
    np.testing.assert_allclose(metrics.contour_correlation(plain[..., ::-1], plain), 1.0)
    assert (metrics.contour_correlation(np.full_like(plain, 77), plain) == 0).all()
    assert (metrics.contour_correlation(plain, np.full_like(plain, 77)) == 0).all()
    assert metrics.contour_correlation(noise, plain).mean() < 0.25


def test_shuffled_partners_never_keep_their_own():
    for count in (2, 3, 50):
        partners = metrics.shuffled_partners(count, seed=0)
        assert sorted(partners) == list(range(count))
        assert (partners != np.arange(count)).all()
    assert (partners != metrics.shuffled_partners(50, seed=1)).any()


def test_leakage_sets_every_figure_beside_its_floor(plain):
    report = metrics.leakage(255 - plain, plain, seed=0)
    assert report["affine_ssim"].value == 1.0 > 0.5 > report["affine_ssim"].blind.mean
    assert report["ssim"].value < report["ssim"].blind.mean
    assert report["contour_correlation"].value == pytest.approx(1.0)
    assert report["contour_correlation"].blind.mean < 0.5
    assert report["reidentification"].blind.mean == 1 / 24
    assert report["cosine_reidentification"].blind.mean == 1 / 24
    assert report["psnr"].value < report["psnr"].blind.mean
    assert all(figure.count == 24 for figure in report.values())


def test_figures_read_from_a_record_are_those_that_were_written(plain):
    report = metrics.leakage(255 - plain, plain, seed=0)
    record = json.loads(json.dumps(metrics.to_record(report), allow_nan=False))
    bounds = {"ssim_floor", "contour_correlation_chance", "reidentification_chance"}
    assert bounds | {"ssim", "ssim_ceiling"} <= record.keys()
    assert record["ssim"].keys() == {"mean", "low", "high", "count"}
    assert metrics.from_record(record) == report


def test_leakage_sets_every_figure_below_its_ceiling(plain):
    labels = np.arange(24) % 3

    def recognise(images):
        return np.where(images.mean(axis=(1, 2, 3)) > 128, labels, 0)

    bright = plain // 2 + 120
    report = metrics.leakage(bright // 4, bright, recognise=recognise, labels=labels)
    assert report.keys() == {
        "ssim",
        "affine_ssim",
        "psnr",
        "contour_correlation",
        "orientation_agreement",
        "reidentification",
        "cosine_reidentification",
        "recognition",
    }
    for name, figure in report.items():
        assert figure.ceiling.mean == pytest.approx(100 if name == "psnr" else 1)
        assert figure.value <= figure.ceiling.mean + 1e-9
    assert report["recognition"].value == report["recognition"].blind.mean == 8 / 24


def test_two_equal_plain_images_lower_the_ceiling_of_reidentification(plain):
    twins = plain.copy()
    twins[0] = twins[1]
    assert metrics.leakage(twins, twins)["reidentification"].ceiling.mean == 22 / 24


def test_recognition_is_measured_when_asked_for(plain):
    assert "recognition" not in metrics.leakage(plain, plain)
    with pytest.raises(UserError, match="give labels"):
        metrics.leakage(plain, plain, recognise=lambda images: np.zeros(24, int))


def test_leakage_floor_comes_from_other_images_when_given(plain):
    black = np.zeros((1, 32, 32, 3), np.uint8)
    report = metrics.leakage(plain, plain, plain_train=black)
    expected = metrics.psnr(np.zeros_like(plain), plain).mean()
    assert report["psnr"].blind.mean == pytest.approx(expected)


def test_arrays_that_cannot_be_compared_are_refused(plain):
    with pytest.raises(UserError, match="same size"):
        metrics.ssim(plain[:, :16], plain)
    with pytest.raises(UserError, match="float64"):
        metrics.psnr(plain / 255, plain)
    with pytest.raises(UserError, match="uint8 of shape"):
        metrics.reidentification(plain[0], plain[0])
    with pytest.raises(UserError, match="N at least 1"):
        metrics.affine_fit(plain[:0], plain[:0])
    with pytest.raises(UserError, match="at least 2"):
        metrics.leakage(plain[:1], plain[:1])
