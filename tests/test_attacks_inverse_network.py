"""The inverse network: what hides nothing from whoever owns the protector."""

import keras
import numpy as np
import pytest

from tfppdnn.attacks import (
    GlobalInverseNetworkAttack,
    InverseNetworkAttack,
    OwnedProtector,
    ThreatModel,
)
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.leakage import ssim

SMALL = {"epochs": 10, "learning_rate": 1e-2, "width": 8, "depth": 2}


class Function:
    """A protector that is any function of images."""

    def __init__(self, function):
        self.protect = function


def negative(images):
    return 255 - images


@pytest.fixture(scope="module")
def digits():
    """Digits of 16x16 pixels in three different channels."""
    dataset = load_digits()

    def coloured(images):
        images = images[:, ::2, ::2].copy()
        images[..., 1] = 255 - images[..., 1]
        images[..., 2] //= 2
        return images

    return coloured(dataset.train_images[:800]), coloured(dataset.test_images[:60])


def attacked(plain, held_out, protect, *, checkpoints=None, **settings):
    data = OwnedProtector(targets=protect(held_out), protector=Function(protect), plain=plain)
    return InverseNetworkAttack(**{**SMALL, **settings}).run(data, checkpoints=checkpoints)


@pytest.mark.parametrize(
    "protect",
    [
        pytest.param(np.copy, marks=pytest.mark.long),
        pytest.param(negative, marks=pytest.mark.slow),
    ],
)
def test_what_hides_nothing_comes_back(digits, protect):
    plain, held_out = digits
    result = attacked(plain, held_out, protect)
    assert ssim(result.images, held_out).mean() > 0.9
    assert result.images.dtype == np.uint8
    assert result.attack == "itn"
    assert result.threat_model is ThreatModel.PROTECTOR
    assert "800 images" in result.finding


def test_what_is_gone_does_not_come_back(digits):
    plain, held_out = digits
    result = attacked(plain, held_out, np.zeros_like, epochs=1)
    # All that can be learnt is the mean of the images: one picture, with one score.
    assert (result.images == result.images[0]).all()
    assert ssim(result.images, held_out).mean() < 0.5


@pytest.mark.long
def test_what_is_moved_across_the_image_comes_back_to_an_attack_of_global_reach():
    colours = np.random.default_rng(0).integers(0, 256, (460, 2, 2, 3), np.uint8)
    quarters = colours.repeat(16, axis=1).repeat(16, axis=2)
    plain, held_out = quarters[:400], quarters[400:]

    def turned(images):
        return images[:, ::-1, ::-1].copy()

    settings = {"epochs": 10, "learning_rate": 1e-2, "width": 8}
    data = OwnedProtector(targets=turned(held_out), protector=Function(turned), plain=plain)
    found = GlobalInverseNetworkAttack(waist=64, **settings).run(data)
    in_place = InverseNetworkAttack(depth=2, **settings).run(data)

    def error(result):
        return np.abs(result.images.astype(int) - held_out).mean()

    assert found.attack == "itn_global"
    assert "hourglass" in found.finding
    assert error(found) < 30
    assert error(in_place) > 50


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.long
def test_a_killed_attack_goes_on_and_ends_with_the_same_images(digits, tmp_path, monkeypatch):
    plain, held_out = digits
    settings = {"epochs": 3, "batch_size": 100}
    expected = attacked(plain, held_out, negative, **settings).images

    fit, rounds = keras.Model.fit, []

    def killed_in_the_second_round(model, *arguments, **keywords):
        rounds.append(model)
        if len(rounds) == 2:
            raise KilledError
        return fit(model, *arguments, **keywords)

    monkeypatch.setattr(keras.Model, "fit", killed_in_the_second_round)
    with pytest.raises(KilledError):
        attacked(plain, held_out, negative, checkpoints=tmp_path, **settings)
    resumed = attacked(plain, held_out, negative, checkpoints=tmp_path, **settings)
    np.testing.assert_array_equal(resumed.images, expected)
    assert len(rounds) == 4


@pytest.mark.parametrize(
    ("plain", "protect", "complaint"),
    [
        (np.zeros((0, 8, 8, 3), np.uint8), np.copy, "no images"),
        (np.zeros((3, 8, 6, 3), np.uint8), np.copy, "8x8, 8x6, 8x6"),
        (np.zeros((3, 8, 8, 3), np.uint8), lambda x: x[:, :6], "6x8, 6x8, 8x8"),
    ],
)
def test_wrong_data_gets_one_line(plain, protect, complaint):
    targets = protect(np.zeros((2, 8, 8, 3), np.uint8))
    data = OwnedProtector(targets=targets, protector=Function(protect), plain=plain)
    with pytest.raises(UserError, match=complaint) as refused:
        InverseNetworkAttack().run(data)
    assert "\n" not in str(refused.value)
