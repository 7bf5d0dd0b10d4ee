"""Finding the picture again among others: by hand, by plain computation, by chance."""

import numpy as np
import pytest
from leakage_samples import noise_like, photographs

from tfppdnn import leakage as metrics


@pytest.fixture(scope="module")
def plain():
    return photographs()


@pytest.fixture(scope="module")
def noise(plain):
    return noise_like(plain)


def test_reidentification_counts_only_the_one_nearest(plain, noise):
    assert metrics.reidentification(plain, plain).all()
    shuffled = plain[metrics.shuffled_partners(len(plain), seed=3)]
    assert not metrics.reidentification(shuffled, plain).any()
    mean_image = metrics.mean_image_baseline(plain, len(plain))
    assert metrics.reidentification(mean_image, plain).sum() == 1

    twins = plain.copy()
    twins[5] = twins[9]
    missed = np.flatnonzero(~metrics.reidentification(twins, twins))
    np.testing.assert_array_equal(missed, [5, 9])


def test_reidentification_sees_one_grey_level_in_large_bright_images():
    # Products are near 2e9 from the middle grey, where single precision counts in steps of 128.
    random = np.random.default_rng(5)
    plain = random.choice(np.array([0, 255], np.uint8), (1, 192, 192, 3)).repeat(3, axis=0)
    plain[1, 0, 0, 0] ^= 1
    plain[2, 5, 5, 1] ^= 1
    plain = np.concatenate([plain, 255 - plain])
    assert metrics.reidentification(plain, plain).all()
    found = metrics.reidentification(plain[[0, 0, 0, 3, 3, 3]], plain)
    np.testing.assert_array_equal(found, [True, False, False, True, False, False])


def test_reidentification_of_shuffled_images_is_about_chance():
    plain = np.random.default_rng(4).integers(0, 256, (400, 2, 2, 3), dtype=np.uint8)
    rates = [
        metrics.reidentification(np.random.default_rng(seed).permutation(plain), plain).mean()
        for seed in range(20)
    ]
    assert 0.5 / 400 < np.mean(rates) < 1.6 / 400


def test_reidentification_is_exact_where_float32_is_not():
    # Squared lengths of 2 x 10^8, one apart: equal to float32.
    plain = np.full((2, 32, 32, 3), 255, np.uint8)
    plain[1, 0, 0, 0] = 254
    assert metrics.reidentification(plain, plain).all()


@pytest.mark.parametrize("grey", [None, 0, 90, 255])
def test_what_was_faded_is_matched_by_its_direction_whatever_it_was_faded_to(plain, grey):
    mean = plain.mean(axis=0)
    faded_to = mean if grey is None else 0.9 * grey + 0.1 * mean
    faint = np.rint(faded_to + 0.1 * (plain - mean)).astype(np.uint8)
    # Nearest by Euclid is whichever plain image is least unlike that.
    assert metrics.reidentification(faint, plain).mean() < 0.5
    assert metrics.cosine_reidentification(faint, plain).all()


def test_others_and_negatives_are_not_matched_by_direction(plain):
    assert metrics.cosine_reidentification(plain, plain).all()
    assert not metrics.cosine_reidentification(255 - plain, plain).any()
    shuffled = plain[metrics.shuffled_partners(len(plain), seed=3)]
    assert not metrics.cosine_reidentification(shuffled, plain).any()


def test_a_tie_of_directions_is_a_miss(plain):
    mean_image = metrics.mean_image_baseline(plain, len(plain))
    assert not metrics.cosine_reidentification(mean_image, plain).any()
    twins = plain.copy()
    twins[5] = twins[9]
    missed = np.flatnonzero(~metrics.cosine_reidentification(twins, twins))
    np.testing.assert_array_equal(missed, [5, 9])


def test_directions_are_those_of_a_plain_computation():
    rng = np.random.default_rng(8)
    plain = rng.integers(0, 256, (60, 3, 4, 3), np.uint8)
    bystanders = rng.integers(0, 256, (20, 3, 4, 3), np.uint8)
    images = (plain // 3 + rng.integers(0, 120, plain.shape)).astype(np.uint8)
    crowd = np.concatenate([plain, bystanders])
    found = []
    for number, image in enumerate(images):
        x = (image - images.mean(axis=0)).ravel()
        cosines = []
        for other in crowd:
            y = (other - plain.mean(axis=0)).ravel()
            cosines.append(x @ y / np.sqrt((x @ x) * (y @ y)))
        found.append(np.argmax(cosines) == number)
    assert 0 < np.sum(found) < 60
    np.testing.assert_array_equal(
        metrics.cosine_reidentification(images, plain, bystanders), np.array(found)
    )


@pytest.mark.parametrize("way", ["reidentification", "cosine_reidentification"])
def test_bystanders_swell_the_crowd_in_which_an_image_is_looked_for(plain, way, monkeypatch):
    match = getattr(metrics, way)
    assert match(plain[:4], plain[:4], plain[4:]).all()
    # A twin among them is a tie.
    assert match(plain[:4], plain[:4], plain[[9, 2]]).tolist() == [True, True, False, True]
    report = metrics.leakage(plain[:4], plain[:4], bystanders=plain[4:])
    assert report[way].blind.mean == 1 / 24
    assert report[way].count == report[way].blind.count == 4
    # Also where they are looked through in several blocks.
    monkeypatch.setattr("tfppdnn.leakage.matching.VALUES_PER_BLOCK", 3 * plain[0].size)
    assert match(plain[:4], plain[:4], plain[[9, 2]]).tolist() == [True, True, False, True]
