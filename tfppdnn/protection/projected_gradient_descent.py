"""Preliminary visual protection by projected gradient descent (Section III-B, Eq. 1-3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfppdnn import workers
from tfppdnn.models.folding import folded


def projected_gradient_descent(
    loss_gradient: Callable,
    images,
    start,
    *,
    epsilon: float,
    step_size: float,
    iterations: int,
):
    """Walks down a loss inside the L-infinity ball around the images (Eq. 2 and 3).

    x_p^(t+1) = Pi( x_p^t + alpha sign(-grad L) ), where Pi projects onto the ball of
    radius epsilon around x and onto valid pixels.

    Args:
        loss_gradient: Maps x_p to the gradient of the loss with respect to it.
        images: x, float32 [N, H, W, 3] in [0, 1].
        start: x_p^0, of the same shape, inside the ball.
        epsilon: Radius of the ball, in [0, 1]; 1.0 reaches every valid image.
        step_size: alpha, in [0, 1].
        iterations: How often to step.

    Returns:
        x_p, float32 [N, H, W, 3] in [0, 1].
    """
    lowest = ops.maximum(images - epsilon, 0.0)
    highest = ops.minimum(images + epsilon, 1.0)

    def step(_, protected):
        descent = -ops.sign(loss_gradient(protected))
        return ops.clip(protected + step_size * descent, lowest, highest)

    return ops.fori_loop(0, iterations, step, ops.clip(start, lowest, highest))


_NUMBERS = ("batch_size", "epsilon", "step_size", "iterations", "random_start", "seed")


@keras.saving.register_keras_serializable(package="tfppdnn")
class PreliminaryProtection(keras.Model):
    """Makes preliminary protected images P, a batch a training step.

    There is nothing to learn but the perturbation: `train_step` runs the whole descent
    on its batch and leaves the result in `protected_batch`, so that `fit` brings progress
    bars, callbacks and resuming as for any other model. `predict`, on a dataset of batches
    (x, y), returns what it makes of all of them.

    Args:
        reference_classifier: h_theta, from float32 [N, S, S, 3] in [0, 1] to logits.
        batch_size: Images a batch of `fit`; every batch must be full. `predict` takes any.
        epsilon: Radius of the perturbation set (Eq. 2), in [0, 1]. The paper does not
            give it; with less than 1 the picture stays visible.
        step_size: alpha of Eq. 3, in [0, 1].
        iterations: Steps of the descent; 50 in the paper.
        random_start: Whether to start at a uniformly random valid image of the ball
            rather than at the image itself, whose outlines would stay.
        seed: Seed of the random starts.
        name: Name of the Keras model.
        kwargs: As for `keras.Model`.
    """

    def __init__(
        self,
        reference_classifier: keras.Model,
        *,
        batch_size: int,
        epsilon: float = 1.0,
        step_size: float = 0.1,
        iterations: int = 50,
        random_start: bool = True,
        seed: int = 0,
        name: str = "preliminary_protection",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.reference_classifier = reference_classifier
        self.classify = folded(reference_classifier)
        self.batch_size = batch_size
        self.epsilon = epsilon
        self.step_size = step_size
        self.iterations = iterations
        self.random_start = random_start
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)
        self.protected_batch = self.add_weight(
            shape=(batch_size, *reference_classifier.input_shape[1:]),
            initializer="zeros",
            trainable=False,
            name="protected_batch",
        )
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.built = True

    def call(self, images, training=False):
        """Returns h_theta's logits, float32 [N, K], of float32 [N, S, S, 3] images."""
        return self.classify(images, training=False)

    def protect(self, images, labels):
        """Finds x_p for a batch (Eq. 1).

        Args:
            images: x, float32 [N, S, S, 3] in [0, 1].
            labels: y, integers [N].

        Returns:
            x_p, float32 [N, S, S, 3], rounded to multiples of 1/255: what is kept of it
            is an 8-bit image.
        """
        start = self._start(images)
        return workers.each_a_part(self._descended, images, labels, start)

    def _start(self, images):
        start = images
        if self.random_start:
            # Noise added to the image and then clipped would be darker where the image is.
            lowest = ops.maximum(images - self.epsilon, 0.0)
            highest = ops.minimum(images + self.epsilon, 1.0)
            start = lowest + (highest - lowest) * keras.random.uniform(
                ops.shape(images), seed=self.random
            )
        return start

    def _descended(self, images, labels, start):
        def loss_gradient(protected):
            with tf.GradientTape() as tape:
                tape.watch(protected)
                loss = ops.sum(self.cross_entropies(labels, self(protected)))
            return tape.gradient(loss, protected)

        protected = projected_gradient_descent(
            loss_gradient,
            images,
            start,
            epsilon=self.epsilon,
            step_size=self.step_size,
            iterations=self.iterations,
        )
        return ops.round(protected * 255) / 255

    def train_step(self, data):
        """Protects one batch of (images, labels); the metrics are h_theta's on P."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        protected = self.protect(images, labels)
        self.protected_batch.assign(protected)
        logits = self(protected)
        self.loss_mean.update_state(self.cross_entropies(labels, logits))
        self.accuracy.update_state(labels, logits)
        return self.get_metrics_result()

    def predict_step(self, data):
        """Protects one batch of (images, labels)."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self.protect(images, labels)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal model, with weights of its own."""
        return {
            **super().get_config(),
            "reference_classifier": keras.saving.serialize_keras_object(self.reference_classifier),
            **{name: getattr(self, name) for name in _NUMBERS},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None):
        """Makes a model of what `get_config` returned, with weights of its own."""
        return cls(**keras.saving.deserialize_keras_object(config, custom_objects))

    @staticmethod
    def cross_entropies(labels, logits):
        """L of Eq. 1: float32 [N], one cross entropy an image."""
        return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
