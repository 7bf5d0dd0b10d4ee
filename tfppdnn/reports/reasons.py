"""Why a run departs from the paper, or chooses where the paper does not: the words."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One line of a table: what is set, to what by whom, and why.

    Attributes:
        name: In words.
        option: The option of `train` that sets it; empty if nothing does.
        paper: What the paper says.
        run: What the run did.
        reason: Why.
    """

    name: str
    option: str
    paper: str
    run: str
    reason: str


SIZED = "Smaller, so that the run fits the time and the processors it was made for."
SHORTER = "Shorter, so that the run fits the time it was made for; accuracy still rises past it."

CHOSEN = "Chosen for this run."

# Field: its name in words, and why a run sets it otherwise than the paper does.
REASONS: dict[str, tuple[str, str]] = {
    "image_size": ("Image height and width", "The data set's images are larger or were resized."),
    "test_images": ("Test images measured", "Fewer, so that measuring takes less time."),
    "augment_flip": (
        "Horizontal flips",
        "Where a flip changes what a picture means; cropping is as in the paper.",
    ),
    "reference_width": ("Width of VGG13-BN", SIZED),
    "preliminary_images": (
        "Preliminary images",
        "50 iterations over every image take long, and the discriminators need only "
        "examples of the protected domain.",
    ),
    "iterations": ("Gradient steps a preliminary image", CHOSEN),
    "objective": (
        "Objective of the transformation network",
        "The paper's rewards the restorer for undoing h_p, and h_p for letting it; whoever owns "
        "h_p can do the same. The hardened one rewards h_p for the opposite.",
    ),
    "protector_network": (
        "Network of h_p",
        "A U-Net's skip connections carry outlines at full resolution. Through the bottleneck "
        "passes a code of few numbers. What it holds is learnt, and what it shows is measured.",
    ),
    "generator_width": ("Width of both U-Nets", SIZED),
    "generator_depth": ("Resolutions of both U-Nets", SIZED),
    "discriminator_width": ("Width of both discriminators", SIZED),
    "discriminator_strided_layers": (
        "Strided layers of the discriminators",
        "CycleGAN's three leave a 32x32 image a map of 2x2 patches; with two it has 6x6.",
    ),
    "perceptual_weights": (
        "Perceptual features",
        "ImageNet's VGG16 from a file, or where it cannot be had the reference "
        "classifier's own second ReLU.",
    ),
    "lambda_": (
        "Weight of the adversarial losses, lambda",
        "With 0.4 and few epochs the result is an edge map; a larger weight pulls it towards "
        "the preliminary images, whose outlines are gone.",
    ),
    "gamma": (
        "Weights of the cycle loss, gamma",
        "More weight on the second, the classification, holds the accuracy up against the "
        "larger lambda in a short training.",
    ),
    "classification_weight": ("Weight of h_theta's cross entropy", CHOSEN),
    "perceptual_cap": (
        "Bound of the perceptual loss",
        "It is maximised and nothing in the paper bounds it: left alone it outgrows the other "
        "terms and yields photographic negatives, which hide nothing. An image gains nothing "
        "past the distance that the preliminary images already have.",
    ),
    "transform_steps": ("Training of the transformation network", SHORTER),
    "transform_epochs": ("Training of the transformation network", SHORTER),
    "transform_learning_rate": (
        "Learning rate of the transformation network",
        CHOSEN,
    ),
    "transform_beta_1": ("Adam's beta 1", CHOSEN),
    "classifier_network": (
        "Network of the cloud's classifier",
        "Tiles of a drawn code have no neighbours; a network of one hidden layer reads them.",
    ),
    "classifier_augment": (
        "Augmentation before protection",
        "Each picture is protected once, as it is, as a client that sends it once does.",
    ),
    "classifier_width": ("Width of ResNet-18", SIZED),
    "classifier_epochs": ("Epochs of ResNet-18", SHORTER),
    "classifier_learning_rate": (
        "Learning rate of ResNet-18",
        "Smaller batches of fewer images need smaller steps.",
    ),
    "classifier_schedule": (
        "How the learning rate of ResNet-18 falls",
        "Along a cosine it gets further in few epochs.",
    ),
}

# Field: its name in words, and why we chose what the paper leaves open.
OPEN_CHOICES: dict[str, tuple[str, str]] = {
    "epsilon": (
        "Radius of the perturbation, epsilon",
        "The picture stays visible until it spans all grey levels: SSIM 0.95, 0.75, 0.5 and "
        "0.25 at 8, 32, 64 and 128 of 255.",
    ),
    "step_size": (
        "Step size, alpha",
        "Small enough to reach 99.9% accuracy, large enough to cross the range in 50 steps.",
    ),
    "random_start": (
        "Random start of the gradient descent",
        "Started at the plain image, faint outlines remain.",
    ),
    "reference_epochs": ("Epochs of VGG13-BN", "Until its accuracy hardly rises."),
    "reference_batch_size": ("Batch size of VGG13-BN", "The usual one, smaller for few images."),
    "reference_learning_rate": (
        "Learning rate of VGG13-BN",
        "As for ResNet-18, but rising over the first epoch and falling along a cosine.",
    ),
    "reference_weight_decay": ("Weight decay of VGG13-BN", "Longer trainings want more."),
    "reference_label_smoothing": ("Label smoothing of VGG13-BN", "Longer trainings gain by it."),
    "generator_norm": (
        "Normalisation in both U-Nets",
        "As in CycleGAN, so that an image is protected alike in every batch.",
    ),
    "transform_batch_size": ("Batch size of the transformation network", "Fits small machines."),
    "pool_size": ("Earlier fakes shown to the discriminators", "As in CycleGAN."),
    "code_size": ("Numbers in the bottleneck's code", "Enough for classes h_p never saw."),
    "code_levels": ("Values of each", "With 8, a number holds 3 bits."),
    "decoder_width": ("Channels of the bottleneck's decoder", "Fits phones."),
    "restorer_width": ("Channels of the restorer of a bottleneck", "Fits small machines."),
    "privacy_epsilon": ("Epsilon of one picture", "What the noise is drawn for."),
    "privacy_words": ("Words that name a picture", "A bottleneck has one, under noise."),
    "privacy_choices": ("Values of a word", "So few that most stay true under noise."),
    "feature_weight": (
        "Weight of h_theta's features of h_p(x)",
        "Labels alone would keep what tells the training's classes apart, and nothing else.",
    ),
    "feature_stages": (
        "Stages of h_theta that those are averages of, from the last",
        "The last one sees little but the training's own classes; the one before it, more.",
    ),
    "hiding_weight": (
        "Weight of what the enemy restores",
        "What the `frontier` varies.",
    ),
    "gate_steps": ("Most steps that the gate is taught", "It errs on few images after these."),
    "gate_batch_size": ("Batch size of the gate", "Fits small machines."),
    "classifier_batch_size": ("Batch size of ResNet-18", "The usual one, smaller for few images."),
    "mixed_precision": (
        "16-bit computation",
        "Where the processor gains by it; off where the published figures were made without.",
    ),
}

IN_EVERY_RUN: tuple[Row, ...] = (
    Row(
        "Standard normalisation",
        "",
        "by the client, before h_p",
        "inside each network",
        "What is uploaded is an ordinary 8-bit picture, and no client can normalise otherwise "
        "than the protector was trained.",
    ),
    Row(
        "Protected images",
        "",
        "not given",
        "rounded to 8 bits",
        "Pictures are uploaded as files: every figure is measured on what a file can hold.",
    ),
    Row(
        "Scale of the perceptual features (Eq. 7)",
        "",
        "not given",
        "distance divided by 255 squared",
        "The only scale on which it is comparable with the other terms.",
    ),
    Row(
        "Restored images in the perceptual loss (Eq. 6)",
        "",
        "x and G_BA(x_p)",
        "not of the same picture",
        "The two of a batch are drawn apart, as CycleGAN's are; the letters leave it open.",
    ),
    Row(
        "Adversarial losses (Eq. 4)",
        "",
        "as in CycleGAN",
        "least squares, the discriminators' halved",
        "CycleGAN's own form, which trains more steadily than the logarithm.",
    ),
    Row(
        "Reconstruction loss (Eq. 9)",
        "",
        "sum of squares",
        "mean of squares",
        "A weight then means the same at every image size.",
    ),
)
"""What no setting changes, in the same form."""
