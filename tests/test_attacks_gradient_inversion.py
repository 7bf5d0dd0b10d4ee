"""Gradient inversion: images found again from what a known protector made of them."""

import keras
import numpy as np
import pytest

from tfppdnn.attacks import GradientInversionAttack, ThreatModel, WhiteBox
from tfppdnn.attacks.gradient_inversion import ImageSearch
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.leakage import ssim

SMALL = {"steps": 200, "learning_rate": 0.05, "batch_size": 4}


@pytest.fixture(scope="module")
def digits():
    """Digits of 16x16 pixels in three different channels."""
    dataset = load_digits()

    def coloured(images):
        images = images[:, ::2, ::2].copy()
        images[..., 1] = 255 - images[..., 1]
        images[..., 2] //= 2
        return images

    return coloured(dataset.train_images[:100]), coloured(dataset.test_images[:6])


class Rounded:
    """A protector that is a function of images in [0, 1], rounded to 8 bits."""

    def __init__(self, function):
        self.function = function

    def protect(self, images):
        protected = self.function(keras.ops.convert_to_tensor(images / np.float32(255)))
        return np.rint(np.array(protected) * 255).astype(np.uint8)


def identity(images):
    return images


def blurred_negative(images):
    return 1 - keras.ops.average_pool(images, 3, strides=1, padding="same")


def attacked(digits, function, *, checkpoints=None, **settings):
    plain, held_out = digits
    protector = Rounded(function)
    data = WhiteBox(
        targets=protector.protect(held_out),
        protector=protector,
        plain=plain,
        differentiable=function,
    )
    return GradientInversionAttack(**{**SMALL, **settings}).run(data, checkpoints=checkpoints)


@pytest.mark.parametrize(
    "function", [identity, pytest.param(blurred_negative, marks=pytest.mark.slow)]
)
def test_what_is_still_there_is_found(digits, function):
    result = attacked(digits, function)
    assert ssim(result.images, digits[1]).min() > 0.9
    assert result.images.dtype == np.uint8
    assert result.attack == "gradient_inversion"
    assert result.threat_model is ThreatModel.PROTECTOR
    assert "grey levels" in result.finding


def test_a_convolutional_network_is_inverted(digits):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Conv2D(12, 3, padding="same", activation="leaky_relu"),
            keras.layers.Conv2D(3, 1, activation="sigmoid"),
        ]
    )
    result = attacked(digits, network, tv_weight=1e-5)
    assert ssim(result.images, digits[1]).mean() > 0.9


def test_each_target_keeps_its_better_start(digits):
    # Where nothing moves the starts stay what they are, and the mean image is the nearer one.
    result = attacked(digits, identity, steps=1, learning_rate=1e-6)
    np.testing.assert_allclose(result.images, digits[0].mean(axis=0)[None].repeat(6, 0), atol=1)


def test_the_objective_is_its_definition():
    rng = np.random.default_rng(0)
    images, targets = rng.random((2, 2, 5, 6, 3), np.float32)
    search = ImageSearch(lambda x: x**2, images, tv_weight=0.0)
    distance, variation = search.parts(targets)
    np.testing.assert_allclose(
        distance, [((i**2 - t) ** 2).mean() for i, t in zip(images, targets, strict=True)], 1e-5
    )
    expected = [
        np.abs(np.diff(i, axis=0)).mean() + np.abs(np.diff(i, axis=1)).mean() for i in images
    ]
    np.testing.assert_allclose(variation, expected, 1e-5)


def test_a_protector_that_cannot_be_differentiated_is_no_failure(digits):
    plain, held_out = digits
    data = WhiteBox(targets=held_out, protector=Rounded(identity), plain=plain, differentiable=None)
    result = GradientInversionAttack().run(data)
    assert result.images is None
    assert "differentiated" in result.finding


class KilledError(Exception):
    """Stands for the end of the process."""


def test_a_killed_attack_goes_on_and_ends_with_the_same_images(digits, tmp_path, monkeypatch):
    expected = attacked(digits, identity, steps=20).images

    fit, searched = keras.Model.fit, []

    def killed_in_the_second_batch(model, *arguments, **keywords):
        searched.append(model)
        if len(searched) == 2:
            raise KilledError
        return fit(model, *arguments, **keywords)

    monkeypatch.setattr(keras.Model, "fit", killed_in_the_second_batch)
    with pytest.raises(KilledError):
        attacked(digits, identity, steps=20, checkpoints=tmp_path)
    resumed = attacked(digits, identity, steps=20, checkpoints=tmp_path)
    np.testing.assert_array_equal(resumed.images, expected)
    assert len(searched) == 3


@pytest.mark.parametrize("shape", [(0, 16, 16, 3), (5, 8, 8, 3)])
def test_wrong_data_gets_one_line(digits, shape):
    data = WhiteBox(
        targets=digits[1],
        protector=Rounded(identity),
        plain=np.zeros(shape, np.uint8),
        differentiable=identity,
    )
    with pytest.raises(UserError, match="of the targets' size, 16x16") as refused:
        GradientInversionAttack().run(data)
    assert "\n" not in str(refused.value)
