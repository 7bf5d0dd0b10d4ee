"""Small layers that more than one network is made of."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from tfppdnn.models.batch_normalization import batch_normalization
from tfppdnn.models.instance_normalization import InstanceNormalization

# Mean and standard deviation of ImageNet's training images (RGB, in [0, 1]): the
# "standard normalisation" of Section IV-D when a data set's own are not given.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def standard_normalization(
    mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> keras.Layer:
    """Returns the layer that maps images in [0, 1] to zero mean and unit variance."""
    return layers.Normalization(
        mean=list(mean), variance=[s * s for s in std], name="standard_normalization"
    )


def normalization(kind: str) -> keras.Layer:
    """Returns a normalization layer.

    Args:
        kind: `"instance"` (as in CycleGAN) or `"batch"` (folds into the convolution
            before it when exported).
    """
    if kind == "instance":
        return InstanceNormalization()
    if kind == "batch":
        return batch_normalization()
    raise ValueError(f"norm must be 'instance' or 'batch', not {kind!r}")


@keras.saving.register_keras_serializable(package="tfppdnn")
class ReflectToMultiple(layers.Layer):
    """Grows an image at its right and bottom to a multiple of `multiple`, by reflection.

    Unlike `tf.pad(mode="REFLECT")` it takes images that are smaller than the padding,
    by reflecting again, and converts to TFLite with unknown height and width.

    Args:
        multiple: Height and width of the output are the next multiples of this.
    """

    def __init__(self, multiple: int, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, H', W', C] with H', W' rounded up."""
        for axis in (1, 2):
            size = ops.shape(images)[axis]
            if isinstance(size, int) and size % self.multiple == 0:
                continue
            images = ops.take(images, self._reflected_indices(size), axis=axis)
        return images

    def _reflected_indices(self, size):
        # A triangle wave: 0 1 2 .. size-1 size-2 .. 1 0 1 ..
        padded = -(-size // self.multiple) * self.multiple
        period = ops.maximum(2 * (size - 1), 1)
        position = ops.mod(ops.arange(padded, dtype="int32"), period)
        return ops.minimum(position, period - position)

    def compute_output_shape(self, input_shape):
        """Rounds height and width up where they are known."""

        def up(size):
            return None if size is None else -(-size // self.multiple) * self.multiple

        batch, height, width, channels = input_shape
        return (batch, up(height), up(width), channels)

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable(package="tfppdnn")
class CropLike(layers.Layer):
    """Crops the first input at its right and bottom to the height and width of the second."""

    def call(self, images, like):
        """Maps float [N, H', W', C] and [N, H, W, _] to float [N, H, W, C]."""
        batch, _, _, channels = ops.shape(images)
        # One slice: of indices like [:, :height] LiteRT makes an operator that it has no fast
        # kernel for.
        return ops.slice(images, (0, 0, 0, 0), (batch, *ops.shape(like)[1:3], channels))

    def compute_output_shape(self, images_shape, like_shape):
        """Takes height and width from the second input."""
        return (images_shape[0], like_shape[1], like_shape[2], images_shape[3])


@keras.saving.register_keras_serializable(package="tfppdnn")
class NearestUpsample2x(layers.Layer):
    """Repeats every pixel twice along height and width.

    `keras.layers.UpSampling2D` does the same but does not convert to TFLite when the
    size of the image is unknown. Joining a tensor with itself along channels and
    reading the result as twice as many pixels needs no arithmetic and no gather.
    """

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, 2 H, 2 W, C]."""
        batch, height, width, channels = ops.shape(images)
        rows = ops.reshape(
            ops.concatenate([images, images], axis=3), (batch, height, 2 * width * channels)
        )
        return ops.reshape(
            ops.concatenate([rows, rows], axis=2), (batch, 2 * height, 2 * width, channels)
        )

    def compute_output_shape(self, input_shape):
        """Doubles height and width where they are known."""
        batch, height, width, channels = input_shape
        return (batch, height and 2 * height, width and 2 * width, channels)
