"""Networks that are not trained run as one graph."""

import gc
import weakref

import keras
import numpy as np
import pytest

from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.inference import inference
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import vgg13_bn

RNG = np.random.default_rng(0)


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return unet(base_width=4, depth=3)


def images(count, height, width):
    return RNG.random((count, height, width, 3), np.float32)


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 32, 32), (2, 17, 40)])
def test_it_computes_what_the_network_does(network, shape):
    batch = images(*shape)
    expected = keras.ops.convert_to_numpy(network(batch, training=False))
    np.testing.assert_allclose(inference(network)(batch), expected, atol=1e-5)


def test_batch_normalization_uses_what_training_gathered():
    network = vgg13_bn(num_classes=3, width=0.0625)
    batch = images(2, 32, 32)
    expected = keras.ops.convert_to_numpy(network(batch, training=False))
    np.testing.assert_allclose(inference(network)(batch), expected, atol=1e-5)
    alone = inference(network)(batch[:1])
    np.testing.assert_allclose(alone, expected[:1], atol=1e-5)


def test_it_is_traced_once_for_all_numbers_and_sizes(network):
    for shape in [(4, 32, 32), (1, 32, 32), (2, 17, 40)]:
        run_on_images(network, (images(*shape) * 255).astype(np.uint8))
    assert inference(network) is inference(network)
    assert inference(network).experimental_get_tracing_count() == 1


def test_it_follows_the_weights_as_they_are_trained(network):
    batch = images(2, 32, 32)
    before = inference(network)(batch)
    network.get_layer("pixels").bias.assign([5.0, 5.0, 5.0])
    assert np.all(np.asarray(inference(network)(batch)) > np.asarray(before))


def test_it_goes_when_the_network_goes():
    network = unet(base_width=4, depth=1)
    inference(network)(images(1, 8, 8))
    gone = weakref.ref(network)
    del network
    keras.utils.clear_session()
    gc.collect()
    assert gone() is None
