"""The hardened objective: the restorer is no partner of the protector, but its enemy."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfppdnn import workers
from tfppdnn.models.adversarial_model import AdversarialModel, Optimizer
from tfppdnn.models.fake_pool import FakePool
from tfppdnn.models.folding import folded
from tfppdnn.models.randomized_response import drawing
from tfppdnn.models.vgg13 import stage_averages
from tfppdnn.protection import losses

_LOSSES = ("protector", "adversarial", "classification", "features", "restored", "discriminator")
_NETWORKS = ("protector", "restorer", "protected_discriminator", "reference_classifier")
_NUMBERS = (
    "lambda_",
    "classification_weight",
    "feature_weight",
    "feature_stages",
    "hiding_weight",
    "pool_size",
    "seed",
)


@keras.saving.register_keras_serializable(package="tfppdnn")
class HardenedProtector(AdversarialModel):
    """Learns h_p against a restorer that tries to undo it.

    The paper's cycle loss (Eq. 5 and 9) rewards protector and restorer together when x comes
    back from h_p(x), and so trains the inverse of what it protects with. Here only the
    restorer is rewarded for that, and the protector for the opposite. What the paper asks of
    h_p(x) besides stays: h_theta classifies it (Eq. 8), and it passes for one of the preliminary
    protected images (Eq. 4). Calling the model protects: it is h_p. It is trained and tested on
    batches ((x, y), (x_p, y_p)), as many images of the one kind as of the other; y_p is not used.

    Args:
        protector: h_p, from float32 [N, H, W, 3] in [0, 1], and noise if it takes any, to the
            same.
        restorer: The enemy, likewise.
        protected_discriminator: F_B, from such images to patch scores [N, h, w, 1].
        reference_classifier: h_theta, frozen, as `vgg13_bn` builds it.
        mean_image: Mean of the training images, float32 [H, W, 3] in [0, 1]: what somebody
            restores who has seen nothing.
        lambda_: Weight of the adversarial loss.
        classification_weight: Weight of h_theta's cross entropy on h_p(x).
        feature_weight: Weight of what h_theta's features of h_p(x) miss of those of x. Labels
            alone would keep what tells the training's classes apart, and nothing else.
        feature_stages: Stages of h_theta, from the last, whose channels' averages are its
            features. The last one sees little else than those classes, too.
        hiding_weight: Weight of what the restorer gets back.
        pool_size: Earlier fakes that the discriminator is shown.
        seed: Seed of the pool.
        name: Name of the Keras model.
        kwargs: As for `keras.Model`.
    """

    def __init__(
        self,
        *,
        protector: keras.Model,
        restorer: keras.Model,
        protected_discriminator: keras.Model,
        reference_classifier: keras.Model,
        mean_image,
        lambda_: float = 1.0,
        classification_weight: float = 1.0,
        feature_weight: float = 1.0,
        feature_stages: int = 2,
        hiding_weight: float = 1.0,
        pool_size: int = 50,
        seed: int = 0,
        name: str = "hardened",
        **kwargs,
    ):
        super().__init__(_LOSSES, name=name, **kwargs)
        self.protector = protector
        self.restorer = restorer
        self.protected_discriminator = protected_discriminator
        self.reference_classifier = reference_classifier
        frozen = folded(reference_classifier)
        self.reference = keras.Model(
            frozen.inputs, [*stage_averages(frozen, feature_stages), frozen.output]
        )
        self.reference.trainable = False
        self.mean_image = ops.convert_to_tensor(mean_image, "float32")
        self.lambda_ = lambda_
        self.classification_weight = classification_weight
        self.feature_weight = feature_weight
        self.feature_stages = feature_stages
        self.hiding_weight = hiding_weight
        self.pool_size = pool_size
        self.seed = seed
        self.protected_pool = FakePool(
            self.mean_image.shape, size=pool_size, seed=seed, dtype=self.dtype_policy
        )
        self.built = True

    def compile(
        self,
        optimizer: Optimizer | None = None,
        *,
        restorer_optimizer: Optimizer | None = None,
        discriminator_optimizer: Optimizer | None = None,
        **kwargs,
    ):
        """Sets an optimizer for each of the three.

        Args:
            optimizer: The protector's; by default Adam(2e-4, beta_1=0.5).
            restorer_optimizer: The restorer's; by default one of the same settings.
            discriminator_optimizer: The discriminator's, likewise.
            kwargs: As for `keras.Model.compile`.
        """
        further = {
            "restorer_optimizer": restorer_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
        }
        networks = (self.protector, self.restorer, self.protected_discriminator)
        variables = [network.trainable_variables for network in networks]
        self.compile_with(optimizer, further, variables, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal model, with weights of its own."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            **{name: serialize(getattr(self, name)) for name in _NETWORKS},
            "mean_image": serialize(ops.convert_to_numpy(self.mean_image)),
            **{name: getattr(self, name) for name in _NUMBERS},
        }

    def call(self, images, training=False):
        """Protects float32 [N, H, W, 3] images in [0, 1]: h_p(x)."""
        return drawing(self.protector)(images, training=training)

    def train_step(self, data):
        """One step on ((x, y), (x_p, y_p)): the protector, then its two enemies."""
        (images, labels), (preliminary, _) = self.pairs(data)
        protected = self.train_protector(images, labels)
        self.train_restorer(images, protected)
        self.train_discriminator(preliminary, protected)
        return self.get_metrics_result()

    def test_step(self, data):
        """The losses and h_theta's accuracy on h_p(x) for ((x, y), (x_p, y_p)), unpooled."""
        (images, labels), (preliminary, _) = self.pairs(data)
        _, protected = self.protector_objective(images, labels, training=False)
        self.discriminator_objective(preliminary, protected, training=False)
        return self.get_metrics_result()

    def train_protector(self, images, labels):
        """Updates the protector; returns the images it protected, as 8 bits hold them."""
        with tf.GradientTape() as tape:
            loss, protected = self.protector_objective(images, labels, training=True)
        _descend(self.optimizer, tape, loss, self.protector)
        return ops.stop_gradient(protected)

    def train_restorer(self, images, protected):
        """Updates the restorer on pairs (x, h_p(x))."""
        with tf.GradientTape() as tape:
            restored = self.restorer(protected, training=True)
            loss = -losses.explained_variance(images, restored, self.mean_image)
        _descend(self.restorer_optimizer, tape, loss, self.restorer)

    def train_discriminator(self, preliminary, protected):
        """Updates the discriminator on preliminary images and pooled fakes."""
        protected = self.protected_pool(protected)
        with tf.GradientTape() as tape:
            loss = self.discriminator_objective(preliminary, protected, training=True)
        _descend(self.discriminator_optimizer, tape, loss, self.protected_discriminator)

    def discriminator_objective(self, preliminary, protected, *, training):
        """L_ad as the discriminator sees it: a scalar."""
        scores = self.protected_discriminator(
            ops.concatenate([preliminary, protected]), training=training
        )
        loss = losses.discriminator_loss(*ops.split(scores, 2))
        self.track(protected, discriminator=loss)
        return loss

    def protector_objective(self, images, labels, *, training):
        """The loss of h_p, and h_p(x).

        Args:
            images: x, float32 [N, H, W, 3] in [0, 1].
            labels: y, integers [N].
            training: Whether h_p runs in training mode.

        Returns:
            The loss, and h_p(x), whole multiples of 1/255.
        """
        protected = in_eight_bits(self(images, training=training))
        *plain_features, _ = self.reference(images, training=False)
        *features, logits = self.reference(protected, training=False)
        restored = self.restorer(protected, training=False)

        terms = {
            "adversarial": losses.adversarial_loss(self.protected_discriminator(protected)),
            "classification": losses.cross_entropy(labels, logits),
            "features": 1.0 - _explained_on_average(plain_features, features),
            # Capped: nothing is gained by misleading somebody who knows nothing already.
            "restored": ops.maximum(
                losses.explained_variance(images, restored, self.mean_image), 0.0
            ),
        }
        loss = (
            self.lambda_ * terms["adversarial"]
            + self.classification_weight * terms["classification"]
            + self.feature_weight * terms["features"]
            + self.hiding_weight * terms["restored"]
        )
        self.track(images, protector=loss, **terms)
        self.accuracy.update_state(labels, logits)
        return loss, protected


def in_eight_bits(images):
    """Rounds images in [0, 1] to whole multiples of 1/255, and lets gradients pass."""
    return images + ops.stop_gradient(ops.round(images * 255) / 255 - images)


def _explained_on_average(features, estimates):
    """Counts every stage alike, however many channels it has and however large its values."""
    means = workers.averaged(*(ops.mean(known, axis=0) for known in features))
    return sum(
        losses.explained_variance(known, estimated, mean)
        for known, estimated, mean in zip(features, estimates, means, strict=True)
    ) / len(features)


def _descend(optimizer: keras.Optimizer, tape: tf.GradientTape, loss, model: keras.Model) -> None:
    variables = model.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)
