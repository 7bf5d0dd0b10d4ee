"""Few words that name an image: which they are, and that nothing else gets through."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn import Protector
from tfppdnn.exporting.tflite import float16_tflite, float32_tflite, int8_tflite
from tfppdnn.leakage import CodeBound
from tfppdnn.models import Words, code_of, trunk_protector
from tfppdnn.models.eight_bit import run_on_images

VALUES = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 8, 5)).astype(np.float32)


def layer():
    made = Words(choices=8, words=2)
    made.build((None, 5))
    made.set_weights([VALUES])
    return made


def test_the_first_word_is_the_nearest_and_the_next_names_what_is_left():
    numbers = np.random.default_rng(1).uniform(-0.5, 0.5, (50, 5)).astype(np.float32)
    first = np.abs(numbers[:, None] - VALUES[0]) ** 2
    first = VALUES[0][first.sum(axis=2).argmin(axis=1)]
    second = np.abs((numbers - first)[:, None] - VALUES[1]) ** 2
    second = VALUES[1][second.sum(axis=2).argmin(axis=1)]
    np.testing.assert_allclose(layer()(numbers), first + second, atol=1e-6)
    # To the last bit: a bit beside the words would be one of the picture.
    np.testing.assert_array_equal(layer()(numbers), layer().said(numbers))
    assert layer().bits == 6 and layer().facts == {"words": 2, "choices": 8}


def test_gradients_pass_as_if_nothing_was_rounded():
    numbers = tf.constant([[0.1, 0.2, 0.3, 0.4, 0.5]])
    weights = tf.constant([[1.0, 2.0, 3.0, 4.0, 5.0]])
    with tf.GradientTape() as tape:
        tape.watch(numbers)
        loss = tf.reduce_sum(weights * layer()(numbers))
    np.testing.assert_allclose(tape.gradient(loss, numbers), weights, atol=1e-6)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    images = keras.Input((None, None, 3))
    seen = keras.layers.Conv2D(16, 3, strides=2)(images)
    trunk = keras.Model(images, keras.layers.GlobalAveragePooling2D()(seen))
    made = trunk_protector(
        trunk=trunk,
        trunk_size=32,
        code_size=5,
        words=lambda **kwargs: Words(choices=8, words=2, **kwargs),
    )
    made.get_layer("words").set_weights([VALUES])
    return made


@pytest.fixture(scope="module")
def plain():
    """Of all brightnesses, so that the first word is not the same of all."""
    random = np.random.default_rng(2)
    levels = random.integers(0, 200, (300, 1, 1, 3))
    return (levels + random.integers(0, 56, (300, 40, 40, 3))).astype(np.uint8)


def test_no_more_pictures_come_out_than_there_are_codes_and_no_noise_goes_in(network, plain):
    protector = Protector.of(network)
    found = np.unique(protector.protect(plain).reshape(300, -1), axis=0)
    assert 4 < len(found) <= 64
    assert (protector.bits, protector.epsilon, protector.draws_noise) == (6.0, None, False)
    np.testing.assert_array_equal(protector.protect(plain[:9]), protector.protect(plain[:9]))
    assert CodeBound(protector.bits).named_at_most == pytest.approx(64 / 1e6)


def test_every_file_says_the_same(network, plain, tmp_path):
    network.save(tmp_path / "protector.keras")
    float32 = float32_tflite(network)
    (tmp_path / "protector.tflite").write_bytes(float32)
    (tmp_path / "protector_fp16.tflite").write_bytes(float16_tflite(float32))
    expected = run_on_images(network, plain)
    for name in ("protector.keras", "protector.tflite", "protector_fp16.tflite"):
        protector = Protector.from_preset(tmp_path / name)
        # Where two words are as near, rounding may choose the other.
        same = (protector.protect(plain) == expected).all(axis=(1, 2, 3))
        assert same.mean() > 0.98, name
    # Its trunk computes in integers, so some words are others; but they are words, but for a level.
    content = int8_tflite(network, plain[:100], float32=float32)
    (tmp_path / "protector_int8.tflite").write_bytes(content)
    drawn = Protector.from_preset(tmp_path / "protector_int8.tflite").protect(plain)
    codes = np.unique(expected.reshape(300, -1), axis=0).astype(int)
    away = np.abs(drawn.reshape(300, 1, -1) - codes).max(axis=2).min(axis=1)
    assert (away <= 1).mean() > 0.9
    assert len(np.unique(drawn.reshape(300, -1), axis=0)) <= len(codes) + 5
    assert code_of(keras.models.load_model(tmp_path / "protector.keras")).words == 2
