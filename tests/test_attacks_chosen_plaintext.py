"""Helper images break ciphers of one key exactly, and say so where there is no such key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tfppdnn
from tfppdnn.attacks import ChosenPlaintexts, HelperBlocks, HelperImage, ThreatModel
from tfppdnn.ciphers import make_cipher
from tfppdnn.errors import UserError

keys = st.integers(0, 2**32)
sides = st.integers(1, 9)


class Protector:
    """Hides all but `protect` from the attacker, and keeps count."""

    def __init__(self, protect):
        self._protect = protect
        self.asked = []

    def protect(self, images):
        self.asked.append(images)
        return self._protect(images)


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def attacked(attack, protect, plain):
    protector = Protector(protect)
    return attack.run(ChosenPlaintexts(targets=protect(plain), protector=protector)), protector


@settings(max_examples=20, deadline=None)
@given(key=keys, height=sides, width=sides)
def test_pixel_based_encryption_under_one_key_is_undone(key, height, width):
    plain = random_images(3, height, width, 3)
    result, _ = attacked(HelperImage(), make_cipher("pixel_same", key=key).protect, plain)
    np.testing.assert_array_equal(result.images, plain)


@settings(max_examples=20, deadline=None)
@given(key=keys, height=sides, width=sides)
def test_tanaka_is_undone_whatever_had_to_be_filled_up(key, height, width):
    plain = random_images(3, height, width, 3)
    result, _ = attacked(HelperBlocks(), make_cipher("tanaka", key=key).protect, plain)
    np.testing.assert_array_equal(result.images[:, :height, :width], plain)


@pytest.mark.parametrize("attack", [HelperImage(), HelperBlocks()])
@pytest.mark.parametrize(
    "protect",
    [lambda images: images.copy(), lambda images: 255 - images],
    ids=["identity", "negative"],
)
def test_no_protection_and_a_negative_are_undone(attack, protect):
    plain = random_images(3, 8, 12, 3)
    result, _ = attacked(attack, protect, plain)
    np.testing.assert_array_equal(result.images, plain)
    assert result.threat_model is ThreatModel.CHOSEN_PLAINTEXTS
    assert "exactly" in result.finding


def test_one_helper_image_and_sixteen_helper_blocks_are_all_it_takes():
    plain = random_images(2, 8, 8, 3)
    _, protector = attacked(HelperImage(), make_cipher("pixel_same").protect, plain)
    assert len(protector.asked[0]) == 1
    _, protector = attacked(HelperBlocks(), make_cipher("tanaka").protect, plain)
    assert len(protector.asked[0]) == 16
    for helper in protector.asked[0]:
        blocks = {
            helper[y : y + 4, x : x + 4].tobytes() for y in range(0, 8, 4) for x in range(0, 8, 4)
        }
        assert len(blocks) == 1


def blurred(images):
    return ((images.astype(int) + np.roll(images, 1, axis=2)) // 2).astype(np.uint8)


def new_key_each_call():
    calls = iter(range(100))
    return lambda images: make_cipher("pixel_same", key=next(calls)).protect(images)


def nearly_tanaka(images):
    protected = make_cipher("tanaka").protect(images)
    protected[:, -1, -1, -1] ^= images[:, 0, 0, 0] & 1
    return protected


OTHERS = {
    "pixel_different": make_cipher("pixel_different", key=3).protect,
    "ele": make_cipher("ele", key=3).protect,
    "etc": make_cipher("etc", key=3).protect,
    "blur": blurred,
    "constant": np.zeros_like,
    "noise": lambda images: random_images(*images.shape, seed=5),
    "new key each call": new_key_each_call(),
    "nearly tanaka": nearly_tanaka,
    "half the size": lambda images: images[:, ::2, ::2],
    "cropped": lambda images: images[:, 1:, 1:],
    "floats": lambda images: images / 255,
}


@pytest.mark.parametrize("attack", [HelperImage(), HelperBlocks()])
@pytest.mark.parametrize("protect", OTHERS.values(), ids=OTHERS)
def test_other_protectors_are_not_broken_and_the_result_says_so(attack, protect):
    targets = random_images(2, 16, 16, 3, seed=1)
    result = attack.run(ChosenPlaintexts(targets=targets, protector=Protector(protect)))
    assert result.images is None
    assert "not " in result.finding
    assert result.attack == attack.name


@pytest.mark.parametrize(
    ("attack", "cipher"), [(HelperImage(), "tanaka"), (HelperBlocks(), "pixel_same")]
)
def test_each_helper_knows_its_own_cipher_only(attack, cipher):
    result, _ = attacked(attack, make_cipher(cipher).protect, random_images(2, 8, 8, 3))
    assert result.images is None


def test_images_that_are_no_whole_blocks_do_not_come_from_tanaka():
    protect = make_cipher("pixel_same").protect
    result, protector = attacked(HelperBlocks(), protect, random_images(2, 8, 6, 3))
    assert result.images is None
    assert not protector.asked


def test_a_key_is_checked_on_something():
    with pytest.raises(UserError, match="check_images"):
        HelperImage(check_images=0)


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (8, 8, 3), (2, 8, 8, 1)])
def test_targets_must_be_images(shape):
    with pytest.raises(UserError, match="to attack"):
        ChosenPlaintexts(targets=np.zeros(shape, np.uint8), protector=Protector(np.copy))


@pytest.mark.parametrize("name", ["pixelate:4", "pixelate:8", "blur:8"])
def test_nearly_black_helpers_that_become_one_picture_end_nothing(name):
    """They differ by few grey levels, and what is no cipher may make one of them."""
    protector = tfppdnn.Protector.named(name)
    plain = random_images(3, 64, 64, 3)
    data = ChosenPlaintexts(targets=protector.protect(plain), protector=protector)
    assert HelperBlocks().run(data).images is None
