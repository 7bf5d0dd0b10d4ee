"""Keras's batch normalization, in one operation where TensorFlow trains it.

Keras writes out the formula of a training step: about ten passes over the maps, and as many for
its gradient. They cost a quarter of ResNet-18's step on a processor. TensorFlow has one operation
for it, which is why this file alone of the networks' uses more than Keras.
"""

from __future__ import annotations

import keras
from keras import ops

from tfppdnn import workers


class BatchNormalization(keras.layers.BatchNormalization):
    """Computes what Keras's does, and is saved as Keras's, so that files need no tfppdnn."""

    __module__ = "keras.layers"

    def call(self, inputs, training=None, mask=None):
        """Maps float [N, H, W, C] to the same shape; other shapes, and inference, as Keras does."""
        plainly = training and self.trainable and mask is None
        if plainly and workers.is_telling():
            return self._of_all_workers(inputs)
        fused = plainly and len(inputs.shape) == 4
        if not fused or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        # The Python function of this name would raise an epsilon of 1e-5 to cuDNN's least.
        # Maps of bfloat16 go in as they are: it sums in float32, and casts cost time.
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=ops.convert_to_tensor(self.gamma),
            offset=ops.convert_to_tensor(self.beta),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # It gives the unbiased variance for the moving one; Keras takes the batch's own.
        count = ops.cast(ops.size(inputs) // inputs.shape[-1], "float32")
        self._move(mean, variance * (ops.maximum(count - 1, 1) / count))
        return outputs

    def _of_all_workers(self, inputs):
        """Normalizes by the whole batch, of which other workers have other parts."""
        maps = ops.cast(inputs, "float32")
        axes = tuple(range(len(inputs.shape) - 1))
        (mean,) = workers.averaged(ops.mean(maps, axis=axes))
        # Not the mean square less the squared mean, which rounds maps away that hardly vary.
        (variance,) = workers.averaged(ops.mean(ops.square(maps - mean), axis=axes))
        self._move(ops.stop_gradient(mean), ops.stop_gradient(variance))
        gain = ops.convert_to_tensor(self.gamma) * ops.rsqrt(variance + self.epsilon)
        outputs = (maps - mean) * gain + ops.convert_to_tensor(self.beta)
        return ops.cast(outputs, self.compute_dtype)

    def _move(self, mean, variance):
        for moving, own in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + own * (1 - self.momentum))


def batch_normalization() -> keras.Layer:
    """Returns the batch normalization of all networks here, with PyTorch's usual settings."""
    return BatchNormalization(momentum=0.9, epsilon=1e-5)
