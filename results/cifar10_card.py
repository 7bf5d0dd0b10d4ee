"""Classifiers and audits of the card of the shipped `cifar10`, and the card, by one command.

python results/cifar10_card.py --data_dir=DIR --work=DIR

Classifies and attacks what `cifar10` sends, and keeps what pages quote of each folder beside this
file; then writes tfppdnn/shipped/cifar10/CARD.md. What --work holds already is not made again, and
what was interrupted goes on. Some two hours of two cores. With `--only=NAME,...` the records that
are here are taken for all others.
"""

from __future__ import annotations

from card import ASKED, Card, make

OURS, CIFAR10 = "--protector=cifar10", "--dataset=cifar10"
TRAINED = ("--preset=cpu", "--mixed_precision=True", "--classifier_schedule=cosine")
LONG = "--classifier_epochs=20"
ATTACKED = (
    *(OURS, CIFAR10, ASKED, "--preset=cpu", "--attacker_image_size=32"),
    "--held_out_images=1000",
)

CARD = Card(
    name="cifar10",
    recogniser=(
        ("classify", "--plain", CIFAR10, *TRAINED, "--classifier_epochs=6"),
        "classifier_plain",
    ),
    classifiers={
        "narrow-cifar10-ours": (OURS, CIFAR10, *TRAINED, LONG),
        "narrow-cifar10-plain": ("--plain", CIFAR10, *TRAINED, LONG),
        "narrow-tiny-ours": (OURS, "--dataset=tiny_imagenet100", *TRAINED, LONG),
        "narrow-tiny-plain": ("--plain", "--dataset=tiny_imagenet100", *TRAINED, LONG),
    },
    audits={
        "cifar10-audit": (
            *(*ATTACKED, "--attacker_images=5000", "--generator_learning_rate=0.002"),
            *("--generator_epochs=12", "--prior_images=8", "--prior_steps=3000"),
            "--attacks=class_mean,gan,nearest,nearest_mean,ridge,ridge_4_views,attributes,"
            "membership,itn,itn_global,conditional_generator,gradient_inversion,deep_image_prior",
        ),
        "cifar10-audit-all": (
            *(*ATTACKED, "--attacker_images=0", "--itn_global_epochs=4"),
            "--attacks=class_mean,nearest,nearest_mean,ridge,itn_global",
        ),
    },
    scripts={"int8": None, "linking": None, "membership": None},
)


if __name__ == "__main__":
    make(CARD, __doc__.splitlines()[0])
