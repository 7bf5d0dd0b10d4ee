"""The kinds of files that cameras and phones write, and that need more than Pillow's core."""

import numpy as np
import pytest
from PIL import Image, features

from tfppdnn.errors import UserError
from tfppdnn.images import formats
from tfppdnn.images.files import read_image

needs_avif = pytest.mark.skipif(
    "avif" not in features.modules or not features.check("avif"), reason="Pillow without AVIF"
)
# Red above, blue below, and wider than high: a picture that shows when it has been turned.
HALVES = np.zeros((24, 40, 3), np.uint8)
HALVES[:12, :, 0] = HALVES[12:, :, 2] = 255


def written(folder, suffix, **options):
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = folder / f"picture.{suffix}"
    Image.fromarray(HALVES).save(path, quality=95, **options)
    return path


KINDS = [pytest.param("avif", marks=needs_avif), "heic"]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_phones_pictures_are_read(tmp_path, suffix):
    pixels = read_image(written(tmp_path, suffix))
    assert pixels.dtype == np.uint8 and pixels.shape == (24, 40, 3)
    assert np.abs(pixels.astype(int) - HALVES).mean() < 8  # Colour is kept in half the size.


@pytest.mark.parametrize("suffix", KINDS)
def test_a_phones_rotation_is_carried_out(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6  # Stored lying: a quarter clockwise makes it upright.
    pixels = read_image(written(tmp_path, suffix, exif=exif.tobytes()))
    upright = np.rot90(HALVES, -1)
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 8


@pytest.mark.parametrize("suffix", [*KINDS, "gif", "tiff"])
def test_size_is_checked_before_decoding(tmp_path, suffix, monkeypatch):
    path = written(tmp_path, suffix)

    def decode(image):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(UserError, match=r"is 40 x 24 pixels, more than --max_pixels=959"):
        read_image(path, max_pixels=959)


@pytest.mark.parametrize("suffix", KINDS)
def test_a_damaged_picture_is_named(tmp_path, suffix):
    path = written(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(UserError, match=rf"picture\.{suffix} .*; ") as refused:
        read_image(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC, .* run: pip install 'pillow-heif'"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "is HEIC, .* run: pip install 'pillow-heif'"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "is AVIF, .* run: pip install 'pillow>=11.3'"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "is AVIF, .* run: pip install 'pillow>=11.3'"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "is not a JPEG, "),  # A film.
    ],
)
def test_without_its_reader_a_kind_is_named_with_it(tmp_path, monkeypatch, start, said):
    monkeypatch.setattr(formats, "readable_formats", lambda: ("JPEG", "PNG"))
    monkeypatch.setattr("tfppdnn.images.files.readable_formats", lambda: ("JPEG", "PNG"))
    (tmp_path / "photo.heic").write_bytes(start + bytes(100))
    with pytest.raises(UserError, match=rf"photo\.heic {said}"):
        read_image(tmp_path / "photo.heic")


@pytest.mark.parametrize("suffix", ["gif", "tiff"])
def test_the_first_of_several_pictures_is_read(tmp_path, suffix):
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"frames.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with Image.open(path) as image:
        assert image.n_frames == 3
    assert (read_image(path) == [255, 0, 0]).all()
    assert read_image(path).shape == (6, 8, 3)


def test_a_gifs_transparent_parts_are_white(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 100, 0])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "logo.gif", transparency=1)
    assert read_image(tmp_path / "logo.gif").tolist() == [[[10, 20, 30], [255, 255, 255]]]
