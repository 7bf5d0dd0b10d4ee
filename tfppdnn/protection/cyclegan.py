"""The transformation network: a CycleGAN with the paper's cycle loss (Section III-C)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfppdnn.models.adversarial_model import AdversarialModel, Optimizer
from tfppdnn.models.fake_pool import FakePool
from tfppdnn.models.folding import folded
from tfppdnn.protection import losses

_LOSSES = (
    "generators",
    "discriminators",
    "adversarial_protector",
    "adversarial_restorer",
    "perceptual",
    "classification",
    "reconstruction",
)
_NETWORKS = (
    "protector",
    "restorer",
    "plain_discriminator",
    "protected_discriminator",
    "reference_classifier",
)
_NUMBERS = ("lambda_", "gamma", "perceptual_cap", "pool_size", "image_shape", "seed")


@keras.saving.register_keras_serializable(package="tfppdnn")
class CycleGAN(AdversarialModel):
    """Learns G_AB = h_p (protector) and G_BA (restorer) between plain and protected images.

    Domain A holds plain images, domain B preliminary protected ones; the two of a batch
    are not paired. Calling the model protects: it is h_p. It is trained and tested on batches
    ((x, y), (x_p, y_p)), as many images of the one domain as of the other.

    Args:
        protector: G_AB, from float32 [N, H, W, 3] in [0, 1] to the same.
        restorer: G_BA, likewise.
        plain_discriminator: F_A, from such images to patch scores [N, h, w, 1].
        protected_discriminator: F_B, likewise.
        reference_classifier: h_theta, frozen.
        features: phi_k of Eq. 7, frozen; or the name of the layer of `reference_classifier`
            whose outputs they are.
        lambda_: Weight of the adversarial losses (Eq. 4).
        gamma: Weights of the perceptual, classification and reconstruction losses (Eq. 5).
        perceptual_cap: Bound of each image's feature losses; None for the paper's form.
        pool_size: Earlier fakes that each discriminator is shown.
        image_shape: (H, W, 3) of the training images.
        seed: Seed of the pools.
        name: Name of the Keras model.
        kwargs: As for `keras.Model`.
    """

    def __init__(
        self,
        *,
        protector: keras.Model,
        restorer: keras.Model,
        plain_discriminator: keras.Model,
        protected_discriminator: keras.Model,
        reference_classifier: keras.Model,
        features: keras.Model | str,
        lambda_: float = 0.4,
        gamma: tuple[float, float, float] = (-1.0, 0.4, 0.9),
        perceptual_cap: float | None = 1.7,
        pool_size: int = 50,
        image_shape: tuple[int, int, int] = (32, 32, 3),
        seed: int = 0,
        name: str = "cyclegan",
        **kwargs,
    ):
        super().__init__(_LOSSES, name=name, **kwargs)
        self.protector = protector
        self.restorer = restorer
        self.plain_discriminator = plain_discriminator
        self.protected_discriminator = protected_discriminator
        self.reference_classifier = reference_classifier
        self.classify = folded(reference_classifier)
        if isinstance(features, str):
            layer = reference_classifier.get_layer(features)
            features = keras.Model(reference_classifier.input, layer.output)
        self.features = features
        features.trainable = False
        self.lambda_ = lambda_
        self.gamma = tuple(gamma)
        self.perceptual_cap = perceptual_cap
        self.pool_size = pool_size
        self.image_shape = tuple(image_shape)
        self.seed = seed
        pool = {"size": pool_size, "dtype": self.dtype_policy}
        self.plain_pool = FakePool(image_shape, seed=seed, **pool)
        self.protected_pool = FakePool(image_shape, seed=seed + 1, **pool)
        self.built = True

    def compile(
        self,
        optimizer: Optimizer | None = None,
        *,
        discriminators_optimizer: Optimizer | None = None,
        **kwargs,
    ):
        """Sets one optimizer for both generators and one for both discriminators.

        Args:
            optimizer: The generators'; by default Adam(2e-4, beta_1=0.5) (Section IV-B).
            discriminators_optimizer: The discriminators'; by default one of the same settings.
            kwargs: As for `keras.Model.compile`.
        """
        further = {"discriminators_optimizer": discriminators_optimizer}
        variables = [self.generators_variables, self.discriminators_variables]
        self.compile_with(optimizer, further, variables, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal model, with weights of its own."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            **{name: serialize(getattr(self, name)) for name in _NETWORKS},
            "features": self._features_layer() or serialize(self.features),
            **{name: getattr(self, name) for name in _NUMBERS},
        }

    def _features_layer(self) -> str | None:
        """Names the classifier's layer whose outputs the features are: its weights are shared."""
        for layer in self.reference_classifier.layers:
            if layer.output is self.features.output:
                return layer.name
        return None

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
        (images, labels), (protected, protected_labels) = self.pairs(data)
        fakes = self.train_generators(images, labels, protected, protected_labels)
        self.train_discriminators(images, protected, *fakes)
        return self.get_metrics_result()

    def test_step(self, data):
        """The losses and h_theta's accuracy on h_p(x) for ((x, y), (x_p, y_p)), unpooled."""
        (images, labels), (protected, protected_labels) = self.pairs(data)
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
        logits, restored_logits = ops.split(self.classify(fakes, training=False), 2)
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
        restorer = losses.adversarial_loss(self.plain_discriminator(fake_plain))
        protector = losses.adversarial_loss(self.protected_discriminator(fake_protected))
        cycle = losses.cycle_loss(perceptual, classification, reconstruction, gamma=self.gamma)
        loss = losses.generators_loss(restorer, protector, cycle, lambda_=self.lambda_)

        self.track(
            images,
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
        self.track(images, discriminators=loss)
        return loss
