"""What a classifier learns from that shall not be too sure of itself."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfppdnn")
class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross entropy of labels of which a share is spread over all classes (Szegedy et al., 2016).

    Args:
        smoothing: That share.
        kwargs: As for `keras.losses.Loss`.
    """

    def __init__(self, smoothing: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.smoothing = smoothing

    def call(self, labels, logits):
        """Maps integers [N] and logits [N, K] to the cross entropy of each, [N]."""
        surprise = -ops.log_softmax(ops.cast(logits, "float32"))
        rows = ops.cast(ops.reshape(labels, (-1, 1)), "int32")
        true = ops.take_along_axis(surprise, rows, axis=1)[:, 0]
        return (1 - self.smoothing) * true + self.smoothing * ops.mean(surprise, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal loss."""
        return {**super().get_config(), "smoothing": self.smoothing}
