"""Frozen networks compute the same with their normalizations folded away."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.folding import folded
from tfppdnn.models.resnet18 import resnet18
from tfppdnn.models.vgg13 import stage_averages, vgg13_bn

IMAGES = np.random.default_rng(0).random((3, 32, 32, 3), np.float32)


@pytest.fixture(params=[vgg13_bn, resnet18])
def network(request):
    """With statistics and gains that do something."""
    keras.utils.set_random_seed(0)
    network = request.param(num_classes=5, width=0.125)
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    network.trainable = False
    return network


@tf.function  # Step by step, TensorFlow's oneDNN crashes in a gradient of ResNet-18.
def logits_and_gradient(network):
    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = network(images, training=False)
        loss = tf.reduce_sum(logits**2)
    return logits, tape.gradient(loss, images)


def test_a_folded_network_has_the_same_logits_and_gradients(network):
    for expected, found in zip(
        logits_and_gradient(network), logits_and_gradient(folded(network)), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_it_keeps_the_networks_variables_in_their_order():
    """Checkpoints of earlier versions hold h_theta's so."""
    network = vgg13_bn(num_classes=5, width=0.0625)
    assert [id(v) for v in folded(network).variables] == [id(v) for v in network.variables]
    assert not folded(network).trainable_variables


def test_it_follows_what_is_assigned_to_the_network_later(network):
    copy = folded(network)
    network.set_weights([weight * 0.9 for weight in network.get_weights()])
    expected = network(IMAGES, training=False)
    np.testing.assert_allclose(copy(IMAGES), expected, rtol=1e-3, atol=1e-4)


def test_its_stages_can_be_looked_at():
    network = vgg13_bn(num_classes=5, width=0.0625)
    copy = folded(network)
    of_both = [keras.Model(one.inputs, stage_averages(one, 2))(IMAGES) for one in (network, copy)]
    for expected, found in zip(*of_both, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
