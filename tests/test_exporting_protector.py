import io
import struct
import subprocess
import sys
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from exporting_samples import (
    assert_same_pixels,
    photographs,
    protected_by_hand,
    tiny_protector,
)
from PIL import Image

from tfppdnn.exporting.protector import export_protector
from tfppdnn.models.unet import unet


@pytest.fixture(scope="module")
def model():
    return tiny_protector("instance")


@pytest.fixture(scope="module")
def directory(model, tmp_path_factory):
    directory = tmp_path_factory.mktemp("export") / "protector"
    export_protector(model, directory)
    return directory


@pytest.fixture(scope="module")
def encoded(directory):
    loaded = tf.saved_model.load(directory)
    signature = loaded.signatures["encoded"]

    def protect(files):
        answer = signature(image_bytes=tf.constant(files, tf.string))
        assert list(answer) == ["protected_bytes"]
        return [Image.open(io.BytesIO(png)) for png in answer["protected_bytes"].numpy()]

    protect.owner = loaded
    return protect


def file_bytes(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_signatures_are_the_contract(directory):
    signatures = tf.saved_model.load(directory).signatures
    assert set(signatures) == {"serving_default", "encoded"}
    pixels, files = signatures["serving_default"], signatures["encoded"]
    assert pixels.structured_input_signature[1] == {
        "image": tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")
    }
    assert pixels.structured_outputs["protected"].dtype == tf.uint8
    assert files.structured_input_signature[1] == {
        "image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")
    }
    assert files.structured_outputs["protected_bytes"].dtype == tf.string


@pytest.mark.parametrize("height, width", [(1, 1), (5, 3), (31, 33), (96, 96)])
def test_pixels_of_any_size_are_those_of_keras(model, directory, height, width):
    images = photographs(count=3, height=height, width=width)
    protect = tf.saved_model.load(directory).signatures["serving_default"]
    protected = protect(image=tf.constant(images))["protected"].numpy()
    assert_same_pixels(protected, protected_by_hand(model, images))


@pytest.mark.slow
def test_loads_where_there_is_no_tfppdnn(model, directory, tmp_path):
    images = photographs(count=2)
    np.save(tmp_path / "images.npy", images)
    program = (
        "import sys; sys.modules['tfppdnn'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "image = tf.constant(np.load('images.npy'))\n"
        "np.save('protected', loaded.signatures['serving_default'](image=image)['protected'])\n"
    )
    subprocess.run([sys.executable, "-c", program, directory], cwd=tmp_path, check=True)
    protected = np.load(tmp_path / "protected.npy")
    assert_same_pixels(protected, protected_by_hand(model, images))


def test_files_of_different_kinds_and_sizes_in_one_batch(model, encoded):
    photograph = Image.fromarray(photographs(count=1, height=61, width=47)[0])
    pictures = [
        (photograph, "PNG", {}),
        (photograph.crop((3, 5, 40, 30)), "JPEG", {"quality": 60}),
        (photograph.resize((16, 64)), "JPEG", {"progressive": True, "subsampling": 2}),
        (photograph.convert("L"), "PNG", {}),
        (photograph.convert("L"), "JPEG", {}),
        (photograph.quantize(16), "PNG", {}),
        (photograph.convert("RGBA"), "PNG", {}),
    ]
    files = [file_bytes(image, kind, **options) for image, kind, options in pictures]
    for file, protected in zip(files, encoded(files), strict=True):
        assert protected.format == "PNG"
        pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))[np.newaxis]
        assert_same_pixels(np.asarray(protected)[np.newaxis], protected_by_hand(model, pixels))


def png_that_claims(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "file, why",
    [
        (b"", "must be a JPEG or a PNG"),
        (b"a text named .png", "must be a JPEG or a PNG"),
        (file_bytes(Image.new("RGB", (8, 8)), "GIF"), "must be a JPEG or a PNG"),
        (file_bytes(Image.new("RGB", (8, 8)), "PNG")[:20], None),
        (file_bytes(Image.effect_noise((64, 64), 50), "JPEG")[:700], None),
        (png_that_claims(30_000, 30_000), "at most 67108864 pixels, not"),
        (png_that_claims(10_000, 10_000), "at most 67108864 pixels, not"),
    ],
)
def test_bad_files_are_refused(encoded, file, why):
    with pytest.raises(tf.errors.InvalidArgumentError, match=why):
        encoded([file])


def test_no_images_give_no_images(directory, encoded):
    loaded = tf.saved_model.load(directory)
    nothing = loaded.signatures["serving_default"](image=tf.zeros([0, 32, 32, 3], tf.uint8))
    assert nothing["protected"].shape == (0, 32, 32, 3)
    assert encoded([]) == []


def test_a_model_of_low_precision_is_refused(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = unet(base_width=4, depth=2)
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match="computes in bfloat16"):
        export_protector(model, tmp_path / "protector")
    assert list(tmp_path.iterdir()) == []
