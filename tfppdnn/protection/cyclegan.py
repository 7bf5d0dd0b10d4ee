"""The transformation network: a CycleGAN with the paper's cycle loss (Section III-C)."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf
from keras import ops

from tfppdnn.models.fake_pool import FakePool
from tfppdnn.models.folding import folded
from tfppdnn.protection import losses
from tfppdnn.protection.serialization import (
    compile_config,
    deserialized,
    like,
    own_optimizer,
    part_of,
    serialized,
    serialized_part,
)

_LOSSES = (
    "generators",
    "discriminators",
    "adversarial_protector",
    "adversarial_restorer",
    "perceptual",
    "classification",
    "reconstruction",
)


@keras.saving.register_keras_serializable(package="tfppdnn")
class CycleGAN(keras.Model):
    """Learns G_AB = h_p (protector) and G_BA (restorer) between plain and protected images.

    Domain A holds plain images, domain B preliminary protected ones; the two of a batch
    are not paired. Calling the model protects: it is h_p. `fit` and `evaluate` take batches of
    ((x, y), (x_p, y_p)), as a `tf.data.Dataset` of both domains zipped has them.

    Args:
        protector: G_AB, from float32 [N, H, W, 3] in [0, 1] to the same.
        restorer: G_BA, likewise.
        plain_discriminator: F_A, from such images to patch scores [N, h, w, 1].
        protected_discriminator: F_B, likewise.
        reference_classifier: h_theta, frozen.
        features: phi_k of Eq. 7, frozen.
        lambda_: Weight of the adversarial losses (Eq. 4).
        gamma: Weights of the perceptual, classification and reconstruction losses (Eq. 5).
        perceptual_cap: Bound of each image's feature losses; None for the paper's form.
        pool_size: Earlier fakes that each discriminator is shown.
        image_shape: (H, W, 3) of the training images.
        seed: Seed of the pools.
        name: Name of the Keras model.
    """

    def __init__(
        self,
        *,
        protector: keras.Model,
        restorer: keras.Model,
        plain_discriminator: keras.Model,
        protected_discriminator: keras.Model,
        reference_classifier: keras.Model,
        features: keras.Model,
        lambda_: float = 0.4,
        gamma: tuple[float, float, float] = (-1.0, 0.4, 0.9),
        perceptual_cap: float | None = 1.7,
        pool_size: int = 50,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        seed: int = 0,
        name: str = "cyclegan",
    ):
        super().__init__(name=name)
        self.protector = protector
        self.restorer = restorer
        self.plain_discriminator = plain_discriminator
        self.protected_discriminator = protected_discriminator
        self.reference_classifier = reference_classifier
        self.features = features
        reference_classifier.trainable = features.trainable = False
        # Of the same variables: Keras is not to track, nor to save, them twice.
        self.classify = functools.partial(folded(reference_classifier), training=False)
        self.lambda_ = lambda_
        self.gamma = tuple(gamma)
        self.perceptual_cap = perceptual_cap
        self.plain_pool = FakePool(image_shape, size=pool_size, seed=seed)
        self.protected_pool = FakePool(image_shape, size=pool_size, seed=seed + 1)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in _LOSSES}
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self.built = True

    def compile(
        self,
        optimizer: keras.Optimizer | str | None = None,
        *,
        discriminators_optimizer: keras.Optimizer | str | None = None,
        **kwargs,
    ):
        """Sets one optimizer for both generators and one for both discriminators (Section IV-B).

        Args:
            optimizer: The generators', or its name; the paper's Adam if None.
            discriminators_optimizer: The discriminators'; another one like it if None.
            kwargs: As for `keras.Model.compile`, but for losses and metrics.
        """
        generators = own_optimizer(optimizer)
        discriminators = own_optimizer(discriminators_optimizer or like(generators))
        generators.build(self.generators_variables)
        discriminators.build(self.discriminators_variables)
        self.discriminators_optimizer = discriminators
        super().compile(optimizer=generators, **kwargs)

    def get_compile_config(self):
        """Returns what `compile_from_config` needs."""
        return compile_config(self, "optimizer", "discriminators_optimizer")

    def compile_from_config(self, config):
        """Compiles as the model was that the configuration is of."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def get_config(self):
        """Returns what `from_config` needs to make an equal model."""
        networks = (
            "protector",
            "restorer",
            "plain_discriminator",
            "protected_discriminator",
            "reference_classifier",
        )
        return {
            **{name: serialized(getattr(self, name)) for name in networks},
            "features": serialized_part(self.features, of=self.reference_classifier),
            "lambda_": self.lambda_,
            "gamma": self.gamma,
            "perceptual_cap": self.perceptual_cap,
            "pool_size": self.plain_pool.size,
            "image_shape": self.plain_pool.image_shape,
            "seed": self.plain_pool.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Makes a model from `get_config`, with new weights."""
        config = deserialized(config, custom_objects)
        part = config["features"]
        if isinstance(part, str):
            config["features"] = part_of(config["reference_classifier"], part)
        return cls(**config)

    @property
    def optimizers(self) -> list[keras.Optimizer]:
        """Both optimizers, for checkpoints."""
        return [self.optimizer, self.discriminators_optimizer]

    @property
    def metrics(self) -> list[keras.Metric]:
        """The losses' means and the accuracy, without Keras's own `loss`, which stays 0."""
        return [*self.trackers.values(), self.accuracy]

    @property
    def generators_variables(self) -> list[keras.Variable]:
        """What the generators' optimizer trains."""
        return self.protector.trainable_variables + self.restorer.trainable_variables

    @property
    def discriminators_variables(self) -> list[keras.Variable]:
        """What the discriminators' optimizer trains."""
        return (
            self.plain_discriminator.trainable_variables
            + self.protected_discriminator.trainable_variables
        )

    def call(self, images, training=False):
        """Protects float32 [N, H, W, 3] images in [0, 1]: h_p(x) = G_AB(x)."""
        return self.protector(images, training=training)

    def train_step(self, data):
        """One step on ((x, y), (x_p, y_p)): generators first, then discriminators."""
        (images, labels), (protected, protected_labels) = data
        fakes = self.train_generators(images, labels, protected, protected_labels)
        self.train_discriminators(images, protected, *fakes)
        return self.get_metrics_result()

    def test_step(self, data):
        """The losses and h_theta's accuracy on h_p(x) for ((x, y), (x_p, y_p)), unpooled."""
        (images, labels), (protected, protected_labels) = data
        _, fake_plain, fake_protected = self.generators_objective(
            images, labels, protected, protected_labels, training=False
        )
        self.discriminators_objective(images, protected, fake_plain, fake_protected, training=False)
        return self.get_metrics_result()

    def train_generators(self, images, labels, protected, protected_labels):
        """Updates both generators; returns their fakes (plain, protected)."""
        with tf.GradientTape() as tape:
            loss, fake_plain, fake_protected = self.generators_objective(
                images, labels, protected, protected_labels, training=True
            )
        variables = self.generators_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return fake_plain, fake_protected

    def train_discriminators(self, images, protected, fake_plain, fake_protected):
        """Updates both discriminators on reals and pooled fakes."""
        fake_plain = self.plain_pool(fake_plain)
        fake_protected = self.protected_pool(fake_protected)
        with tf.GradientTape() as tape:
            loss = self.discriminators_objective(
                images, protected, fake_plain, fake_protected, training=True
            )
        variables = self.discriminators_variables
        self.discriminators_optimizer.apply(tape.gradient(loss, variables), variables)

    def generators_objective(self, images, labels, protected, protected_labels, *, training):
        """L_gan (Eq. 4) as the generators see it.

        Args:
            images: x, float32 [N, H, W, 3] in [0, 1].
            labels: y, integers [N].
            protected: x_p, float32 [N, H, W, 3] in [0, 1], not paired with x.
            protected_labels: Labels of x_p, integers [N].
            training: Whether the generators run in training mode.

        Returns:
            The loss, and the fakes G_BA(x_p) and G_AB(x).
        """
        fake_protected = self.protector(images, training=training)
        fake_plain = self.restorer(protected, training=training)
        cycled_images = self.restorer(fake_protected, training=training)
        cycled_protected = self.protector(fake_plain, training=training)

        # One pass of the frozen networks over both fakes.
        fakes = ops.concatenate([fake_protected, fake_plain])
        logits, restored_logits = ops.split(self.classify(fakes), 2)
        plain_features = self.features(images, training=False)
        protected_features, restored_features = ops.split(self.features(fakes, training=False), 2)

        perceptual = losses.perceptual_loss(
            losses.feature_loss(plain_features, protected_features),
            losses.feature_loss(plain_features, restored_features),
            cap=self.perceptual_cap,
        )
        classification = losses.classification_loss(
            labels, logits, protected_labels, restored_logits
        )
        reconstruction = losses.reconstruction_loss(
            images, cycled_images, protected, cycled_protected
        )
        restorer = losses.adversarial_loss(self.plain_discriminator(fake_plain, training=training))
        protector = losses.adversarial_loss(self.protected_discriminator(fake_protected))
        cycle = losses.cycle_loss(perceptual, classification, reconstruction, gamma=self.gamma)
        loss = losses.generators_loss(restorer, protector, cycle, lambda_=self.lambda_)

        self._track(
            generators=loss,
            adversarial_protector=protector,
            adversarial_restorer=restorer,
            perceptual=perceptual,
            classification=classification,
            reconstruction=reconstruction,
        )
        self.accuracy.update_state(labels, logits)
        return loss, fake_plain, fake_protected

    def discriminators_objective(self, images, protected, fake_plain, fake_protected, *, training):
        """L_ad of both discriminators, each on its own domain's reals and fakes."""

        def loss_of(discriminator, reals, fakes):
            scores = discriminator(ops.concatenate([reals, fakes]), training=training)
            return losses.discriminator_loss(*ops.split(scores, 2))

        loss = loss_of(self.plain_discriminator, images, fake_plain) + loss_of(
            self.protected_discriminator, protected, fake_protected
        )
        self._track(discriminators=loss)
        return loss

    def _track(self, **values):
        for name, value in values.items():
            self.trackers[name].update_state(value)
