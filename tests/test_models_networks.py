"""The networks: as large as the paper's, and right at every size of image."""

import keras
import numpy as np
import pytest

from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.resnet18 import resnet18
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import vgg13_bn

SIZES = [(1, 1), (5, 3), (8, 8), (33, 47)]


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_variables)


def untrained(model):
    return sum(int(np.prod(w.shape)) for w in model.non_trainable_variables)


def random_images(count, height, width, seed=0):
    return np.random.default_rng(seed).random((count, height, width, 3), np.float32)


def shake(model, seed=0):
    """Draws the gains, offsets and biases, which start at trivial values, at random."""
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if len(variable.shape) == 1:
            variable.assign(variable + rng.normal(size=variable.shape, scale=0.3))
    return model


@pytest.fixture(scope="module", params=["instance", "batch"])
def small_unet(request):
    return shake(unet(base_width=4, depth=4, norm=request.param))


def test_vgg13_has_the_hand_counted_parameters():
    # 3x3 convolutions without bias, their inputs times their outputs times 9:
    #     3x64 + 64x64 + 64x128 + 128x128 + 128x256 + 256x256 + 256x512 + 3 x 512x512
    convolutions = 9 * (192 + 4096 + 8192 + 16384 + 32768 + 65536 + 131072 + 3 * 262144)
    assert convolutions == 9_402_048
    # A gain and an offset for each of 2 x (64 + 128 + 256 + 512 + 512) channels.
    normalizations = 2 * 2 * (64 + 128 + 256 + 512 + 512)
    # Five poolings leave 1x1x512 of a 32x32 image.
    dense = 512 * 10 + 10
    model = vgg13_bn(num_classes=10)

    assert trainable(model) == convolutions + normalizations + dense == 9_413_066
    assert untrained(model) == normalizations  # Running means and variances.


def test_resnet18_has_the_hand_counted_parameters():
    stem = 9 * 3 * 64
    # A group's two blocks have four 3x3 convolutions; all but the first group begin by
    # doubling the width, which their 1x1 shortcut does too.
    groups = 9 * 4 * 64 * 64
    for width in (128, 256, 512):
        groups += 9 * (width // 2 * width + 3 * width * width) + width // 2 * width
    # One normalization behind each convolution.
    normalizations = 2 * (64 + 4 * 64 + 5 * 128 + 5 * 256 + 5 * 512)
    dense = 512 * 10 + 10
    model = resnet18(num_classes=10)

    assert trainable(model) == stem + groups + normalizations + dense == 11_173_962
    assert untrained(model) == normalizations


def test_resnet18_has_no_strided_1x1_convolution():
    # With 4 to 7 channels oneDNN trains it wrongly on AVX2.
    convolutions = [
        layer
        for layer in resnet18(num_classes=10, width=0.0625).layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1)
    ]
    assert len(convolutions) == 3
    assert {layer.strides for layer in convolutions} == {(1, 1)}


@pytest.mark.parametrize("size", [8, 7])
def test_its_shortcuts_see_what_strided_convolutions_would(size):
    model = resnet18(num_classes=3, width=0.03, image_size=32)
    (pool, *_) = [x for x in model.layers if isinstance(x, keras.layers.AveragePooling2D)]
    images = np.random.default_rng(0).random((2, size, size, 2), np.float32)
    np.testing.assert_array_equal(pool(images), images[:, ::2, ::2])


def test_unet_has_the_hand_counted_parameters():
    # Down: two 3x3 convolutions without bias at each resolution.
    down = 9 * (3 * 64 + 64 * 64)
    for width in (128, 256, 512, 1024):
        down += 9 * (width // 2 * width + width * width)
    assert down == 18_839_232
    # Up: one that halves the width, one that halves that of the concatenation, one more.
    up = sum(9 * (2 * width * width + 2 * width * width + width * width) for width in (512, 256))
    up += sum(9 * 5 * width * width for width in (128, 64))
    assert up == 15_667_200
    # A gain and an offset: two normalizations a resolution going down, three going up.
    normalizations = 2 * (2 * (64 + 128 + 256 + 512 + 1024) + 3 * (64 + 128 + 256 + 512))
    pixels = 64 * 3 + 3
    model = unet()

    assert trainable(model) == down + up + normalizations + pixels == 34_520_323
    assert untrained(model) == 0


def test_patchgan_has_the_hand_counted_parameters():
    # 4x4 convolutions with bias.
    convolutions = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1)
    biases = 64 + 128 + 256 + 512 + 1
    assert convolutions + biases == 2_764_737
    # All but the first and the last are normalized.
    normalizations = 2 * (128 + 256 + 512)

    assert trainable(patchgan()) == convolutions + biases + normalizations == 2_766_529


@pytest.mark.parametrize("build", [vgg13_bn, resnet18])
def test_classifiers_give_logits_at_every_width(build):
    for width in (0.001, 0.25):
        model = build(num_classes=7, width=width)
        logits = model(random_images(2, 32, 32))
        assert logits.shape == (2, 7)
        assert logits.dtype == "float32"
        assert np.isfinite(logits).all()


@pytest.mark.parametrize("build", [vgg13_bn, resnet18])
def test_classifiers_own_their_normalization(build):
    images = random_images(2, 32, 32)
    mean, std = (0.2, 0.4, 0.6), (0.5, 0.25, 0.1)
    normalizing = build(num_classes=3, width=0.05, mean=mean, std=std)
    plain = build(num_classes=3, width=0.05, mean=(0, 0, 0), std=(1, 1, 1))
    plain.set_weights(normalizing.get_weights())

    normalized = ((images - np.array(mean)) / np.array(std)).astype(np.float32)
    np.testing.assert_allclose(normalizing(images), plain(normalized), atol=1e-4)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_unet_keeps_every_height_and_width(small_unet, height, width):
    answer = np.asarray(small_unet(random_images(2, height, width)))

    assert answer.shape == (2, height, width, 3)
    assert answer.dtype == np.float32
    assert answer.min() >= 0
    assert answer.max() <= 1


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_unet_sees_an_image_of_any_size_as_reflected(small_unet, height, width):
    images = random_images(2, height, width)
    bottom, right = -height % 8, -width % 8
    reflected = np.pad(images, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="reflect")

    expected = np.asarray(small_unet(reflected))[:, :height, :width]
    np.testing.assert_allclose(small_unet(images), expected, atol=1e-6)


def test_unet_treats_every_image_by_itself():
    model = shake(unet(base_width=4, depth=3))
    images = random_images(3, 16, 16)

    alone = np.concatenate([model(images[i : i + 1], training=True) for i in range(3)])
    np.testing.assert_allclose(model(images, training=True), alone, atol=1e-5)


def test_unet_looks_beyond_its_two_convolutions():
    model = shake(unet(base_width=4, depth=3, norm="batch"))
    flat = np.full((1, 32, 32, 3), 0.5, np.float32)
    dotted = flat.copy()
    dotted[0, 16, 16] = 1.0
    change = np.abs(np.asarray(model(dotted)) - np.asarray(model(flat)))[0].max(axis=-1)

    assert change[16, 16] > 0
    assert change[16, 24] > 0  # By way of the coarser resolutions.


def test_unet_survives_its_file(tmp_path):
    model = shake(unet(base_width=4, depth=3))
    model.save(tmp_path / "unet.keras")
    images = random_images(1, 7, 9)

    again = keras.models.load_model(tmp_path / "unet.keras")
    np.testing.assert_array_equal(again(images), model(images))


@pytest.mark.parametrize(
    ("size", "strided_layers", "map_size"),
    # A stride halves; the two convolutions of stride 1 take off a pixel each.
    [(32, 2, 6), (32, 3, 2), (64, 3, 6), (256, 3, 30), (32, 1, 14)],
)
def test_patchgan_scores_a_map_of_patches(size, strided_layers, map_size):
    model = patchgan(base_width=2, strided_layers=strided_layers)

    assert model(random_images(1, size, size)).shape == (1, map_size, map_size, 1)


@pytest.mark.parametrize(("strided_layers", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_its_patch_and_no_more(strided_layers, patch):
    # Without the normalizations, which see the whole image, a score's gradient is its patch.
    model = patchgan(base_width=2, strided_layers=strided_layers)
    bypassed = keras.models.clone_model(
        model,
        clone_function=lambda layer: (
            keras.layers.Identity()
            if type(layer).__name__ == "InstanceNormalization"
            else layer.__class__.from_config(layer.get_config())
        ),
    )
    import tensorflow as tf

    images = tf.constant(random_images(1, 128, 128))
    with tf.GradientTape() as tape:
        tape.watch(images)
        scores = bypassed(images)
        middle = scores[0, scores.shape[1] // 2, scores.shape[2] // 2, 0]
    touched = np.argwhere(np.abs(tape.gradient(middle, images)[0]).sum(axis=-1) > 0)

    assert (np.ptp(touched, axis=0) + 1).tolist() == [patch, patch]


def test_patchgan_stops_doubling_at_eight_times():
    widths = [
        layer.filters
        for layer in patchgan(base_width=4, strided_layers=5).layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert widths == [4, 8, 16, 32, 32, 32, 1]
