"""Whether a protector draws on a canvas of its own is seen in what it draws."""

import numpy as np
import pytest
from PIL import Image

from tfppdnn.protector import Protector
from tfppdnn.protector.canvas import fixed_canvas


class Canvas:
    """Averages to a square, makes a negative of it, and enlarges that."""

    def __init__(self, side):
        self.side = side

    def protect(self, image):
        small = Image.fromarray(255 - image).resize((self.side, self.side), Image.Resampling.BOX)
        return np.asarray(small.resize(image.shape[1::-1], Image.Resampling.NEAREST))


@pytest.mark.parametrize("side", [32, 48, 100, 224])
def test_a_canvas_is_found(side):
    assert fixed_canvas(Canvas(side)) == side


def test_rows_that_are_equal_by_chance_make_no_smaller_canvas():
    class Striped(Canvas):
        def protect(self, image):
            drawn = super().protect(image).copy()
            drawn[len(image) // 2 : len(image) // 2 + 2 * len(image) // self.side] = 9
            return drawn

    assert fixed_canvas(Striped(32)) is None


@pytest.mark.parametrize("name", ["plain", "blur:2", "pixelate:4", "tanaka", "pixel_same", "etc"])
def test_what_draws_every_pixel_has_none(name):
    assert fixed_canvas(Protector.from_preset(name).scheme) is None


def test_what_takes_no_such_pictures_has_none():
    class Only32:
        def protect(self, image):
            raise ValueError(f"{image.shape} is not 32x32")

    assert fixed_canvas(Only32()) is None


def test_networks_are_told_apart(tmp_path, protectors):
    from tfppdnn.models import bottleneck

    model = bottleneck(image_size=40, encoder_width=0.125, decoder_width=4)
    assert Protector.of(model).canvas == 40
    assert Protector.from_preset("cifar10").canvas == 32
    assert Protector.from_preset(protectors / "run").canvas is None
