"""The unshared-weight attack: what it can break, what it cannot, and the paper's settings."""

import keras
import numpy as np
import pytest

from tfppdnn.attacks import OwnKeyPairs, ThreatModel, UnsharedWeightAttack
from tfppdnn.attacks.unshared_weights import UnsharedConvolution
from tfppdnn.ciphers import make_cipher
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.leakage import ssim

VICTIM = make_cipher("pixel_same", key=3)
SMALL = {"epochs": 16, "batch_size": 16, "width": 16}


@pytest.fixture(scope="module")
def digits():
    """Digits of 8x8 blocks of colour: 16x16 pixels, three different channels."""
    dataset = load_digits()

    def coloured(images):
        images = images[:, ::2, ::2].copy()
        images[..., 1] = 255 - images[..., 1]
        images[..., 2] //= 2
        return images

    return coloured(dataset.train_images[:600]), coloured(dataset.test_images[:60])


def attacked(plain, targets, own_protect, *, checkpoints=None, **settings):
    pairs = OwnKeyPairs(targets=targets, ciphertexts=own_protect(plain), plain=plain)
    return UnsharedWeightAttack(**{**SMALL, **settings}).run(pairs, checkpoints=checkpoints)


@pytest.mark.long
def test_unprotected_images_come_back(digits):
    plain, targets = digits
    result = attacked(plain, targets, np.copy)
    assert ssim(result.images, targets).mean() > 0.9
    assert result.images.dtype == np.uint8
    assert result.attack == "uwa"
    assert result.threat_model is ThreatModel.CIPHERTEXTS_ONLY
    assert "600 of the attacker's images" in result.finding


@pytest.mark.slow
def test_pixels_that_were_each_changed_in_their_own_way_come_back(digits):
    plain, held_out = digits
    result = attacked(plain, VICTIM.protect(held_out), VICTIM.protect)
    assert ssim(result.images, held_out).mean() > 0.9


@pytest.mark.slow
def test_another_key_teaches_nothing(digits):
    plain, held_out = digits
    own = VICTIM.with_key(4)
    result = attacked(plain, VICTIM.protect(held_out), own.protect)
    blind = np.broadcast_to(np.rint(plain.mean(axis=0)).astype(np.uint8), held_out.shape)
    assert ssim(result.images, held_out).mean() < ssim(blind, held_out).mean()


def test_the_layer_is_a_convolution_for_each_pixel():
    layer = UnsharedConvolution(5)
    images = np.random.default_rng(0).random((2, 3, 4, 3), np.float32)
    layer.build(images.shape)
    first = keras.ops.convert_to_numpy(layer(images))
    shared = keras.layers.Conv2D(5, 1)
    shared.build(images.shape)
    scale = np.sqrt(12)
    shared.set_weights([np.array(layer.kernel)[:1, :1].reshape(1, 1, 3, 5) * scale, np.zeros(5)])
    np.testing.assert_allclose(first, shared(images), atol=1e-6)

    kernel, bias = (np.random.default_rng(1).random(v.shape) for v in layer.variables)
    layer.set_weights([kernel, bias])
    for y, x in np.ndindex(3, 4):
        expected = (images[:, y, x] @ kernel[y, x] + bias[y, x]) * scale
        np.testing.assert_allclose(layer(images)[:, y, x], expected, rtol=1e-5)


def test_defaults_are_the_papers():
    attack = UnsharedWeightAttack()
    assert (attack.epochs, attack.batch_size) == (70, 128)
    optimizer = attack.optimizer(steps=7000)
    assert optimizer.momentum == 0.9
    # 5e-4 in the gradient, as the paper counts it, which the momentum multiplies by ten.
    assert optimizer.weight_decay == pytest.approx(5e-3)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 3999, 4001, 5999, 6001, 6999)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.slow
def test_a_killed_attack_goes_on_and_ends_with_the_same_images(digits, tmp_path, monkeypatch):
    plain, targets = digits
    settings = {"epochs": 3, "batch_size": 128}
    expected = attacked(plain, targets, VICTIM.protect, **settings).images

    fit, rounds = keras.Model.fit, []

    def killed_in_the_second_round(model, *arguments, **keywords):
        rounds.append(model)
        if len(rounds) == 2:
            raise KilledError
        return fit(model, *arguments, **keywords)

    monkeypatch.setattr(keras.Model, "fit", killed_in_the_second_round)
    with pytest.raises(KilledError):
        attacked(plain, targets, VICTIM.protect, checkpoints=tmp_path, **settings)
    resumed = attacked(plain, targets, VICTIM.protect, checkpoints=tmp_path, **settings)
    np.testing.assert_array_equal(resumed.images, expected)
    assert len(rounds) == 4


@pytest.mark.parametrize(
    ("shapes", "complaint"),
    [
        ([(2, 8, 8, 3), (0, 8, 8, 3), (0, 8, 8, 3)], "no images"),
        ([(2, 8, 8, 3), (3, 8, 8, 3), (4, 8, 8, 3)], "3 protected images for 4 plain ones"),
        ([(2, 8, 9, 3), (4, 8, 8, 3), (4, 8, 8, 3)], "8x9, 8x8, 8x8"),
        ([(2, 8, 8, 3), (4, 8, 8, 3), (4, 6, 7, 3)], "8x8, 8x8, 6x7"),
    ],
)
def test_wrong_data_gets_one_line(shapes, complaint):
    targets, ciphertexts, plain = (np.zeros(shape, np.uint8) for shape in shapes)
    with pytest.raises(UserError, match=complaint) as refused:
        UnsharedWeightAttack().run(
            OwnKeyPairs(targets=targets, ciphertexts=ciphertexts, plain=plain)
        )
    assert "\n" not in str(refused.value)
