"""The best linear way back from a protected picture, by somebody who owns the protector."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as ReferenceRidge

from tfppdnn.attacks import OwnedProtector, RidgeAttack, ThreatModel
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.regression import Ridge
from tfppdnn.errors import UserError

RNG = np.random.default_rng(3)


def smooth_images(count, *, side=8):
    """Pictures whose quarters are each of one brightness."""
    quarters = RNG.integers(0, 256, (count, 2, 2, 1), np.uint8)
    return np.repeat(np.kron(quarters, np.ones((1, side // 2, side // 2, 1), np.uint8)), 3, axis=3)


class Shuffled:
    """Negatives, with all pixels at other places."""

    def protect(self, images):
        order = np.random.default_rng(0).permutation(images[0].size)
        return 255 - images.reshape(len(images), -1)[:, order].reshape(images.shape)


class Tiles:
    """Draws of each quarter one of eight colours, which are in no order."""

    def protect(self, images):
        palette = np.random.default_rng(0).permutation(256)[:8].astype(np.uint8)
        return palette[images // 32]


class Turned:
    """Draws a brightness as an angle: which no line undoes."""

    def protect(self, images):
        angle = images.astype(float) * (0.75 * 2 * np.pi / 256)
        drawn = np.stack([np.cos(angle[..., 0]), np.sin(angle[..., 1]), angle[..., 2] * 0], axis=-1)
        return np.rint(127.5 + 127.5 * drawn).astype(np.uint8)


def mean_error(protector, *, pairs, **settings):
    """How many grey levels a pixel is wrong on average, of pictures the attacker has not."""
    targets = smooth_images(50)
    data = OwnedProtector(
        targets=protector.protect(targets), protector=protector, plain=smooth_images(pairs)
    )
    found = RidgeAttack(**settings).run(data)
    assert (found.attack, found.threat_model) == ("ridge", ThreatModel.PROTECTOR)
    return np.abs(found.images.astype(int) - targets).mean()


def test_what_is_moved_and_inverted_comes_back_exactly():
    assert mean_error(Shuffled(), pairs=100, random_features=0) < 0.5


def test_a_few_colours_in_no_order_are_told_apart():
    # A brightness is known to one of 32 levels: at best it is wrong by 8 on average.
    assert mean_error(Tiles(), pairs=500, random_features=0) < 10


def test_random_features_find_what_is_not_linear():
    assert mean_error(Turned(), pairs=1500, random_features=300) < 8
    assert mean_error(Turned(), pairs=1500, random_features=0) > 15


def test_another_seed_takes_other_random_features():
    protector, targets = Turned(), smooth_images(4)
    data = OwnedProtector(
        targets=protector.protect(targets), protector=protector, plain=smooth_images(200)
    )
    first, again, other = (
        RidgeAttack(random_features=20, seed=seed).run(data).images for seed in (0, 0, 1)
    )
    assert (first == again).all() and (first != other).any()


def test_only_pixels_that_say_something_are_read():
    pictures = np.zeros((40, 2, 2, 3), np.uint8)
    pictures[:, 0, 0] = np.arange(40)[:, None]  # Three channels alike, of many values.
    pictures[:, 0, 1, 0] = np.arange(40) % 4  # Itself, and which of four: three say that.
    pictures[:, 1, 1, 2] = 7
    read = Features(pictures, most=10, random_features=0, seed=0)
    assert read.count == 1 + 1 + 3
    assert Features(pictures, most=2, random_features=0, seed=0).count == 1 + 1
    numbers = read(pictures)
    assert numbers.shape == (40, read.count)
    values = np.sort(numbers.std(axis=0))
    np.testing.assert_allclose(values, [np.sqrt(3) / 4] * 3 + [1, 1])


def test_of_very_many_pixels_random_sums_are_taken():
    few = Shuffled().protect(smooth_images(200))
    assert Features(few, most=64, random_features=5, seed=0).count == 9
    noise = RNG.integers(0, 256, (200, 8, 8, 3), np.uint8)
    read = Features(noise, most=64, random_features=5, seed=0)
    assert read(noise).shape == (200, read.count) == (200, 64 + 5)


def test_the_fit_is_that_of_a_reference():
    # More than one batch, and features whose mean is not 0.
    x = RNG.normal(size=(2500, 6)) * np.arange(1, 7) + 3
    y = x[:, :2] @ RNG.normal(size=(2, 300)) + RNG.normal(size=(2500, 300)) + 5
    fitted = Ridge(x.__getitem__, y.__getitem__, pairs=2500)
    wanted = ReferenceRidge(alpha=fitted.penalty * (x**2).sum() / 6).fit(x, y)
    np.testing.assert_allclose(fitted(x[:9]), wanted.predict(x[:9]), rtol=1e-9)


@pytest.mark.parametrize("noise", [0, 3, 300])
def test_the_penalty_is_what_suits_every_tenth_pair_best(noise):
    x = RNG.normal(size=(200, 40))
    y = x[:, :3] * 2 + noise * RNG.normal(size=(200, 3))
    tenth = np.arange(200) % 10 == 9

    def error(penalty):
        alpha = penalty * (x[~tenth] ** 2).sum() / 40
        reference = ReferenceRidge(alpha=alpha).fit(x[~tenth], y[~tenth])
        return ((reference.predict(x[tenth]) - y[tenth]) ** 2).mean()

    found = Ridge(x.__getitem__, y.__getitem__, pairs=200).penalty
    assert found == min(10.0 ** np.arange(1, -7, -1), key=error)
    assert (found == 1e-6) == (noise == 0)


def test_a_picture_that_says_nothing_gives_the_mean():
    class Grey:
        def protect(self, images):
            return np.full_like(images, 90)

    plain = smooth_images(30)
    data = OwnedProtector(targets=Grey().protect(plain[:2]), protector=Grey(), plain=plain)
    found = RidgeAttack(random_features=0).run(data)
    assert np.abs(found.images - plain.mean(axis=0)).max() <= 0.5


def test_an_attacker_without_images_is_told():
    with pytest.raises(UserError, match="no images"):
        mean_error(Shuffled(), pairs=0)
