"""Resizing inside a network, of images whose size is not known beforehand."""

from __future__ import annotations

import keras
from keras import layers, ops


class _SquareResize(layers.Layer):
    """Resizes to a square by two products with matrices that a class works out from the size.

    So it converts to TFLite with unknown height and width.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, size, size, C]."""
        batch, height, width, channels = ops.shape(images)
        if isinstance(height, int) and height == width == self.size:
            return images  # Both matrices would be identities.
        x = ops.reshape(images, (batch, height, width * channels))
        x = ops.matmul(self._weights(height), x)
        x = ops.reshape(x, (batch, self.size, width, channels))
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (batch, width, self.size * channels))
        x = ops.matmul(self._weights(width), x)
        x = ops.reshape(x, (batch, self.size, self.size, channels))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape):
        """Knows the output's height and width."""
        return (input_shape[0], self.size, self.size, input_shape[3])

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="tfppdnn")
class AreaResize(_SquareResize):
    """Resizes to a square by averaging over areas, as scikit-image's `resize_local_mean`.

    Each output pixel is the mean of what its share of the image covers, so nothing of a large
    photograph is skipped.

    Args:
        size: Height and width of the output.
    """

    def _weights(self, length):
        """[size, length]: which share of each output pixel an input pixel makes up."""
        # In units of 1/size of an input pixel all bounds are whole numbers, and exact: in float32
        # up to 2**24, which is reached at a length of 524,288 for a size of 32. LiteRT has fast
        # kernels for floats, and takes as long as for a convolution with integers.
        firsts = ops.arange(length, dtype="int32")[None, :] * self.size
        outputs = ops.arange(self.size, dtype="int32")[:, None] * length
        ends = ops.minimum(_as_float(firsts + self.size), _as_float(outputs + length))
        overlap = ops.relu(ends - ops.maximum(_as_float(firsts), _as_float(outputs)))
        return ops.cast(overlap, self.compute_dtype) / ops.cast(length, self.compute_dtype)


@keras.saving.register_keras_serializable(package="tfppdnn")
class TriangleResize(_SquareResize):
    """Resizes to a square as Pillow's `BILINEAR` does: between pixels, and over areas.

    What is enlarged is interpolated. What is made smaller is averaged with weights that fall to
    nothing over the width of one output pixel to either side, so nothing of it is skipped. (The
    antialiased bilinear filter of `tf.image.resize`.)

    Args:
        size: Height and width of the output.
    """

    def _weights(self, length):
        """[size, length]: how much each input pixel counts for each output pixel."""
        scale = _as_float(length) / self.size  # Input pixels an output pixel.
        reach = ops.maximum(scale, 1.0)
        centres = (_as_float(ops.arange(self.size))[:, None] + 0.5) * scale
        inputs = _as_float(ops.arange(length))[None, :] + 0.5
        weights = ops.relu(1.0 - ops.abs(inputs - centres) / reach)
        weights = weights / ops.sum(weights, axis=1, keepdims=True)
        return ops.cast(weights, self.compute_dtype)


def _as_float(numbers):
    return ops.cast(numbers, "float32")


@keras.saving.register_keras_serializable(package="tfppdnn")
class NearestResizeLike(layers.Layer):
    """Resizes the first input to the height and width of the second, by repeating pixels."""

    def call(self, images, like):
        """Maps float [N, h, w, C] and [N, H, W, _] to float [N, H, W, C]."""
        for axis in (1, 2):
            size, target = ops.shape(images)[axis], ops.shape(like)[axis]
            if isinstance(target, int) and size == target:
                continue
            indices = ops.arange(target, dtype="int32") * size // target
            images = ops.take(images, indices, axis=axis)
        return images

    def compute_output_shape(self, images_shape, like_shape):
        """Takes height and width from the second input."""
        return (images_shape[0], like_shape[1], like_shape[2], images_shape[3])
