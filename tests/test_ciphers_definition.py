"""The ciphers are what their papers say: against slow transcriptions and hand-worked numbers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfppdnn.ciphers import make_cipher
from tfppdnn.ciphers.half_bytes import HalfByteKey

keys = st.integers(0, 2**32)


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def tanaka_block_by_hand(block, order, inverted):
    """Tanaka's paper on one 4x4x3 block, half-byte by half-byte."""
    bytes_ = [int(block[y, x, c]) for y in range(4) for x in range(4) for c in range(3)]
    half_bytes = [byte % 16 for byte in bytes_] + [byte // 16 for byte in bytes_]
    half_bytes = [15 - v if flip else v for v, flip in zip(half_bytes, inverted, strict=True)]
    half_bytes = [half_bytes[source] for source in order]
    half_bytes = [15 - v if flip else v for v, flip in zip(half_bytes, inverted, strict=True)]
    return np.reshape([16 * half_bytes[48 + i] + half_bytes[i] for i in range(48)], (4, 4, 3))


@settings(max_examples=20, deadline=None)
@given(key=keys, rows=st.integers(1, 3), columns=st.integers(1, 3))
def test_tanaka_is_its_paper(key, rows, columns):
    cipher = make_cipher("tanaka", key=key)
    images = random_images(2, 4 * rows, 4 * columns, 3)
    halves = HalfByteKey.draw(cipher.random(), keys=1)
    order, inverted = halves.order[0], halves.inverted[0]
    assert sorted(order) == list(range(96))
    assert inverted.sum() == 48

    expected = np.empty_like(images)
    for image, row, column in itertools.product(range(2), range(rows), range(columns)):
        here = np.s_[image, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        expected[here] = tanaka_block_by_hand(images[here], order, inverted)
    np.testing.assert_array_equal(cipher.encrypt(images), expected)


@settings(max_examples=20, deadline=None)
@given(key=keys, height=st.integers(1, 9), width=st.integers(1, 9))
def test_pixel_based_is_one_of_48_maps_a_pixel_for_all_images(key, height, width):
    cipher = make_cipher("pixel_same", key=key)
    # One known colour gives each pixel's map away: three values apart from their negatives.
    colour = (1, 2, 4)
    seen = cipher.encrypt(np.full((1, height, width, 3), colour, np.uint8))[0]
    images = random_images(2, height, width, 3)
    encrypted = cipher.encrypt(images)
    for y, x in np.ndindex(height, width):
        sources = []
        for channel in range(3):
            value = int(seen[y, x, channel])
            negative = value > 127
            source = colour.index(255 - value if negative else value)
            sources.append(source)
            for image in range(2):
                plain = int(images[image, y, x, source])
                assert encrypted[image, y, x, channel] == (255 - plain if negative else plain)
        assert sorted(sources) == [0, 1, 2]


def test_pixel_based_uses_all_48_maps_equally():
    seen = make_cipher("pixel_same", key=1).encrypt(np.full((1, 96, 100, 3), (1, 2, 4), np.uint8))
    _, counts = np.unique(seen.reshape(-1, 3), axis=0, return_counts=True)
    assert len(counts) == 48
    # 200 of each on average, standard deviation 14.
    assert counts.min() > 130
    assert counts.max() < 270


def blocks_of(image):
    height, width, _ = image.shape
    return [image[y : y + 4, x : x + 4] for y in range(0, height, 4) for x in range(0, width, 4)]


def etc_variants(block):
    """All 96 blocks that EtC can make of one."""
    squares = [np.rot90(square, k) for square in (block, np.flipud(block)) for k in range(4)]
    return [
        (negative ^ square)[..., channels].tobytes()
        for square in squares
        for negative in (np.uint8(0), np.uint8(255))
        for channels in itertools.permutations(range(3))
    ]


def test_etc_moves_each_block_once_and_turns_inverts_and_recolours_it():
    images = random_images(2, 32, 32, 3)
    maps = []
    for plain, encrypted in zip(images, make_cipher("etc", key=2).encrypt(images), strict=True):
        variants = {
            variant: (block, number)
            for block, pixels in enumerate(blocks_of(plain))
            for number, variant in enumerate(etc_variants(pixels))
        }
        maps.append([variants[block.tobytes()] for block in blocks_of(encrypted)])
    assert maps[0] == maps[1]
    sources, numbers = zip(*maps[0], strict=True)
    assert sorted(sources) == list(range(64))
    assert len({number // 12 for number in numbers}) == 8
    assert len({number // 6 % 2 for number in numbers}) == 2
    assert len({number % 6 for number in numbers}) == 6


def test_ele_moves_each_block_once_under_a_key_of_its_own():
    cipher = make_cipher("ele", key=2)
    images = np.zeros((65, 32, 32, 3), np.uint8)
    for number in range(64):
        y, x = divmod(number, 8)
        images[number, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4] = random_images(4, 4, 3, seed=1)
    encrypted = [np.array(blocks_of(image)) for image in cipher.encrypt(images)]
    black = encrypted[64]
    places, outcomes = [], set()
    for image in encrypted[:64]:
        changed = np.flatnonzero((image != black).any(axis=(1, 2, 3)))
        places.extend(changed)
        outcomes.add(image[changed].tobytes())
    assert sorted(places) == list(range(64))
    assert places != list(range(64))
    assert len(outcomes) == 64


def test_ele_of_one_block_is_tanaka_under_some_key():
    cipher = make_cipher("ele", key=9)
    halves = HalfByteKey.draw(cipher.random(), keys=1)
    images = random_images(3, 4, 4, 3)
    expected = [tanaka_block_by_hand(im, halves.order[0], halves.inverted[0]) for im in images]
    np.testing.assert_array_equal(cipher.encrypt(images), expected)


def test_tanaka_and_pixel_based_use_a_new_order_for_a_new_key():
    orders = {
        tuple(HalfByteKey.draw(make_cipher("tanaka", key=key).random(), keys=1).order[0])
        for key in range(50)
    }
    assert len(orders) == 50


HALF_BYTE_BITS = math.log2(math.factorial(96)) + math.log2(math.comb(96, 48))


@pytest.mark.parametrize(
    ("name", "height", "width", "bits"),
    [
        ("pixel_same", 1, 1, 5.584963),  # log2 48
        ("pixel_different", 32, 32, 5719.0016),  # 1,024 x (3 + log2 6), the same for any one image
        ("tanaka", 4, 4, HALF_BYTE_BITS),
        ("tanaka", 224, 224, HALF_BYTE_BITS),
        ("ele", 4, 4, HALF_BYTE_BITS),
        ("ele", 5, 8, 4 * HALF_BYTE_BITS + math.log2(24)),  # 2 x 2 blocks once filled up
        ("etc", 4, 4, 6.584963),  # log2 (8 x 2 x 6)
        ("etc", 32, 32, 717.43274),  # log2 64! = 295.99500, and 64 x 6.584963
    ],
)
def test_key_space_by_hand(name, height, width, bits):
    assert make_cipher(name).key_space_bits(height, width) == pytest.approx(bits, abs=1e-4)


def test_tanakas_key_space_by_stirling():
    # log2 96! = 498.0; C(96, 48) is 2^96 over sqrt(48 pi), nearly.
    stirling = (96 * math.log(96 / math.e) + math.log(2 * math.pi * 96) / 2) / math.log(2)
    binomial = 96 - math.log2(48 * math.pi) / 2
    assert make_cipher("tanaka").key_space_bits(4, 4) == pytest.approx(
        stirling + binomial, abs=0.01
    )
