"""Feature reconstruction against a slow transcription, and against images with features."""

import itertools

import numpy as np
import pytest
from skimage.data import chelsea
from skimage.transform import downscale_local_mean

from tfppdnn.attacks import (
    AdvancedFeatureReconstruction,
    BasicFeatureReconstruction,
    Ciphertexts,
    ThreatModel,
)
from tfppdnn.ciphers import make_cipher
from tfppdnn.errors import UserError
from tfppdnn.leakage import affine_ssim, contour_correlation, ssim


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def photographs():
    """12 photographs of 48x48: crops of one scikit-image photograph at half its size."""
    photograph = np.rint(downscale_local_mean(chelsea(), (2, 2, 1))).astype(np.uint8)
    corners = np.random.default_rng(0).integers(0, photograph.shape[0] - 48, (12, 2))
    return np.stack([photograph[y : y + 48, x : x + 48] for y, x in corners])


def gentle_slopes():
    """Images whose channels rise and fall slowly, and never meet each other's negatives."""
    y, x = np.mgrid[:40, :40] / 6
    red, green, blue = 15 + 14 * np.sin(x), 210 + 14 * np.cos(y), 82 + 14 * np.sin(x + y)
    image = np.rint(np.stack([red, green, blue], axis=-1)).astype(np.uint8)
    return np.stack([image, image[::-1], image.swapaxes(0, 1)])


def reconstructed(attack, targets):
    return attack.run(Ciphertexts(targets=targets)).images


def slow_basic(image):
    decoded = image.copy()
    for place in np.ndindex(image.shape):
        if image[place] > 127:
            decoded[place] = image[place] ^ 255
    return decoded


def candidates(pixel):
    """All 48 colours that pixel-based encryption may have made into this one."""
    for order in itertools.permutations(range(3)):
        for flips in itertools.product((0, 255), repeat=3):
            yield [int(pixel[order[c]]) ^ flips[c] for c in range(3)]


def slow_advanced(image, first_pixel):
    decoded = np.zeros_like(image)
    for y, x in np.ndindex(image.shape[:2]):
        neighbour = decoded[0, x - 1] if y == 0 else decoded[y - 1, x]
        if (y, x) == (0, 0):
            neighbour = first_pixel
        decoded[y, x] = min(
            candidates(image[y, x]),
            key=lambda colour: sum(abs(a - int(b)) for a, b in zip(colour, neighbour, strict=True)),
        )
    return decoded


SHAPES = [(1, 1), (1, 5), (6, 1), (7, 9)]


@pytest.mark.parametrize("shape", SHAPES)
def test_basic_is_its_definition(shape):
    targets = random_images(3, *shape, 3)
    expected = [slow_basic(image) for image in targets]
    np.testing.assert_array_equal(reconstructed(BasicFeatureReconstruction(), targets), expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("first_pixel", [(0, 0, 0), (141, 195, 241), (10, 250, 120)])
def test_advanced_chooses_among_all_48_colours(photographs, shape, first_pixel):
    photographs = photographs[:3, : shape[0], : shape[1]]
    plain = np.concatenate([photographs, random_images(3, *shape, 3)])
    targets = make_cipher("pixel_different", key=4).protect(plain)
    attack = AdvancedFeatureReconstruction(first_pixel=first_pixel)
    expected = [slow_advanced(image, first_pixel) for image in targets]
    np.testing.assert_array_equal(reconstructed(attack, targets), expected)


def test_what_comes_back_is_known_up_to_the_order_of_channels(photographs):
    darker = np.sort(np.minimum(photographs, 255 - photographs), axis=-1)
    for key in range(3):
        targets = make_cipher("pixel_different", key=key).protect(photographs)
        for attack in (BasicFeatureReconstruction(), AdvancedFeatureReconstruction()):
            np.testing.assert_array_equal(np.sort(reconstructed(attack, targets)), darker)


def test_both_show_what_encryption_hid(photographs):
    targets = make_cipher("pixel_different", key=2).protect(photographs)
    basic = reconstructed(BasicFeatureReconstruction(), targets)
    advanced = reconstructed(AdvancedFeatureReconstruction(), targets)
    for metric, gains in ((ssim, (0.15, 0.05)), (contour_correlation, (0.1, 0.03))):
        hidden, outlined, coloured = (
            metric(images, photographs).mean() for images in (targets, basic, advanced)
        )
        assert outlined > hidden + gains[0]
        assert coloured > outlined + gains[1]


@pytest.mark.parametrize("key", [0, 1, 2])
def test_advanced_undoes_encryption_of_gentle_slopes(key):
    plain = gentle_slopes()
    targets = make_cipher("pixel_different", key=key).protect(plain)
    for image, target in zip(plain, targets, strict=True):
        first_pixel = tuple(image[0, 0].tolist())
        known = AdvancedFeatureReconstruction(first_pixel=first_pixel)
        np.testing.assert_array_equal(reconstructed(known, target[None])[0], image)
    # Who does not know the first pixel sees the same in false colours.
    assert affine_ssim(reconstructed(AdvancedFeatureReconstruction(), targets), plain).min() > 0.99


def test_the_targets_stay_as_they_are(photographs):
    targets = photographs.copy()
    for attack in (BasicFeatureReconstruction(), AdvancedFeatureReconstruction()):
        result = attack.run(Ciphertexts(targets=targets))
        np.testing.assert_array_equal(targets, photographs)
        assert result.attack == attack.name
        assert result.threat_model is ThreatModel.CIPHERTEXTS_ONLY


@pytest.mark.parametrize("colour", [(0, 0), (0, 0, 256), (-1, 0, 0), (0.5, 0, 0), "red"])
def test_the_first_pixel_must_be_a_colour(colour):
    with pytest.raises(UserError, match="first_pixel"):
        AdvancedFeatureReconstruction(first_pixel=colour)
