"""A pool of earlier fakes, which keeps discriminators from forgetting (CycleGAN)."""

from __future__ import annotations

import keras
from keras import ops

from tfppdnn import workers


@keras.saving.register_keras_serializable(package="tfppdnn")
class FakePool(keras.layers.Layer):
    """Answers half of all fakes with earlier ones (Shrivastava et al., 2017).

    The pool is a variable, and so is its random generator: both are saved with the
    model's other state.

    Args:
        image_shape: (H, W, 3).
        size: Images in the pool; 50 in CycleGAN. At least the batch size.
        seed: Seed of the swaps.
    """

    def __init__(
        self, image_shape: tuple[int, int, int], *, size: int = 50, seed: int = 0, **kwargs
    ):
        super().__init__(**kwargs)
        self.size = size
        self.random = keras.random.SeedGenerator(seed)
        self.images = self.add_weight(
            shape=(size, *image_shape), initializer="zeros", trainable=False, name="images"
        )
        self.filled = self.add_weight(
            shape=(), initializer="zeros", trainable=False, dtype="int32", name="filled"
        )
        self.built = True

    def call(self, fakes):
        """Swaps a batch against the pool.

        Until the pool is full the fakes fill it and come back as they are. Then each
        fake, with probability 1/2, changes places with a pooled one; no two fakes of a
        batch meet the same one.

        Args:
            fakes: float32 [N, H, W, 3], N at most the pool's size.

        Returns:
            float32 [N, H, W, 3].

        Raises:
            ValueError: The batch is larger than the pool. Where its size is known in a
                running graph only, TensorFlow raises its `InvalidArgumentError`.
        """
        # Several workers have one pool: a checkpoint of one of them holds all of it.
        return workers.own_rows(self._swapped(workers.gathered(fakes)))

    def _swapped(self, fakes):
        count = self._count(fakes)
        filling = self.filled < self.size
        places = ops.where(
            filling,
            # The last batch that fills the pool may overwrite some of its first.
            ops.mod(self.filled + ops.arange(count, dtype="int32"), self.size),
            keras.random.shuffle(ops.arange(self.size), seed=self.random)[:count],
        )
        swap = keras.random.uniform((count, 1, 1, 1), seed=self.random) < 0.5
        pooled = ops.take(self.images, places, axis=0)
        kept = ops.where(ops.logical_or(filling, swap), fakes, pooled)
        self.images.assign(ops.scatter_update(self.images, places[:, None], kept))
        answer = ops.where(ops.logical_and(ops.logical_not(filling), swap), pooled, fakes)
        self.filled.assign(ops.minimum(self.filled + count, self.size))
        return answer

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer, with an empty pool."""
        return {
            **super().get_config(),
            "image_shape": tuple(self.images.shape[1:]),
            "size": self.size,
            "seed": self.random.get_config()["seed"],
        }

    def save_own_variables(self, store):
        """Saves the random generator's state, too, which Keras leaves out of its files."""
        for name, variable in self._state().items():
            store[name] = variable

    def load_own_variables(self, store):
        """Loads what `save_own_variables` saved."""
        for name, variable in self._state().items():
            variable.assign(store[name])

    def _state(self):
        return {"images": self.images, "filled": self.filled, "random": self.random.state}

    def _count(self, fakes):
        count = ops.shape(fakes)[0]
        problem = f"a pool of {self.size} images is too small for a batch of"
        if isinstance(count, int):
            if count > self.size:
                raise ValueError(f"{problem} {count}")
        elif keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            # Keras has nothing that raises in a running graph.
            tf.debugging.Assert(count <= self.size, [problem, count])
        return count
