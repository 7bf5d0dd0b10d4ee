"""The terms of the transformation network's objective (Section III-C, Eq. 4-9).

Every function takes and gives tensors and holds no state. Sums of squares over an image
are written as means, so that a weight means the same at every image size.
"""

from __future__ import annotations

import keras
from keras import ops

from tfppdnn import workers
from tfppdnn.models.least_squares import adversarial_loss, discriminator_loss

__all__ = [
    "adversarial_loss",
    "classification_loss",
    "cross_entropy",
    "cycle_loss",
    "discriminator_loss",
    "explained_variance",
    "feature_loss",
    "generators_loss",
    "perceptual_loss",
    "reconstruction_loss",
]


def feature_loss(features, other_features):
    """L_feat, the mean squared distance of two feature maps (Eq. 7).

    Args:
        features: phi_k(x), float32 [N, H, W, C].
        other_features: phi_k(x^), of the same shape.

    Returns:
        float32 [N], one distance an image.
    """
    difference = ops.cast(other_features, "float32") - ops.cast(features, "float32")
    return ops.mean(ops.square(difference), axis=(1, 2, 3))


def perceptual_loss(protected_distance, restored_distance, *, cap: float | None = None):
    """L_p, the sum of both generators' feature losses (Eq. 6).

    It is maximised (gamma_1 is negative), and nothing in the paper bounds it; without a
    bound it outgrows the other terms and yields photographic negatives. `cap` is the
    distance past which an image gains nothing.

    Args:
        protected_distance: L_feat(x, G_AB(x)), float32 [N].
        restored_distance: L_feat(x, G_BA(x_p)), float32 [N].
        cap: The bound on each, or None for the paper's form.

    Returns:
        A scalar.
    """
    if cap is not None:
        protected_distance = ops.minimum(protected_distance, cap)
        restored_distance = ops.minimum(restored_distance, cap)
    return ops.mean(protected_distance) + ops.mean(restored_distance)


def classification_loss(labels, logits, protected_labels, restored_logits):
    """L_c, h_theta's cross entropies on both generators' outputs (Eq. 8).

    Args:
        labels: y of x, integers [N].
        logits: h_theta(G_AB(x)), float32 [N, K].
        protected_labels: y of x_p, integers [N].
        restored_logits: h_theta(G_BA(x_p)), float32 [N, K].

    Returns:
        A scalar.
    """
    return cross_entropy(labels, logits) + cross_entropy(protected_labels, restored_logits)


def cross_entropy(labels, logits):
    """The mean cross entropy of logits, float32 [N, K], and labels, integers [N]: a scalar."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def reconstruction_loss(images, cycled_images, protected, cycled_protected):
    """L_r, the squared errors after a full turn of each cycle (Eq. 9).

    Args:
        images: x, float32 [N, H, W, 3] in [0, 1].
        cycled_images: G_BA(G_AB(x)).
        protected: x_p.
        cycled_protected: G_AB(G_BA(x_p)).

    Returns:
        A scalar.
    """
    return ops.mean(ops.square(cycled_images - images)) + ops.mean(
        ops.square(cycled_protected - protected)
    )


def explained_variance(values, estimates, mean):
    """How much of what is there to know is known (the coefficient of determination, R squared).

    Args:
        values: What is true, float32 [N, ...].
        estimates: What somebody makes of it, of the same shape.
        mean: What everybody knows, of a shape that fits: the mean of the values.

    Returns:
        A scalar: 1 for perfect estimates, 0 for none better than the mean, below 0 for worse; 0
        also where there is nothing to know, as in a batch of one and its own mean.
    """
    values, estimates, mean = (ops.cast(x, "float32") for x in (values, estimates, mean))
    # A share of the whole batch is no mean of its parts' shares.
    errors, spread = workers.averaged(
        ops.sum(ops.square(estimates - values)), ops.sum(ops.square(values - mean))
    )
    explained = 1.0 - errors / ops.where(spread > 0, spread, 1.0)
    return ops.where(spread > 0, explained, 0.0)


def cycle_loss(perceptual, classification, reconstruction, *, gamma: tuple[float, float, float]):
    """L_cyc = gamma_1 L_p + gamma_2 L_c + gamma_3 L_r (Eq. 5)."""
    return gamma[0] * perceptual + gamma[1] * classification + gamma[2] * reconstruction


def generators_loss(restorer_adversarial, protector_adversarial, cycle, *, lambda_: float):
    """L_gan = lambda L_ad(G_BA) + lambda L_ad(G_AB) + L_cyc (Eq. 4)."""
    return lambda_ * (restorer_adversarial + protector_adversarial) + cycle
