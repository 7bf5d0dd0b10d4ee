"""The two networks of the GAN attack, and how they learn from each other (Fig. 2)."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import ops

from tfppdnn.models.fake_pool import FakePool
from tfppdnn.models.fused_adam import FusedAdam

Rate = float | keras.optimizers.schedules.LearningRateSchedule
_LOSSES = ("generator", "discriminator", "consistency")


class GANAttackModel(keras.Model):
    """Learns to make plain images of protected ones, from images that are not paired.

    Args:
        generator: G_att, from float32 [N, H, W, 3] in [0, 1] to the same.
        discriminator: D_att, from such images to logits, high for plain images.
        encoder: From such images to the same: finds the protected image again in its
            reconstruction. None to do without, as the paper does.
        least_squares: Whether losses are least squares (LSGAN) instead of cross entropy.
        consistency: Weight of the encoder's error in the generator's loss.
        copying_steps: Steps at the beginning in which the generator just learns to copy the
            protected image, and the discriminator waits.
        pool_size: Earlier reconstructions that the discriminator is shown; 0 for none.
        image_shape: (H, W, 3).
        seed: Seed of the pool.
    """

    def __init__(
        self,
        *,
        generator: keras.Model,
        discriminator: keras.Model,
        encoder: keras.Model | None,
        least_squares: bool,
        consistency: float,
        copying_steps: int,
        pool_size: int,
        image_shape: tuple[int, int, int],
        seed: int,
    ):
        super().__init__(name="gan_attack")
        self.generator = generator
        self.discriminator = discriminator
        self.encoder = encoder
        self.consistency = consistency
        self.copying_steps = copying_steps
        self.distance = (
            keras.losses.MeanSquaredError()
            if least_squares
            else keras.losses.BinaryCrossentropy(from_logits=True)
        )
        self.pool = FakePool(image_shape, size=pool_size, seed=seed) if pool_size else None
        self.trackers = {name: keras.metrics.Mean(name=name) for name in _LOSSES}
        self.built = True

    def compile(self, *, generator_rate: Rate, discriminator_rate: Rate, beta_1: float, **kwargs):
        """Makes an Adam for each side (Section IV-C)."""
        self.generator_optimizer = FusedAdam(generator_rate, beta_1)
        self.discriminator_optimizer = FusedAdam(discriminator_rate, beta_1)
        self.generator_optimizer.build(self.generator_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        super().compile(optimizer=self.generator_optimizer, **kwargs)

    @property
    def optimizers(self) -> list[keras.Optimizer]:
        """Both optimizers, for checkpoints."""
        return [self.generator_optimizer, self.discriminator_optimizer]

    @property
    def metrics(self) -> list[keras.Metric]:
        """The losses' means."""
        return list(self.trackers.values())

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What the generator's optimizer trains: the encoder works for the generator."""
        encoder = self.encoder.trainable_variables if self.encoder else []
        return self.generator.trainable_variables + encoder

    def call(self, images, training=False):
        """Reconstructs float32 [N, H, W, 3] images in [0, 1]."""
        return self.generator(images, training=training)

    def train_step(self, data):
        """One step on (Enc(T_1), T_2): the generator first, then the discriminator."""
        ciphertexts, plain = data
        fakes = self.train_generator(ciphertexts)
        self.train_discriminator(plain, fakes)
        return self.get_metrics_result()

    def train_generator(self, ciphertexts):
        """Updates the generator so that it is taken for plain; returns its reconstructions."""
        with tf.GradientTape() as tape:
            fakes = self.generator(ciphertexts, training=True)
            scores = self.discriminator(fakes, training=False)
            loss = self.distance(ops.ones_like(scores), scores)
            if self.copying_steps:
                copy_error = ops.mean(ops.abs(fakes - ciphertexts))
                loss = ops.where(self._is_copying(), copy_error, loss)
            error = 0.0
            if self.encoder is not None:
                found = self.encoder(fakes, training=True)
                error = ops.mean(ops.square(found - ciphertexts))
                loss += self.consistency * error
        self.generator_optimizer.apply(
            tape.gradient(loss, self.generator_variables), self.generator_variables
        )
        self._track(generator=loss, consistency=error)
        return fakes

    def train_discriminator(self, plain, fakes):
        """Updates the discriminator on plain images and pooled reconstructions."""
        fakes = self.pool(fakes) if self.pool is not None else fakes
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            real = self.discriminator(plain, training=True)
            fake = self.discriminator(fakes, training=True)
            loss = self.distance(ops.ones_like(real), real)
            loss = (loss + self.distance(ops.zeros_like(fake), fake)) / 2
            loss = ops.where(self._is_copying(), 0.0, loss)
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        self._track(discriminator=loss)

    def _is_copying(self):
        # Counted where both sides of a step see the same number: the discriminator is the last.
        return self.discriminator_optimizer.iterations < self.copying_steps

    def _track(self, **values):
        for name, value in values.items():
            self.trackers[name].update_state(value)
