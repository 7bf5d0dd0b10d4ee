import numpy as np
import pytest

from tfppdnn import load_protector
from tfppdnn.client.unprotected import _alike_by_chance, refuse_other_size, refuse_unprotected

RNG = np.random.default_rng(4)
PLAIN = RNG.integers(0, 256, (20, 30, 3), np.uint8)
# One in a hundred of the 600 pixels.
ALLOWED = 6


def with_unchanged(count, channels=(0, 1, 2)):
    """All pixels changed in all channels, but for some channels of `count` pixels."""
    protected = 255 - PLAIN  # No value is its own opposite.
    places = np.ix_(RNG.permutation(PLAIN[..., 0].size)[:count], channels)
    protected.reshape(-1, 3)[places] = PLAIN.reshape(-1, 3)[places]
    return protected


def test_one_pixel_in_a_hundred_may_be_unchanged():
    refuse_unprotected(with_unchanged(ALLOWED), PLAIN)
    with pytest.raises(ValueError, match="changes too little"):
        refuse_unprotected(with_unchanged(ALLOWED + 1), PLAIN)
    with pytest.raises(ValueError, match="changes too little"):
        refuse_unprotected(PLAIN.copy(), PLAIN)


@pytest.mark.parametrize("channels", [[0], [1], [2], [0, 1], [0, 2], [1, 2]])
def test_a_pixel_that_differs_in_one_channel_is_changed(channels):
    refuse_unprotected(with_unchanged(PLAIN[..., 0].size, channels), PLAIN)


def test_the_verdict_does_not_depend_on_how_arrays_lie_in_memory():
    protected = np.asfortranarray(with_unchanged(ALLOWED + 1))
    with pytest.raises(ValueError, match="changes too little"):
        refuse_unprotected(protected[:, ::-1], PLAIN[:, ::-1])


def test_another_size_or_type_is_refused():
    with pytest.raises(ValueError, match="returned shape"):
        refuse_other_size(PLAIN[:1], PLAIN)
    with pytest.raises(ValueError, match="images must be"):
        refuse_other_size(PLAIN / 255, PLAIN)


def on_white(height=224, width=224):
    """A product before a white wall: a picture of noise in the middle of white."""
    picture = np.full((height, width, 3), 255, np.uint8)
    middle = picture[height // 3 : -height // 3, width // 3 : -width // 3]
    middle[:] = np.random.default_rng(0).integers(0, 255, middle.shape, np.uint8)
    return picture


@pytest.mark.parametrize("colour", [0, 255])
def test_a_plain_background_is_alike_by_chance_and_no_fault_of_the_protector(colour):
    plain = on_white() if colour else 255 - on_white()
    protected = load_protector("photos").protect(plain)
    assert (protected == plain).all(axis=-1).mean() > 0.01
    refuse_unprotected(protected, plain)


def test_a_plain_background_hides_nothing_that_was_left_as_it_was():
    plain = on_white()
    for protected in (plain.copy(), np.full_like(plain, 255)):
        with pytest.raises(ValueError, match="changes too little"):
            refuse_unprotected(protected, plain)
    some = load_protector("photos").protect(plain)
    some[90:130, 90:130] = plain[90:130, 90:130]
    with pytest.raises(ValueError, match="changes too little"):
        refuse_unprotected(some, plain)


def test_what_chance_makes_alike_by_hand():
    pixels = np.array([[1, 1, 1], [1, 1, 1], [2, 2, 2], [3, 3, 3]], np.uint8)
    others = np.array([[1, 1, 1], [2, 2, 2], [2, 2, 2], [9, 9, 9]], np.uint8)
    # One: 2/4 and 1/4; two: 1/4 and 2/4.
    assert _alike_by_chance(pixels, others) == pytest.approx(0.25)
