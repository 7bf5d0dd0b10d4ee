"""Pictures of pictures: every pixel as it is, every row under its word."""

import io

import numpy as np
from PIL import Image

from tfppdnn.images.montage import montage, png


def test_images_are_laid_out_on_white():
    dark, bright = np.zeros((2, 3, 5, 3), np.uint8), np.full((2, 3, 5, 3), 200, np.uint8)
    grid = np.asarray(montage([dark, bright], tile=1, margin=1, gap=1))

    assert grid.shape == (2 * 4 + 1, 2 * 6 + 1, 3)
    assert grid.dtype == np.uint8
    assert (grid[1:4, 1:6] == 0).all()
    assert (grid[5:8, 7:12] == 200).all()
    assert (grid[[0, 4, 8]] == 255).all()
    assert (grid[:, [0, 6, 12]] == 255).all()


def test_small_images_are_enlarged_pixel_by_pixel_under_their_words():
    images = np.random.default_rng(0).integers(0, 250, (5, 4, 4, 3), np.uint8)
    picture = montage({"plain": images, "protected": 255 - images}, columns=3, tile=10, title="two")
    shown = np.asarray(picture)

    # Whole factors: 4 pixels become 12. A line of letters is 35 high; three lines are there.
    assert shown.shape == (16 + 35 + 2 * (35 + 12 + 6) - 6 + 16, 2 * 16 + 3 * 18 - 6, 3)
    for row, expected in enumerate((images, 255 - images)):
        top = 16 + 35 + row * 53
        assert (shown[top : top + 35] < 255).any()  # Its word.
        for column in range(3):
            left = 16 + column * 18
            tile = shown[top + 35 : top + 47, left : left + 12]
            np.testing.assert_array_equal(tile[1::3, 1::3], expected[column])
            assert len(np.unique(tile.reshape(-1, 3), axis=0)) <= 16
    assert (shown[16:40] < 255).any()  # The title.


def test_no_more_columns_than_the_shortest_row_has():
    few, many = np.zeros((2, 4, 4, 3), np.uint8), np.zeros((6, 4, 4, 3), np.uint8)
    assert montage([many, few], columns=4, tile=1).width == 2 * 16 + 2 * 10 - 6


def test_the_file_holds_the_picture():
    picture = montage([np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)], tile=1)
    with Image.open(io.BytesIO(png(picture))) as read:
        assert read.format == "PNG"
        np.testing.assert_array_equal(np.asarray(read), np.asarray(picture))
