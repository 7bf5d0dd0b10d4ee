"""phi_k of Eq. 7, against a convolution that knows no Keras."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate

from tfppdnn.errors import UserError
from tfppdnn.models.perceptual import perceptual_features, vgg16_relu1_2
from tfppdnn.models.vgg13 import vgg13_bn

CAFFE_MEAN_BGR = np.array([103.939, 116.779, 123.68])


@pytest.fixture(scope="module")
def block1():
    """Random weights in the shapes of VGG16's first block."""
    rng = np.random.default_rng(0)
    return {
        "block1_conv1/kernel": rng.normal(size=(3, 3, 3, 64), scale=0.2).astype(np.float32),
        "block1_conv1/bias": rng.normal(size=64).astype(np.float32),
        "block1_conv2/kernel": rng.normal(size=(3, 3, 64, 64), scale=0.05).astype(np.float32),
        "block1_conv2/bias": rng.normal(size=64).astype(np.float32),
    }


@pytest.fixture(scope="module")
def classifier():
    return vgg13_bn(num_classes=3, width=0.05)


def convolution_and_relu(images, kernel, bias):
    """A 3x3 convolution on [H, W, C], one channel at a time, zero outside the image."""
    padded = np.pad(images, ((1, 1), (1, 1), (0, 0)))
    channels = [
        correlate(padded, kernel[..., channel], mode="valid")[..., 0] + bias[channel]
        for channel in range(kernel.shape[-1])
    ]
    return np.maximum(np.stack(channels, axis=-1), 0)


def test_features_are_those_of_caffes_bgr_images(block1):
    image = np.random.default_rng(1).random((6, 5, 3), np.float32)
    x = image[..., ::-1].astype(np.float64) * 255 - CAFFE_MEAN_BGR
    x = convolution_and_relu(x, block1["block1_conv1/kernel"], block1["block1_conv1/bias"])
    x = convolution_and_relu(x, block1["block1_conv2/kernel"], block1["block1_conv2/bias"])

    features = vgg16_relu1_2(block1)(image[None])
    assert features.dtype == "float32"
    np.testing.assert_allclose(features[0], x / 255, rtol=1e-4, atol=1e-4)


def test_features_are_frozen(block1):
    model = vgg16_relu1_2(block1)

    assert model.trainable_variables == []
    assert len(model.non_trainable_variables) == 4


def test_weights_come_from_a_file_that_is_named(block1, classifier, tmp_path):
    np.savez(tmp_path / "block1.npz", **block1)
    found = perceptual_features(str(tmp_path / "block1.npz"), reference_classifier=classifier)
    image = np.random.default_rng(1).random((1, 8, 8, 3), np.float32)

    assert found.source == "VGG16 relu1_2, ImageNet weights from block1.npz"
    np.testing.assert_array_equal(found.model(image), vgg16_relu1_2(block1)(image))


def test_the_classifiers_own_second_relu_is_taken_where_it_is_asked_for(classifier):
    found = perceptual_features("reference", reference_classifier=classifier)
    images = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    # Input, normalization, then twice convolution, batch normalization and ReLU.
    x = images
    for layer in classifier.layers[1:8]:
        x = layer(x)

    assert found.source == "the reference classifier's own second ReLU (as asked for)"
    assert found.model.trainable_variables == []
    np.testing.assert_allclose(found.model(images), x, atol=1e-6)


@pytest.fixture
def no_network(monkeypatch):
    """What Keras does on a machine without a network and without a copy of the weights."""

    def fail(**kwargs):
        print("Downloading data from https://storage.googleapis.com/...")
        raise Exception("URL fetch failure: Name or service not known")

    monkeypatch.setattr("keras.applications.VGG16", fail)


def test_without_a_network_the_fall_back_says_where_features_come_from(
    no_network, classifier, capfd
):
    found = perceptual_features(None, reference_classifier=classifier)

    assert found.source == (
        "the reference classifier's own second ReLU (no ImageNet weights to be had)"
    )
    assert capfd.readouterr().out == ""


def test_without_a_network_asking_for_imagenet_is_an_error(no_network, classifier):
    with pytest.raises(UserError, match=r"--perceptual_weights=FILE\.npz"):
        perceptual_features("imagenet", reference_classifier=classifier)


def test_a_server_that_never_answers_does_not_hold_a_training_up(monkeypatch, classifier, tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/vgg16.h5"
        monkeypatch.setattr("tfppdnn.models.perceptual._DOWNLOAD_TIMEOUT", 0.2)
        monkeypatch.setattr(
            "keras.applications.VGG16",
            lambda **kwargs: keras.utils.get_file("vgg16.h5", address, cache_dir=tmp_path),
        )
        found = perceptual_features(None, reference_classifier=classifier)

    assert "no ImageNet weights to be had" in found.source
    assert socket.getdefaulttimeout() is None


def test_a_missing_file_is_named(classifier):
    with pytest.raises(UserError, match=r"--perceptual_weights=gone\.npz: there is no such file"):
        perceptual_features("gone.npz", reference_classifier=classifier)


def broken_files(block1):
    return {
        "text": lambda path: path.write_text("not weights"),
        "empty": lambda path: path.write_bytes(b""),
        "single array": lambda path: np.save(path.open("wb"), np.zeros(3)),
        "other names": lambda path: np.savez(path, kernel=np.zeros(3)),
        "other shapes": lambda path: np.savez(
            path, **{**block1, "block1_conv1/bias": np.zeros(32, np.float32)}
        ),
    }


@pytest.mark.parametrize("kind", ["text", "empty", "single array", "other names", "other shapes"])
def test_a_file_of_another_kind_is_named(block1, classifier, tmp_path, kind):
    path = tmp_path / "weights.npz"
    broken_files(block1)[kind](path)

    with pytest.raises(UserError, match=r"weights\.npz: not an \.npz with the arrays block1_conv1"):
        perceptual_features(str(path), reference_classifier=classifier)
