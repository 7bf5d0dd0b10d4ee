"""The small layers, against numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.batch_normalization import batch_normalization
from tfppdnn.models.layers import (
    CropLike,
    InstanceNormalization,
    NearestUpsample2x,
    ReflectToMultiple,
    normalization,
    standard_normalization,
)
from tfppdnn.models.resizing import AreaResize, NearestResizeLike

SIZES = [(1, 1), (1, 5), (5, 3), (8, 8), (9, 16), (33, 47)]


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def run_with_unknown_size(layer, images):
    """Runs a layer in a graph that does not know height and width, as exports do."""
    inputs = keras.Input((None, None, images.shape[-1]))
    return keras.Model(inputs, layer(inputs)).predict(images, verbose=0)


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("multiple", [1, 2, 8, 16])
def test_reflection_is_numpys(height, width, multiple):
    images = random_images(2, height, width, 3)
    bottom, right = -height % multiple, -width % multiple
    # numpy also reflects again and again where the padding is larger than the image.
    expected = np.pad(images, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="reflect")

    layer = ReflectToMultiple(multiple)
    np.testing.assert_array_equal(layer(images), expected)
    assert layer.compute_output_shape((None, height, width, 3)) == (None, *expected.shape[1:])


def test_reflection_is_the_same_where_the_size_is_unknown():
    for height, width in SIZES:
        images = random_images(1, height, width, 3)
        reflected = run_with_unknown_size(ReflectToMultiple(8), images)
        np.testing.assert_array_equal(reflected, ReflectToMultiple(8)(images))


def test_cropping_undoes_the_reflection():
    images = random_images(2, 5, 3, 3)
    grown = ReflectToMultiple(16)(images)

    assert grown.shape == (2, 16, 16, 3)
    np.testing.assert_array_equal(CropLike()(grown, images), images)


def test_doubling_repeats_every_pixel():
    images = random_images(2, 3, 5, 4)
    expected = images.repeat(2, axis=1).repeat(2, axis=2)

    np.testing.assert_array_equal(NearestUpsample2x()(images), expected)
    np.testing.assert_array_equal(run_with_unknown_size(NearestUpsample2x(), images), expected)
    assert NearestUpsample2x().compute_output_shape((None, 3, None, 4)) == (None, 6, None, 4)


def test_instance_normalization_is_numpys_per_image_and_channel():
    images = random_images(3, 6, 7, 5) * 4 + 2
    layer = InstanceNormalization(epsilon=1e-3)
    layer.build(images.shape)
    gamma, beta = random_images(5, seed=1), random_images(5, seed=2)
    layer.set_weights([gamma, beta])

    mean = images.mean(axis=(1, 2), keepdims=True)
    variance = images.var(axis=(1, 2), keepdims=True)
    expected = gamma * (images - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(layer(images), expected, atol=1e-5)


def test_instance_normalization_trains_by_the_gradient_of_its_formula():
    images, upstream = random_images(3, 6, 7, 5) * 4 + 2, random_images(3, 6, 7, 5, seed=3)
    layer = InstanceNormalization(epsilon=1e-2)
    layer.build(images.shape)
    layer.set_weights([random_images(5, seed=1), random_images(5, seed=2)])

    def gradients(training):
        with tf.GradientTape() as tape:
            pixels = tf.Variable(images)
            normalized = layer(pixels, training=training)
            loss = tf.reduce_sum(normalized * upstream)
        weights = [layer.gamma.value, layer.beta.value]
        return [normalized, *tape.gradient(loss, [pixels, *weights])]

    # TensorFlow's own differentiation of the formula that inference keeps to.
    for trained, expected in zip(gradients(True), gradients(False), strict=True):
        assert trained.shape == expected.shape
        np.testing.assert_allclose(trained, expected, rtol=1e-4, atol=1e-4)


def test_instance_normalization_of_a_flat_channel_is_its_offset():
    layer = InstanceNormalization()
    np.testing.assert_array_equal(layer(np.full((1, 4, 4, 2), 7, np.float32)), 0)


def test_instance_normalization_keeps_its_digits_in_half_precision():
    layer = InstanceNormalization(dtype="mixed_bfloat16")
    images = (random_images(1, 16, 16, 2) + 100).astype("float32")
    # The statistics are those of the rounded input, and exact.
    rounded = keras.ops.convert_to_numpy(
        keras.ops.cast(keras.ops.cast(images, "bfloat16"), "float32")
    )
    expected = rounded - rounded.mean(axis=(1, 2), keepdims=True)
    expected /= np.sqrt(rounded.var(axis=(1, 2), keepdims=True) + 1e-5)

    answer = layer(images)
    assert answer.dtype == "bfloat16"
    np.testing.assert_allclose(keras.ops.cast(answer, "float32"), expected, atol=0.02)


def test_standard_normalization_subtracts_the_mean_and_divides_by_the_deviation():
    images = random_images(2, 4, 4, 3)
    mean, std = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.25, 0.125])

    normalized = standard_normalization(mean.tolist(), std.tolist())(images)
    np.testing.assert_allclose(normalized, (images - mean) / std, atol=1e-5)


def test_only_the_two_normalizations_exist():
    assert isinstance(normalization("instance"), InstanceNormalization)
    assert isinstance(normalization("batch"), keras.layers.BatchNormalization)
    with pytest.raises(ValueError, match="'layer'"):
        normalization("layer")


@pytest.mark.parametrize(
    "layer", [InstanceNormalization(epsilon=0.5), ReflectToMultiple(4), NearestUpsample2x()]
)
def test_layers_survive_their_configuration(layer):
    images = random_images(1, 3, 5, 2)
    again = keras.layers.deserialize(keras.layers.serialize(layer))

    np.testing.assert_array_equal(again(images), layer(images))


def test_batch_normalization_is_keras_s_in_training_too():
    images = keras.random.normal((4, 5, 5, 8), mean=2.0, stddev=3.0, seed=0)
    found = []
    for layer in (
        keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
        batch_normalization(),
    ):
        layer.build(images.shape)
        layer.gamma.assign(np.linspace(0.5, 2.0, 8))
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, training=True)
            loss = tf.reduce_sum(outputs**3)
        own = [layer.gamma.value, layer.beta.value]
        gradients = tape.gradient(loss, [images, *own])
        found.append([outputs, *gradients, *layer.get_weights(), layer(images, training=False)])
    for keras_s, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, keras_s, rtol=1e-4, atol=1e-4)


def test_batch_normalization_sums_in_float32_what_is_in_half_precision():
    layer = batch_normalization()
    layer.dtype_policy = "mixed_bfloat16"
    layer.build((4, 16, 16, 2))
    images = (random_images(4, 16, 16, 2) + 100).astype("float32")
    rounded = keras.ops.convert_to_numpy(
        keras.ops.cast(keras.ops.cast(images, "bfloat16"), "float32")
    )
    mean, variance = rounded.mean(axis=(0, 1, 2)), rounded.var(axis=(0, 1, 2))
    expected = (rounded - mean) / np.sqrt(variance + 1e-5)

    answer = layer(images, training=True)
    assert answer.dtype == "bfloat16"
    np.testing.assert_allclose(keras.ops.cast(answer, "float32"), expected, atol=0.02)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-4)


def test_batch_normalization_is_saved_as_keras_s(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), batch_normalization()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is keras.layers.BatchNormalization


def test_resizing_leaves_images_of_that_size_alone():
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_array_equal(AreaResize(32)(images), images)
    np.testing.assert_array_equal(NearestResizeLike()(images, images), images)
