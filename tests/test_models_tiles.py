"""Codes drawn as tiles, and read again; and pictures brought to a trunk's size."""

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tfppdnn.models import DrawTiles, NearestResizeLike, ReadTiles, TriangleResize, code_of
from tfppdnn.models.trunk_protector import trunk_of, trunk_protector


def test_numbers_become_greys_row_by_row_and_the_rest_is_mid_grey():
    drawn = np.asarray(DrawTiles()(np.array([[-1.0, 0.0, 1.0]], np.float32)))
    assert drawn.shape == (1, 2, 2, 3)
    np.testing.assert_array_equal(drawn[0, ..., 0], [[0.0, 0.5], [1.0, 0.5]])
    np.testing.assert_array_equal(drawn[..., 0], drawn[..., 2])


@pytest.mark.parametrize("size", [(12, 12), (32, 32), (33, 50), (224, 100)])
@pytest.mark.parametrize("count", [4, 100, 128, 144])
def test_what_is_drawn_is_read_again_at_any_size(size, count):
    code = np.random.default_rng(0).uniform(-1, 1, (2, count)).astype(np.float32)
    tiles = DrawTiles()(code)
    picture = NearestResizeLike()(tiles, np.zeros((2, *size, 3)))
    assert picture.shape == (2, *size, 3)
    np.testing.assert_allclose(ReadTiles(tiles.shape[1])(picture), tiles, atol=1e-6)


def test_a_tile_is_read_as_the_mean_of_its_pixels():
    picture = np.zeros((1, 4, 4, 3), np.float32)
    picture[0, 1, 1] = 1.0
    assert np.asarray(ReadTiles(2)(picture))[0, ..., 0].tolist() == [[0.25, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("size", [32, 128, 400])
def test_a_picture_is_resized_as_pillow_does(size):
    photograph = data.chelsea()
    expected = Image.fromarray(photograph).resize((size, size), Image.Resampling.BILINEAR)
    resized = np.asarray(TriangleResize(size)(photograph[np.newaxis] / np.float32(255)))[0] * 255
    # Pillow rounds after each direction.
    assert np.abs(resized - np.asarray(expected)).max() < 1.1


def test_its_protector_draws_what_the_trunk_sees_and_nothing_else():
    keras.utils.set_random_seed(0)
    images = keras.Input((16, 16, 3))
    features = keras.layers.Conv2D(5, 3, strides=2)(images)
    trunk = keras.Model(images, features, name="small")
    protector = trunk_protector(trunk=trunk, trunk_size=16, code_size=6, code_levels=4)
    assert code_of(protector).facts == {"numbers": 6, "levels": 4}
    assert trunk_of(protector) is trunk

    kernel, bias = np.random.default_rng(0).normal(size=(5, 6)), np.full(6, 0.1)
    protector.get_layer("code").set_weights([kernel, bias])
    pictures = np.random.default_rng(1).random((3, 40, 24, 3), np.float32)
    made = np.asarray(protector(pictures))
    assert made.shape == pictures.shape

    seen = np.asarray(trunk(TriangleResize(16)(pictures))).mean(axis=(1, 2))
    levels = np.round((np.tanh(seen @ kernel + bias) + 1) * 1.5) / 3
    read = np.asarray(ReadTiles(3)(made)).mean(axis=-1).reshape(3, 9)
    np.testing.assert_allclose(read[:, :6], levels, atol=1e-6)
    np.testing.assert_allclose(read[:, 6:], 0.5)
