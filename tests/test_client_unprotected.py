import numpy as np
import pytest

from tfppdnn.client.unprotected import refuse_unprotected

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
        refuse_unprotected(PLAIN[:1], PLAIN)
    with pytest.raises(ValueError, match="images must be"):
        refuse_unprotected(PLAIN / 255, PLAIN)
