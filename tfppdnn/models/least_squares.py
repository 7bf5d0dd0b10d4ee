"""The adversarial loss of a PatchGAN and of the generator that it judges, in least squares."""

from __future__ import annotations

from keras import ops


def adversarial_loss(fake_scores):
    """L_ad as the generator sees it: fakes should score 1 (least squares, as in CycleGAN).

    Args:
        fake_scores: float32 [N, h, w, 1], the discriminator's scores of fakes.

    Returns:
        A scalar, 0 when every fake passes for real.
    """
    return ops.mean(ops.square(fake_scores - 1.0))


def discriminator_loss(real_scores, fake_scores):
    """L_ad as the discriminator sees it: reals should score 1 and fakes 0, halved.

    Args:
        real_scores: float32 [N, h, w, 1].
        fake_scores: float32 [N, h, w, 1].

    Returns:
        A scalar, 0 for a perfect discriminator and 0.25 for one that always says 0.5.
    """
    return 0.5 * (ops.mean(ops.square(real_scores - 1.0)) + ops.mean(ops.square(fake_scores)))
