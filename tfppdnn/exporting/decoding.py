"""Decoding JPEG and PNG inside a SavedModel, where no Pillow is at hand."""

from __future__ import annotations

import tensorflow as tf

# A 50-megapixel photograph passes; a few kilobytes that unfold to gigabytes do not.
MAX_PIXELS = 2**26

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def decode_image(image_bytes: tf.Tensor) -> tf.Tensor:
    """Decodes one JPEG or PNG, whose size is read from its header before it is unfolded.

    Gives the same pixels as Pillow. A greyscale or palette image becomes RGB, an alpha
    channel is dropped and an EXIF orientation is not applied.

    Args:
        image_bytes: Scalar string.

    Returns:
        uint8 [H, W, 3].

    Raises:
        tf.errors.InvalidArgumentError: Neither JPEG nor PNG, broken, or of more than
            `MAX_PIXELS` pixels.
    """
    is_jpeg = tf.io.is_jpeg(image_bytes)
    is_png = tf.equal(tf.strings.substr(image_bytes, 0, 8), _PNG_SIGNATURE)
    known = tf.debugging.Assert(is_jpeg | is_png, ["image_bytes must be a JPEG or a PNG"])
    with tf.control_dependencies([known]):
        size = tf.cond(
            is_jpeg,
            lambda: tf.image.extract_jpeg_shape(image_bytes)[:2],
            lambda: _png_size(image_bytes),
        )
    pixels = tf.reduce_prod(tf.cast(size, tf.int64))
    bounded = tf.debugging.Assert(
        pixels <= MAX_PIXELS, [f"image_bytes must have at most {MAX_PIXELS} pixels, not", pixels]
    )
    with tf.control_dependencies([bounded]):
        return tf.cond(
            is_jpeg,
            # The accurate transform is the one that Pillow uses.
            lambda: tf.io.decode_jpeg(image_bytes, channels=3, dct_method="INTEGER_ACCURATE"),
            lambda: tf.io.decode_png(image_bytes, channels=3),
        )


def _png_size(image_bytes: tf.Tensor) -> tf.Tensor:
    # The header chunk always comes first: width and height stand at bytes 16 to 24.
    header = tf.strings.substr(image_bytes, 16, 8)
    return tf.reshape(tf.io.decode_raw(header, tf.int32, little_endian=False), [2])
