"""The GAN attack bites without pairs, resumes exactly, and is the paper's by default."""

import dataclasses

import keras
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tfppdnn.attacks import GANAttack, UnpairedImages
from tfppdnn.attacks.gan_networks import (
    attack_discriminator,
    block_generator,
    pixel_generator,
)
from tfppdnn.attacks.gan_polarity import RightWayRound
from tfppdnn.ciphers import make_cipher
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.leakage import mean_image_baseline
from tfppdnn.leakage.judgement import judge_reconstructions

DIGITS = load_digits()
PLAIN = DIGITS.train_images[:, ::2, ::2]  # 16x16: the networks are wide.
HELD_OUT = DIGITS.test_images[:60, ::2, ::2]


# Images of 16x16 are too small for the paper's single score.
SMALL = {"batch_size": 16, "score_patches": True, "least_squares": True}


def ciphertexts(protect, images=600):
    return UnpairedImages(
        targets=protect(HELD_OUT),
        ciphertexts=protect(PLAIN[:images]),
        plain=PLAIN[600 : 600 + images],
    )


def mean_ssim(images):
    pairs = zip(images, HELD_OUT, strict=True)
    return np.mean([structural_similarity(a, b, channel_axis=-1) for a, b in pairs])


FLOOR = mean_ssim(mean_image_baseline(PLAIN, len(HELD_OUT)))


@pytest.mark.long
def test_a_photographic_negative_is_seen_through():
    attack = GANAttack.strong(generator="pixel", epochs=5, **SMALL)
    result = attack.run(ciphertexts(lambda images: 255 - images))

    assert mean_ssim(result.images) > 0.9


@pytest.mark.long
def test_tanakas_scheme_is_seen_through():
    attack = GANAttack.strong(generator="block", epochs=12, **SMALL)
    result = attack.run(ciphertexts(make_cipher("tanaka").protect))

    assert not judge_reconstructions(result.images, HELD_OUT, PLAIN).failed
    assert mean_ssim(result.images) > FLOOR + 0.15


@pytest.mark.long
def test_what_hides_nothing_is_found_by_a_unet():
    attack = GANAttack.strong(epochs=8, width=8, depth=3, batch_size=16, learning_rate=1e-3)
    result = attack.run(ciphertexts(lambda images: images))

    assert mean_ssim(result.images) > 0.9


@pytest.mark.slow
def test_an_attack_on_noise_does_not_pass_for_one_that_works():
    noise = np.random.default_rng(0)
    data = ciphertexts(lambda images: noise.integers(0, 256, images.shape, np.uint8), images=64)
    result = GANAttack.strong(epochs=4, generator="pixel", **SMALL).run(data)

    assert judge_reconstructions(result.images, HELD_OUT, PLAIN).failed


def test_a_generator_of_negatives_is_turned_once():
    pixels = keras.layers.Conv2D(3, 1, activation="sigmoid", name="pixels")
    model = keras.Sequential()
    model.stop_training = False  # As `fit` begins.
    model.generator = keras.Sequential([keras.Input((None, None, 3)), pixels])
    pixels.set_weights([-4 * np.eye(3)[None, None], np.full(3, 2.0)])  # sigmoid(2 - 4 x)
    negatives = np.asarray(model.generator(HELD_OUT / np.float32(255)))
    turns = RightWayRound(HELD_OUT, PLAIN)
    turns.set_model(model)

    for _ in range(2):
        turns.on_epoch_end(0)
        turned = np.asarray(model.generator(HELD_OUT / np.float32(255)))
        np.testing.assert_allclose(turned, 1 - negatives, atol=1e-6)


def test_a_generator_is_not_turned_for_a_weak_likeness():
    pixels = keras.layers.Conv2D(3, 1, activation="sigmoid", name="pixels")
    model = keras.Sequential()
    model.stop_training = False  # As `fit` begins.
    model.generator = keras.Sequential([keras.Input((None, None, 3)), pixels])
    noise = np.random.default_rng(0).integers(0, 256, HELD_OUT.shape, np.uint8)
    weights = [-4 * np.eye(3)[None, None].astype(np.float32), np.zeros(3, np.float32)]
    pixels.set_weights(weights)
    turns = RightWayRound(noise, PLAIN)
    turns.set_model(model)
    turns.on_epoch_end(0)

    np.testing.assert_array_equal(pixels.get_weights()[0], weights[0])


def test_defaults_are_the_papers():
    # Section IV-C; the networks are Figs. 3 and 4.
    settings = dataclasses.asdict(GANAttack())

    assert {
        name: settings[name] for name in ("epochs", "batch_size", "learning_rate", "beta_1")
    } == {
        "epochs": 100,
        "batch_size": 64,
        "learning_rate": 2e-4,
        "beta_1": 0.5,
    }
    assert settings["generator_pace"] == 1
    assert not settings["decay"]
    assert not settings["right_way_round"]
    assert not settings["least_squares"]
    assert not settings["score_patches"]
    assert settings["consistency"] == settings["pool_size"] == settings["copying"] == 0


@pytest.mark.parametrize("size", [32, 64, 96])
def test_the_discriminator_gives_an_image_one_score(size):
    scores = attack_discriminator()(np.zeros((2, size, size, 3), np.float32))
    assert scores.shape == (2, 1)


def test_the_discriminator_can_score_patches():
    scores = attack_discriminator(score_patches=True)(np.zeros((2, 32, 32, 3), np.float32))
    assert scores.shape == (2, 5, 5, 1)  # 32 -> 16 -> 8, and a 4x4 convolution without padding.


def test_the_generators_have_the_figures_layers():
    # Convolutions with bias, and four numbers a channel for batch normalization.
    block = (48 * 48 + 48) + (48 * 48 + 48) + (48 * 512 + 512) + (32 * 3 + 3) + 4 * (48 + 48 + 512)
    pixel = (3 * 64 + 64) + (64 * 128 + 128) + (128 * 256 + 256) + (256 * 3 + 3)
    pixel += 4 * (64 + 128 + 256)

    assert block_generator((32, 32)).count_params() == block
    assert pixel_generator((32, 32)).count_params() == pixel


def test_a_block_generator_never_looks_beyond_a_block():
    generator = block_generator((8, 8))
    image = np.random.default_rng(0).random((1, 8, 8, 3)).astype(np.float32)
    changed = image.copy()
    changed[:, :4, :4] = 0
    same = np.asarray(generator(image)) == np.asarray(generator(changed))

    assert not same[:, :4, :4].all()
    assert same[:, 4:].all()
    assert same[:, :, 4:].all()


@pytest.mark.long
def test_an_attack_that_was_stopped_ends_with_the_same_images(tmp_path):
    settings = {"consistency": 10, "copying": 0.5, "pool_size": 4}
    attack = GANAttack.strong(generator="pixel", epochs=2, **{**SMALL, **settings, "batch_size": 2})
    data = ciphertexts(lambda images: 255 - images, images=60)  # 2 x 30 steps, in rounds of 50.
    whole = attack.run(data).images

    attack.run(data, checkpoints=tmp_path)
    newest = max(tmp_path.glob("*.npz"), key=lambda path: path.stat().st_mtime)
    assert len(list(tmp_path.glob("*.npz"))) == 2
    newest.unlink()
    resumed = attack.run(data, checkpoints=tmp_path).images

    np.testing.assert_array_equal(resumed, whole)


@pytest.mark.long
def test_another_seed_is_another_attempt():
    data = ciphertexts(lambda images: 255 - images, images=16)
    attack = GANAttack.strong(generator="pixel", epochs=1, **SMALL)
    again = attack.run(data).images
    other = dataclasses.replace(attack, seed=1).run(data).images

    np.testing.assert_array_equal(attack.run(data).images, again)
    assert (other != again).any()


def test_wrong_calls_are_answered_in_one_line():
    with pytest.raises(UserError, match=r"--generator=lstm: .* block, pixel, unet"):
        GANAttack(generator="lstm")
    data = ciphertexts(lambda images: 255 - images, images=8)
    with pytest.raises(UserError, match="0 protected and 8 plain images"):
        GANAttack().run(dataclasses.replace(data, ciphertexts=PLAIN[:0]))
    with pytest.raises(UserError, match="all of one size"):
        GANAttack().run(dataclasses.replace(data, plain=PLAIN[:8, :8, :8]))
    with pytest.raises(UserError, match=r"images of 16x16: give at least 21x21$"):
        GANAttack().run(data)
    odd = UnpairedImages(**dict.fromkeys(("targets", "ciphertexts", "plain"), PLAIN[:8, :14]))
    with pytest.raises(UserError, match=r"14x16: give at least 13x13, multiples of 4$"):
        GANAttack.strong(generator="block", **SMALL).run(odd)
