import copy

import numpy as np
import pytest

from tfppdnn.ciphers import ELE, EtC, Tanaka
from tfppdnn.errors import UserError
from tfppdnn.models import bottleneck
from tfppdnn.protector import Protector
from tfppdnn.protector.checked import CheckedScheme

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), np.uint8)


class Own:
    """A protector that is the function it is given."""

    def __init__(self, protect):
        self.protect = protect


def checked(protect, **settings):
    return CheckedScheme(Own(protect), name="mine", **settings)


def negative(images):
    return 255 - images


def only_single(image):
    height, width, channels = image.shape
    return 255 - image.reshape(height, width, channels)


def only_batches(images):
    count, height, width, channels = images.shape
    return 255 - images.reshape(count, height, width, channels)


def only_batches_of_one(images):
    assert images.shape[0] == 1 and images.ndim == 4
    return 255 - images


def spoils(index, spoil, way=lambda images: images):
    """Negative, but what `spoil` makes of it where an image is IMAGES[index]."""

    def protect(images):
        way(images)
        bad = any(np.array_equal(i, IMAGES[index]) for i in images.reshape(-1, 8, 8, 3))
        return spoil(255 - images) if bad else 255 - images

    return protect


def crash(images):
    raise RuntimeError("no\nmemory")


@pytest.mark.parametrize("protect", [negative, only_single, only_batches, only_batches_of_one])
def test_every_way_to_be_called_works(protect):
    protector = checked(protect, batch_size=4)
    np.testing.assert_array_equal(protector.protect(IMAGES), 255 - IMAGES)
    np.testing.assert_array_equal(protector.protect(IMAGES[3]), 255 - IMAGES[3])
    assert protector.protect(IMAGES[:0]).shape == (0, 8, 8, 3)


def test_it_calls_in_batches():
    sizes = []

    def protect(images):
        sizes.append(len(images))
        return 255 - images

    checked(protect, batch_size=4).protect(IMAGES)
    assert sizes == [4, 4, 2]


@pytest.mark.parametrize("way", [negative, only_single, only_batches, only_batches_of_one])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (crash, r"makes it fail \(RuntimeError: no memory\)"),
        (lambda x: x[..., :4, :, :], r"8x3 becomes .*4x8x3; return images of the size"),
        (lambda x: x / np.float32(255), "becomes float32, not uint8; return whole numbers"),
        (lambda x: x * np.nan, "becomes float64 with NaN, not uint8"),
        (lambda x: x.astype(np.int64), "becomes int64, not uint8"),
        (lambda x: x.astype(object), "becomes object, not uint8"),
        (lambda x: x.tolist(), "becomes a list; return a numpy array"),
        (lambda x: None, "becomes a NoneType; return a numpy array"),
    ],
)
def test_a_fault_names_protector_and_image_and_mend(way, spoil, reason):
    with pytest.raises(UserError, match=rf"^mine: image 6 .*{reason}") as caught:
        checked(spoils(6, spoil, way), batch_size=4).protect(IMAGES)
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize("scheme", [Tanaka, ELE, EtC])
def test_block_ciphers_say_which_sizes_work(scheme):
    protector = Protector.of(scheme())
    with pytest.raises(UserError, match=r"image 0 .*height and width are multiples of 4$"):
        protector.protect(np.zeros((2, 30, 32, 3), np.uint8))
    assert protector.protect(np.zeros((2, 32, 28, 3), np.uint8)).shape == (2, 32, 28, 3)


@pytest.mark.parametrize("way", [negative, only_single])
def test_a_scheme_may_work_in_place(way):
    def protect(images):
        np.subtract(255, images, out=images)
        way(images)
        return images

    given = IMAGES.copy()
    np.testing.assert_array_equal(checked(protect).protect(given), 255 - IMAGES)
    np.testing.assert_array_equal(given, IMAGES)


def test_one_picture_for_all_is_refused():
    with pytest.raises(UserError, match="mine: image 0 and all 9 after it become the same picture"):
        checked(np.zeros_like).protect(IMAGES)
    # One image says nothing, nor do equal ones.
    checked(np.zeros_like).protect(IMAGES[:1])
    checked(np.zeros_like).protect(np.zeros((3, 8, 8, 3), np.uint8))


def test_of_a_code_of_one_bit_any_two_pictures_may_be_one():
    network = bottleneck(encoder_width=0.0625, code_size=1, code_levels=2, decoder_width=8)
    protector = Protector.of(network)
    assert protector.bits == 1
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    made = [protector.protect(image).tobytes() for image in images]
    same = [image for image, one in zip(images, made, strict=True) if one == made[0]]
    assert len(same) > 1
    assert len({one.tobytes() for one in protector.protect(np.stack(same))}) == 1


def test_pictures_of_one_scene_may_become_the_same():
    """As two frames of a film do by a code of few numbers."""
    frames = np.stack([IMAGES[0], np.where(IMAGES[0] < 255, IMAGES[0] + 1, 255).astype(np.uint8)])
    checked(np.zeros_like).protect(frames)
    with pytest.raises(UserError, match="become the same picture"):
        checked(np.zeros_like).protect(np.concatenate([frames, 255 - IMAGES[:1]]))


@pytest.mark.parametrize("said", ["draws_noise", "epsilon"])
def test_one_picture_for_all_is_no_fault_of_noise(said):
    class Noisy:
        def protect(self, images):
            return np.zeros_like(images)

    setattr(Noisy, said, 1.0)
    protector = Protector.of(Noisy(), name="noisy")
    assert protector.draws_noise
    assert not protector.protect(IMAGES).any()


def test_what_says_what_to_do_is_left_alone():
    def refuse(images):
        raise UserError("mend this")

    with pytest.raises(UserError, match=r"^mend this$"):
        checked(refuse).protect(IMAGES)


def test_all_that_a_scheme_offers_is_still_offered():
    protector = copy.copy(Protector.of(Tanaka(key=3)))
    assert protector.says("key_space_bits")(32, 32) == Tanaka().key_space_bits(32, 32)
    assert protector.says("classifier_front") == "block_adaptation"
    assert protector.says("gan_generator", "unet") == "block"
    assert protector.says("nonsense") is None


def test_a_protector_of_a_protector_is_itself():
    once = Protector.of(Own(spoils(6, crash)), name="mine")
    assert Protector.of(once) is once
    with pytest.raises(UserError, match=r"^mine: image 6 "):
        once.protect(IMAGES)
