import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tfppdnn.errors import UserError
from tfppdnn.images.files import encode_png, read_image, upright_rgb
from tfppdnn.images.formats import KINDS

GRADIENT = np.stack(
    np.broadcast_arrays(
        np.arange(0, 240, 10)[:, None], np.arange(0, 224, 7)[None, :], np.full((1, 1), 90)
    ),
    axis=-1,
).astype(np.uint8)
ORIENTATION = 0x0112


def encoded(image, image_format, **options):
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def png_chunks(data):
    position, names = 8, []
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        names.append(name)
        position += 12 + length
    return names


def png(width, height, *, bit_depth, colour, rows):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, bit_depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("image_format", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 100, "subsampling": 0}, 3),
        ("JPEG", {"quality": 100, "subsampling": 0, "progressive": True}, 3),
    ],
)
def test_every_format_gives_the_pixels(tmp_path, image_format, options, tolerance):
    path = tmp_path / "picture"
    Image.fromarray(GRADIENT).save(path, image_format, **options)
    pixels = read_image(path)
    assert pixels.dtype == np.uint8
    assert pixels.shape == GRADIENT.shape
    assert np.abs(pixels.astype(int) - GRADIENT).max() <= tolerance


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "GIF", "TIFF"])
def test_greyscale_is_repeated(tmp_path, image_format):
    grey = GRADIENT[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "grey", image_format)
    assert (read_image(tmp_path / "grey") == grey[:, :, None]).all()


def test_16_bit_greyscale_keeps_its_upper_byte(tmp_path):
    values = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    for name in ("deep.png", "deep.tiff"):
        Image.fromarray(values).save(tmp_path / name)
        assert read_image(tmp_path / name)[:, :, 1].tolist() == [[0, 0, 1], [128, 254, 255]]


def grey_tiff(pixels, *, width, bits, photometric):
    """A TIFF file of one row, by its specification."""
    tags = {256: width, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 8 + 2 + 9 * 12 + 4}
    tags |= {277: 1, 278: 1, 279: len(pixels)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels


@pytest.mark.parametrize(
    ("pixels", "bits", "photometric", "greys"),
    [
        (struct.pack("<3H", 0, 32768, 65535), 16, 1, [0, 128, 255]),
        (struct.pack("<3H", 0, 32768, 65535), 16, 0, [255, 127, 0]),
        (bytes.fromhex("000800fff0"), 12, 1, [0, 128, 255]),  # 0, 2048 and 4095, packed
    ],
    ids=["16 bits", "white is zero", "12 bits"],
)
def test_deep_grey_of_tiff_files_is_read_as_it_was_meant(
    tmp_path, pixels, bits, photometric, greys
):
    path = tmp_path / "grey.tiff"
    path.write_bytes(grey_tiff(pixels, width=3, bits=bits, photometric=photometric))
    assert read_image(path)[0, :, 0].tolist() == greys


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_picture_in_memory_of_32_bits_is_refused_and_not_made_black(mode):
    with pytest.raises(UserError, match="the picture holds numbers of 32 bits; save it with 8"):
        upright_rgb(Image.new(mode, (2, 2), 200))


def test_one_bit_and_palette(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "bits.png")
    assert read_image(tmp_path / "bits.png").tolist() == [[[255] * 3, [0] * 3]]
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 0])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "palette.png")
    assert read_image(tmp_path / "palette.png").tolist() == [[[10, 20, 30], [200, 100, 0]]]
    palette.save(tmp_path / "palette.png", transparency=1)
    assert read_image(tmp_path / "palette.png").tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize(("suffix", "options"), [("png", {}), ("webp", {"lossless": True})])
def test_transparency_is_laid_on_white(tmp_path, suffix, options):
    alpha = np.linspace(0, 255, GRADIENT.shape[1]).astype(np.uint8)
    alpha = np.broadcast_to(alpha, GRADIENT.shape[:2])
    path = tmp_path / f"glass.{suffix}"
    Image.fromarray(np.dstack([GRADIENT, alpha])).save(path, exact=True, **options)
    share = alpha[:, :, None] / 255
    expected = GRADIENT * share + 255 * (1 - share)
    assert np.abs(read_image(path) - expected).max() <= 1


def test_grey_with_alpha(tmp_path):
    Image.merge("LA", [Image.new("L", (1, 1), 100), Image.new("L", (1, 1), 0)]).save(
        tmp_path / "clear.png"
    )
    assert read_image(tmp_path / "clear.png").tolist() == [[[255, 255, 255]]]


def test_cmyk_inks_absorb_their_colours(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    assert np.abs(read_image(tmp_path / "red.jpg").astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, lambda stored: stored[:, ::-1]),
        (3, lambda stored: stored[::-1, ::-1]),
        (4, lambda stored: stored[::-1]),
        (5, lambda stored: stored.transpose(1, 0, 2)),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: stored[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda stored: np.rot90(stored, 1)),
    ],
)
def test_exif_rotation_is_carried_out(tmp_path, suffix, orientation, upright):
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(GRADIENT).save(path, exif=exif, quality=100)
    pixels = read_image(path)
    assert pixels.shape == upright(GRADIENT).shape
    assert np.abs(pixels.astype(int) - upright(GRADIENT)).mean() < 3


def test_a_broken_exif_block_does_not_lose_the_picture(tmp_path):
    Image.fromarray(GRADIENT).save(tmp_path / "photo.png", exif=b"Exif\0\0nonsense" * 3)
    assert (read_image(tmp_path / "photo.png") == GRADIENT).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"dear diary\n" * 50, f"is not a {KINDS} image"),
        (encoded(Image.new("RGB", (9, 9)), "PPM"), f"is not a {KINDS} image"),
        (encoded(Image.fromarray(GRADIENT), "PNG")[:70], "cannot be read"),
        (encoded(Image.fromarray(GRADIENT), "JPEG")[:-100], "cannot be read"),
        (encoded(Image.fromarray(GRADIENT), "WEBP")[:-50], "cannot be read"),
        (encoded(Image.fromarray(GRADIENT), "BMP")[:-50], "cannot be read"),
        (encoded(Image.fromarray(GRADIENT), "GIF")[:900], "cannot be read"),
        (encoded(Image.fromarray(GRADIENT), "TIFF", compression="tiff_lzw")[:99], "is not a"),
        (encoded(Image.fromarray(GRADIENT), "TIFF")[:-50], "cannot be read"),
        (encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), "holds numbers of 32 bits"),
        (encoded(Image.fromarray(np.ones((9, 9), np.int32)), "TIFF"), "holds numbers of 32 bits"),
    ],
    ids=[
        "empty",
        "text",
        "ppm",
        "png",
        "jpeg",
        "webp",
        "bmp",
        "gif",
        "tiff without its directory",
        "tiff",
        "float",
        "int32",
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, reason):
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_image(path)
    message = str(caught.value)
    assert f"{path} {reason}" in message
    assert "; " in message, "no mend is named"
    assert "\n" not in message


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to("nowhere")
    for name in ("folder.png", "dangling.png", "missing.png"):
        with pytest.raises(UserError, match=name):
            read_image(tmp_path / name)


def test_size_is_checked_before_decoding(tmp_path, monkeypatch):
    # The bytes would fill a 30,000 x 30,000 image of one bit: 107 MiB, or 2.5 GiB as RGB.
    bomb = png(30_000, 30_000, bit_depth=1, colour=0, rows=bytes(30_000 * 3_751))
    (tmp_path / "bomb.png").write_bytes(bomb)
    Image.new("RGB", (11, 10)).save(tmp_path / "small.png")

    def decode(image):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(UserError, match=r"bomb\.png.*--max_pixels"):
        read_image(tmp_path / "bomb.png")
    with pytest.raises(UserError, match=r"small\.png is 11 x 10 pixels.*--max_pixels=109"):
        read_image(tmp_path / "small.png", max_pixels=109)
    monkeypatch.undo()
    assert read_image(tmp_path / "small.png", max_pixels=110).shape == (10, 11, 3)


NOISE = Image.fromarray(np.random.default_rng(5).integers(0, 256, (13, 17, 3), np.uint8))
FILES = [
    encoded(NOISE, "PNG"),
    encoded(NOISE.quantize(8), "PNG", transparency=3),
    encoded(NOISE, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    encoded(NOISE, "WEBP"),
    encoded(NOISE, "BMP"),
    encoded(NOISE, "GIF"),
    encoded(NOISE, "TIFF", compression="tiff_lzw"),
]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    original=st.sampled_from(FILES),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    kept=st.floats(0, 1),
)
def test_damaged_bytes_give_an_image_or_one_line(tmp_path, original, damage, kept):
    content = bytearray(original)
    for place, value in damage:
        content[int(place * len(content))] = value
    path = tmp_path / "damaged"
    path.write_bytes(content[: round(kept * len(content))])
    try:
        pixels = read_image(path, max_pixels=1_000_000)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] == (3,)


def test_written_file_holds_the_pixels_and_nothing_else(tmp_path):
    secret = "12 Quiet Lane"
    exif = Image.Exif()
    exif[0x010E] = secret  # ImageDescription
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)})
    exif.get_ifd(0x9286)
    thumbnail = encoded(NOISE, "JPEG")
    text = PngInfo()
    text.add_text("Author", secret)
    text.add_itxt("Place", secret)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sources = {"photo.jpg": {"comment": secret}, "photo.png": {"pnginfo": text}, "photo.webp": {}}
    for name, options in sources.items():
        Image.fromarray(GRADIENT).save(
            tmp_path / name,
            exif=exif.tobytes() + thumbnail,
            icc_profile=profile,
            dpi=(300, 300),
            **options,
        )
        assert secret.encode() in (tmp_path / name).read_bytes()
        pixels = read_image(tmp_path / name)
        content = encode_png(pixels)
        assert set(png_chunks(content)) == {b"IHDR", b"IDAT", b"IEND"}
        with Image.open(io.BytesIO(content)) as written:
            assert written.info == {}
            assert (np.asarray(written) == pixels).all()


@pytest.mark.parametrize("image_format", ["JPEG", "MPO"])
def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded(
    tmp_path, monkeypatch, image_format
):
    """Each scan is thirty bytes, and a walk through the whole image for the decoder."""
    picture = Image.new("L", (400, 400))
    several = {"save_all": True, "append_images": [picture]} if image_format == "MPO" else {}
    content = encoded(picture, image_format, progressive=True, **several)
    (tmp_path / "good.jpg").write_bytes(content)
    assert read_image(tmp_path / "good.jpg").shape == (400, 400, 3)
    end = content.index(b"\xff\xd9")
    last_scan = content[content.rindex(b"\xff\xda", 0, end) : end]
    (tmp_path / "bomb.jpg").write_bytes(content[:end] + 100 * last_scan + content[end:])
    with Image.open(tmp_path / "bomb.jpg") as bomb:
        assert bomb.format == image_format
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(UserError, match=r"bomb\.jpg is a JPEG file of more than 100 scans"):
        read_image(tmp_path / "bomb.jpg")


def test_what_stands_behind_a_picture_is_no_scan_of_it(tmp_path):
    """A motion photo is a JPEG with a film behind it, in which any two bytes stand somewhere."""
    content = encoded(Image.new("L", (40, 40)), "JPEG", progressive=True)
    (tmp_path / "motion.jpg").write_bytes(content + 500 * b"\xff\xda\x00\x02")
    assert read_image(tmp_path / "motion.jpg").shape == (40, 40, 3)


def test_an_end_within_a_comment_hides_no_scans(tmp_path):
    content = encoded(Image.new("L", (40, 40)), "JPEG", progressive=True)
    end = content.index(b"\xff\xd9")
    scans = 100 * content[content.rindex(b"\xff\xda", 0, end) : end]
    comment = b"\xff\xfe\x00\x04\xff\xd9"
    (tmp_path / "bomb.jpg").write_bytes(
        content[:2] + comment + content[2:end] + scans + content[end:]
    )
    with pytest.raises(UserError, match=r"bomb\.jpg is a JPEG file of more than 100 scans"):
        read_image(tmp_path / "bomb.jpg")


def with_chunks(content, name, body, *, times):
    """A PNG file with chunks of one kind before its pixels."""
    chunk = struct.pack(">I", len(body)) + name + body
    chunk += struct.pack(">I", zlib.crc32(name + body))
    header = 8 + 25  # The signature, and the chunk IHDR.
    return content[:header] + times * chunk + content[header:]


def test_a_png_of_endless_profiles_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    """Pillow unfolds each as it opens the file: a megabyte of a kilobyte."""
    profile = b"icc\0\0" + zlib.compress(bytes(2**20))
    content = with_chunks(encode_png(GRADIENT), b"iCCP", profile, times=101)
    (tmp_path / "bomb.png").write_bytes(content)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(UserError, match=r"bomb\.png is a PNG file of more than 100 chunks"):
        read_image(tmp_path / "bomb.png")


def test_an_animation_of_many_frames_is_none(tmp_path):
    frames = [Image.fromarray(np.roll(GRADIENT, step, axis=0)) for step in range(150)]
    frames[0].save(tmp_path / "film.png", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_image(tmp_path / "film.png"), GRADIENT)
