"""Every cipher is undone exactly, whatever the size and key, and is a protector like any other."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfppdnn.ciphers import CIPHERS, make_cipher
from tfppdnn.errors import UserError

names = st.sampled_from(sorted(CIPHERS))
keys = st.integers(0, 2**70)
sides = st.integers(1, 21)
block_ciphers = ("tanaka", "ele", "etc")


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@settings(max_examples=150, deadline=None)
@given(name=names, key=keys, count=st.integers(1, 3), height=sides, width=sides)
def test_decrypt_undoes_encrypt(name, key, count, height, width):
    cipher = make_cipher(name, key=key)
    images = random_images(count, height, width, 3)
    before = images.copy()
    encrypted = cipher.encrypt(images)
    grown = (-(-height // 4) * 4, -(-width // 4) * 4) if name in block_ciphers else (height, width)
    assert encrypted.shape == (count, *grown, 3)
    assert encrypted.dtype == np.uint8
    np.testing.assert_array_equal(cipher.decrypt(encrypted, size=(height, width)), images)
    np.testing.assert_array_equal(images, before)
    if grown == (height, width):
        np.testing.assert_array_equal(cipher.decrypt(encrypted), images)


@settings(max_examples=40, deadline=None)
@given(name=names, key=keys, height=sides, width=sides)
def test_an_image_is_protected_the_same_alone_and_in_any_batch(name, key, height, width):
    cipher = make_cipher(name, key=key)
    images = random_images(4, height, width, 3)
    protected = cipher.protect(images)
    np.testing.assert_array_equal(cipher.protect(images[::-1])[::-1], protected)
    np.testing.assert_array_equal(cipher.protect(images[2]), protected[2])


@pytest.mark.parametrize("name", CIPHERS)
def test_the_key_decides(name):
    images = random_images(2, 16, 16, 3)
    encrypted = make_cipher(name, key=1).encrypt(images)
    np.testing.assert_array_equal(make_cipher(name, key=1).encrypt(images), encrypted)
    # Two unrelated random images agree in 1 value of 256.
    assert (encrypted != images).mean() > 0.8
    assert (encrypted != make_cipher(name, key=2).encrypt(images)).mean() > 0.8
    assert (make_cipher(name, key=2).decrypt(encrypted) != images).mean() > 0.8
    large = make_cipher(name, key=2**32 + 1).encrypt(images)
    assert (encrypted != large).mean() > 0.8


@pytest.mark.parametrize(
    ("name", "checksum"),
    [
        ("tanaka", 334452564),
        ("pixel_same", 1502034164),
        ("pixel_different", 2726359117),
        ("ele", 2826078777),
        ("etc", 418440254),
    ],
)
def test_a_key_means_the_same_in_every_release(name, checksum):
    gradient = np.arange(2 * 8 * 12 * 3, dtype=np.uint8).reshape(2, 8, 12, 3)
    encrypted = make_cipher(name, key=7).encrypt(gradient)
    assert zlib.crc32(encrypted.tobytes()) == checksum


@pytest.mark.parametrize("name", block_ciphers)
def test_incomplete_blocks_are_filled_with_the_edge(name):
    cipher = make_cipher(name, key=3)
    images = random_images(1, 6, 7, 3)
    filled = cipher.decrypt(cipher.encrypt(images))
    np.testing.assert_array_equal(filled[:, :6, :7], images)
    np.testing.assert_array_equal(filled[:, 6:], np.repeat(filled[:, 5:6], 2, axis=1))
    np.testing.assert_array_equal(filled[:, :, 7:], filled[:, :, 6:7])


def test_each_image_has_its_own_key_by_index():
    cipher = make_cipher("pixel_different", key=5)
    same = np.repeat(random_images(1, 8, 8, 3), 3, axis=0)
    encrypted = cipher.encrypt(same, indices=[4, 9, 4])
    np.testing.assert_array_equal(encrypted[0], encrypted[2])
    assert (encrypted[0] != encrypted[1]).mean() > 0.8
    np.testing.assert_array_equal(cipher.decrypt(encrypted, indices=[4, 9, 4]), same)
    np.testing.assert_array_equal(cipher.encrypt(same), cipher.encrypt(same, indices=[0, 1, 2]))


def test_protected_images_share_no_key_even_across_batches_of_one():
    cipher = make_cipher("pixel_different", key=5)
    black, nearly_black = np.zeros((2, 16, 16, 3), np.uint8)
    nearly_black[0, 0, 0] = 1
    masks = [cipher.protect(image) > 127 for image in (black, nearly_black)]
    assert 0.4 < (masks[0] != masks[1]).mean() < 0.6


@pytest.mark.parametrize("name", CIPHERS)
def test_with_key_is_the_same_scheme_under_another_key(name):
    cipher, images = make_cipher(name, key=3), random_images(2, 8, 8, 3)
    other = cipher.with_key(4)
    np.testing.assert_array_equal(other.protect(images), make_cipher(name, key=4).protect(images))
    assert cipher.key == 3
    with pytest.raises(UserError, match="whole number"):
        cipher.with_key(-1)


@pytest.mark.parametrize("name", CIPHERS)
def test_bad_images_get_one_line(name):
    cipher = make_cipher(name)
    for images in (
        np.zeros((2, 8, 8, 3)),
        np.zeros((2, 8, 8), np.uint8),
        np.zeros((1, 8, 8, 4), np.uint8),
        np.zeros((0, 8, 8, 3), np.uint8),
    ):
        for work in (cipher.encrypt, cipher.decrypt, cipher.protect):
            with pytest.raises(UserError, match="uint8 images of shape"):
                work(images)


def test_bad_calls_get_one_line():
    with pytest.raises(UserError, match=r"'des'.*tanaka, pixel_same, pixel_different, ele, etc"):
        make_cipher("des")
    for key in (-1, 1.5, "abc", None, True):
        with pytest.raises(UserError, match="whole number"):
            make_cipher("tanaka", key=key)
    with pytest.raises(UserError, match="8x8 do not come from 9x8"):
        make_cipher("ele").decrypt(np.zeros((1, 8, 8, 3), np.uint8), size=(9, 8))
    with pytest.raises(UserError, match="6x8 do not come from 6x8"):
        make_cipher("etc").decrypt(np.zeros((1, 6, 8, 3), np.uint8))
    with pytest.raises(UserError, match="1 key indices for 2 images"):
        make_cipher("pixel_different").encrypt(np.zeros((2, 8, 8, 3), np.uint8), indices=[1])
