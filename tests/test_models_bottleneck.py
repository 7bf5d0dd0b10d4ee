"""The bottleneck: whatever an image holds, only a short code of it gets through."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.transform import resize_local_mean

from tfppdnn.models.bottleneck import bottleneck
from tfppdnn.models.code import RoundToLevels, code_bits, code_of
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.hourglass import hourglass
from tfppdnn.models.resizing import AreaResize, NearestResizeLike
from tfppdnn.models.vgg13 import copy_stages, vgg13_bn

TINY = {"encoder_width": 0.03, "decoder_width": 2}


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("size", [(32, 32), (33, 64), (100, 45), (7, 300)])
def test_area_resize_averages_as_scikit_image_does(size):
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    resized = np.asarray(AreaResize(32)(image[np.newaxis]))[0]
    np.testing.assert_allclose(
        resized, resize_local_mean(image, (32, 32), channel_axis=-1), atol=1e-6
    )


def test_area_resize_leaves_its_own_size_alone():
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(AreaResize(32)(images), images)


def test_nearest_resize_repeats_pixels():
    images = np.arange(2 * 2 * 3 * 3, dtype=np.float32).reshape(2, 2, 3, 3)
    larger = NearestResizeLike()(images, np.zeros((2, 6, 6, 3)))
    np.testing.assert_array_equal(larger, images.repeat(3, axis=1).repeat(2, axis=2))


def test_rounding_gives_levels_and_lets_gradients_pass():
    numbers = tf.constant([[-9.0, -0.3, 0.0, 0.4, 0.7, 9.0]])
    with tf.GradientTape() as tape:
        tape.watch(numbers)
        rounded = RoundToLevels(3)(numbers)
    # tanh is -1, -0.29, 0, 0.38, 0.60, 1; of -1, 0 and 1 the nearest.
    np.testing.assert_allclose(rounded, [[-1, 0, 0, 0, 1, 1]], atol=1e-6)
    slope = tape.gradient(rounded, numbers)
    np.testing.assert_allclose(slope, 1 - np.tanh(numbers) ** 2, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 3, 5, 8, 15])
def test_not_a_last_bit_passes_beside_the_levels(levels):
    numbers = np.random.default_rng(0).normal(scale=2, size=(1000, 100)).astype(np.float32)
    rounded = np.asarray(RoundToLevels(levels)(numbers))
    assert len(np.unique(rounded.view(np.uint32))) == levels


def test_the_code_of_a_network_is_found_in_it():
    code = code_of(bottleneck(code_size=2, code_levels=3, **TINY))
    assert code.facts == {"numbers": 2, "levels": 3}
    assert code.bits == pytest.approx(2 * 1.585, abs=1e-3)
    assert code_of(hourglass(image_size=16, base_width=4, waist=8)) is None


def test_an_even_number_of_levels_has_no_zero():
    rounded = RoundToLevels(2)(np.array([[-2.0, -0.1, 0.1, 2.0]], np.float32))
    np.testing.assert_allclose(rounded, [[-1, -1, 1, 1]])


def test_there_are_no_more_pictures_than_codes(noise):
    keras.utils.set_random_seed(0)
    model = bottleneck(code_size=2, code_levels=3, **TINY)
    # Fitted statistics, or most images would share a code for no good reason.
    model(noise.astype(np.float32) / 255, training=True)
    pictures = {picture.tobytes() for picture in run_on_images(model, noise)}
    assert 1 < len(pictures) <= 3**2
    assert code_bits(2, 3) == pytest.approx(np.log2(9))
    assert code_bits(16, 8) == 48


def test_a_larger_image_gets_the_same_picture_enlarged(noise):
    model = bottleneck(**TINY)
    small = run_on_images(model, noise[:3])
    large = run_on_images(model, noise[:3].repeat(2, axis=1).repeat(3, axis=2))
    np.testing.assert_array_equal(large, small.repeat(2, axis=1).repeat(3, axis=2))


def test_it_can_begin_with_what_a_classifier_sees(noise):
    classifier = vgg13_bn(num_classes=4, width=0.03)
    model = bottleneck(**TINY)

    def seen(network):
        first_dense = next(x for x in network.layers if isinstance(x, keras.layers.Dense))
        return keras.Model(network.input, first_dense.input)(noise[:4] / np.float32(255))

    assert not np.allclose(seen(model), seen(classifier))
    copy_stages(classifier, model)
    np.testing.assert_array_equal(seen(model), seen(classifier))


def test_it_is_saved_and_loaded(noise, tmp_path):
    model = bottleneck(**TINY)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(run_on_images(loaded, noise[:5]), run_on_images(model, noise[:5]))


@pytest.mark.parametrize("size", [16, 32, 50])
def test_every_pixel_of_an_hourglass_reaches_every_other(size):
    keras.utils.set_random_seed(0)
    model = hourglass(image_size=size, base_width=4, waist=64)
    image = tf.constant(np.random.default_rng(0).random((1, size, size, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(image)
        corner = model(image)[0, -1, -1, 0]
    slope = np.abs(tape.gradient(corner, image))[0].max(axis=-1)
    assert model(image).shape == image.shape
    assert (slope[: size // 2, : size // 2] > 0).mean() > 0.9
