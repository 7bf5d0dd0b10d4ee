"""What models of several networks share, each group of which has an optimizer of its own."""

from __future__ import annotations

import copy
from typing import Any

import keras
from keras import ops

from tfppdnn.models.batch_normalization import BatchNormalization
from tfppdnn.models.fused_adam import FusedAdam

Optimizer = keras.Optimizer | str
"""A Keras optimizer, or its name."""


class AdversarialModel(keras.Model):
    """A model whose networks train against each other, and that is saved with all of that.

    Subclasses name their losses, pass their optimizers to `compile_with`, and have a `train_step`
    and a `test_step` on ((x, y), (x_p, y_p)), as many of the one as of the other.

    Args:
        losses: Names of the losses whose means are reported.
        kwargs: As for `keras.Model`.
    """

    def __init__(self, losses: tuple[str, ...], **kwargs):
        super().__init__(**kwargs)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in losses}
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self._further: list[str] = []

    def compile_with(
        self,
        optimizer: Optimizer | None,
        further: dict[str, Optimizer | None],
        variables: list[list[keras.Variable]],
        **kwargs: Any,
    ) -> None:
        """Compiles, and builds every optimizer, so that checkpoints hold all of them.

        Args:
            optimizer: The first; by default Adam with the paper's rate (Section IV-B).
            further: The others by the names of their attributes, and of `compile`'s arguments;
                None for one of the first's settings.
            variables: What each trains, in that order.
            kwargs: As for `keras.Model.compile`.
        """
        super().compile(optimizer=optimizer or FusedAdam(2e-4, beta_1=0.5), **kwargs)
        self._further = list(further)
        for name, other in further.items():
            fresh = type(self.optimizer).from_config(self.optimizer.get_config())
            setattr(self, name, fresh if other is None else keras.optimizers.get(other))
        for each, trained in zip(self.optimizers, variables, strict=True):
            each.build(trained)

    @property
    def optimizers(self) -> list[keras.Optimizer]:
        """All of them in a fixed order, for checkpoints."""
        return [self.optimizer, *(getattr(self, name) for name in self._further)]

    @property
    def metrics(self) -> list[keras.Metric]:
        """The losses' means and the accuracy, without Keras's own `loss`, which stays 0."""
        return [*self.trackers.values(), self.accuracy]

    def get_compile_config(self) -> dict[str, Any]:
        """Returns what `compile_from_config` needs to make equal optimizers."""
        further = {name: getattr(self, name) for name in self._further}
        return {
            **super().get_compile_config(),
            **{name: keras.optimizers.serialize(other) for name, other in further.items()},
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as the saved model was; the optimizers' state is loaded with the weights."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None):
        """Makes a model of what `get_config` returned, with weights of its own."""
        # It is saved as Keras's own, which takes longer to train and rounds elsewhere.
        ours = {"BatchNormalization": BatchNormalization, **(custom_objects or {})}
        # A copy: Keras empties the configurations of networks that it makes.
        return cls(**keras.saving.deserialize_keras_object(copy.deepcopy(config), ours))

    @staticmethod
    def pairs(data):
        """Checks what a step is given, and returns it: ((x, y), (x_p, y_p)).

        Raises:
            ValueError: It is something else, such as one pair (x, y).
        """
        if isinstance(data, (tuple, list)) and [*map(_length, data)] == [2, 2]:
            return data
        raise ValueError(
            "train and evaluate on batches ((x, y), (x_p, y_p)): plain images and labels, and as "
            "many protected ones; tf.data.Dataset.zip((plain, protected)) makes them"
        )

    def track(self, batch, **values) -> None:
        """Counts losses in their means, as much as there are images in a batch.

        Args:
            batch: Images [N, H, W, 3]; a short last batch counts for less.
            values: Of each loss, its mean over the batch.
        """
        count = ops.cast(ops.shape(batch)[0], "float32")
        for name, value in values.items():
            self.trackers[name].update_state(value, sample_weight=count)


def _length(pair) -> int:
    return len(pair) if isinstance(pair, (tuple, list)) else 0
