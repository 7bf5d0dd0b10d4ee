"""Eq. 4-9, worked out by hand."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.protection import losses


def maps(*values):
    """One 1x2 map of one channel an image."""
    return np.array(values, np.float32).reshape(-1, 1, 2, 1)


def test_adversarial_loss_is_the_mean_square_from_one():
    # (1 - 1)^2 = 0, (0 - 1)^2 = 1, (3 - 1)^2 = 4, (-1 - 1)^2 = 4: 9 / 4.
    assert float(losses.adversarial_loss(maps([1, 0], [3, -1]))) == pytest.approx(9 / 4)
    assert losses.adversarial_loss(maps([1, 1])) == 0


def test_discriminator_loss_is_half_of_both_mean_squares():
    # Reals 1, 0.5: (0 + 0.25) / 2 = 0.125. Fakes 0, 2: (0 + 4) / 2 = 2. Half of 2.125.
    assert float(losses.discriminator_loss(maps([1, 0.5]), maps([0, 2]))) == pytest.approx(1.0625)
    assert losses.discriminator_loss(maps([1, 1]), maps([0, 0])) == 0
    assert float(losses.discriminator_loss(maps([0.5, 0.5]), maps([0.5, 0.5]))) == pytest.approx(
        0.25
    )


def test_feature_loss_is_eq_7_one_image_at_a_time():
    # C H W = 2. Image 1: (1^2 + 3^2) / 2 = 5; image 2: (0 + 2^2) / 2 = 2.
    distances = losses.feature_loss(maps([0, 0], [1, 1]), maps([1, 3], [1, 3]))

    np.testing.assert_allclose(distances, [5, 2])


def test_feature_loss_is_numpys():
    rng = np.random.default_rng(0)
    ours, others = rng.normal(size=(2, 3, 4, 5, 6)).astype(np.float32)
    expected = [np.linalg.norm(b - a) ** 2 / (4 * 5 * 6) for a, b in zip(ours, others, strict=True)]

    np.testing.assert_allclose(losses.feature_loss(ours, others), expected, rtol=1e-5)


def test_feature_loss_of_half_precision_features_is_counted_in_full():
    near = tf.cast(tf.fill((1, 64, 64, 8), 1.0), tf.bfloat16)
    far = tf.cast(tf.fill((1, 64, 64, 8), 1.0078125), tf.bfloat16)  # The next number.

    distance = losses.feature_loss(near, far)
    assert distance.dtype == tf.float32
    np.testing.assert_allclose(distance, [0.0078125**2], rtol=1e-6)


def test_perceptual_loss_is_the_sum_of_both_means():
    # (1 + 3) / 2 + (0.5 + 1.5) / 2.
    assert losses.perceptual_loss(np.float32([1, 3]), np.float32([0.5, 1.5])) == 3


def test_the_cap_holds_every_image_by_itself():
    # (1 + 1.7) / 2 + (0.5 + 1.5) / 2: only the 3 is over 1.7. Capping the mean, 2, would
    # give 1.7 + 1.
    capped = losses.perceptual_loss(np.float32([1, 3]), np.float32([0.5, 1.5]), cap=1.7)

    assert float(capped) == pytest.approx(1.35 + 1.0)


def test_past_the_cap_an_image_gains_nothing():
    protected, restored = tf.constant([1.0, 3.0]), tf.constant([5.0, 1.5])
    with tf.GradientTape() as tape:
        tape.watch([protected, restored])
        loss = losses.perceptual_loss(protected, restored, cap=1.7)
    gradients = tape.gradient(loss, [protected, restored])

    np.testing.assert_array_equal(gradients[0], [0.5, 0])
    np.testing.assert_array_equal(gradients[1], [0, 0.5])


def test_classification_loss_is_eq_8():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).astype(np.float32)
    restored_logits = np.log([[0.2, 0.2, 0.6], [0.5, 0.25, 0.25]]).astype(np.float32)
    loss = losses.classification_loss(np.array([0, 2]), logits, np.array([1, 0]), restored_logits)

    # (-ln 0.5 - ln 0.8) / 2 + (-ln 0.2 - ln 0.5) / 2.
    expected = -(math.log(0.5) + math.log(0.8) + math.log(0.2) + math.log(0.5)) / 2
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_classification_loss_takes_logits_of_any_height():
    logits = np.float32([[1000.0, 0.0]])

    assert float(
        losses.classification_loss(np.array([1]), logits, np.array([0]), logits)
    ) == pytest.approx(1000)


def test_reconstruction_loss_is_eq_9_per_value():
    images, cycled = maps([0, 1]), maps([0.5, 0.5])  # (0.25 + 0.25) / 2
    protected, cycled_protected = maps([1, 0]), maps([1, 0.2])  # (0 + 0.04) / 2
    loss = losses.reconstruction_loss(images, cycled, protected, cycled_protected)

    assert float(loss) == pytest.approx(0.25 + 0.02)


def test_reconstruction_loss_weighs_the_same_at_every_size():
    small, large = np.zeros((2, 8, 8, 3), np.float32), np.zeros((2, 32, 32, 3), np.float32)

    assert float(losses.reconstruction_loss(small, small + 0.1, small, small)) == pytest.approx(
        float(losses.reconstruction_loss(large, large + 0.1, large, large))
    )


def test_cycle_loss_is_eq_5():
    # -1 x 2 + 0.4 x 3 + 0.9 x 5 = 3.7.
    assert float(losses.cycle_loss(2.0, 3.0, 5.0, gamma=(-1.0, 0.4, 0.9))) == pytest.approx(3.7)


def test_generators_loss_is_eq_4():
    # 0.4 x 0.5 + 0.4 x 0.25 + 3.7 = 4.0.
    assert float(losses.generators_loss(0.5, 0.25, 3.7, lambda_=0.4)) == pytest.approx(4.0)


def test_no_term_holds_a_state():
    for name in (n for n in vars(losses) if n.endswith("_loss")):
        assert not isinstance(getattr(losses, name), keras.losses.Loss)
