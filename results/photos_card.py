"""Classifiers, audits and tables of the card of the shipped `photos`, and the card, by one command.

python results/photos_card.py --data_dir=DIR --work=DIR

Classifies and attacks what `photos` sends, each with a command that results/README.md explains;
keeps what pages quote of each folder beside this file; and writes tfppdnn/shipped/photos/CARD.md.
What --work holds already is not made again, and what was interrupted goes on. Some three hours of
two cores. With `--only=NAME,...` the records that are here are taken for all others.
"""

from __future__ import annotations

from card import ASKED, Card, make

CIFAR10 = ("--dataset=cifar10", "--image_size=32")
PHOTOS = "--protector=photos"
ATTACKED = (PHOTOS, "--held_out_images=1000")
GENERATED = (*ATTACKED, "--dataset=cifar10", "--generator_learning_rate=0.002")
AT_32 = (*ATTACKED, "--dataset=cifar10", "--preset=cpu", "--attacker_image_size=32")

CARD = Card(
    name="photos",
    # Right about more plain pictures than what an audit trains by itself. It sees with the trunk,
    # so what is searched through the trunk may deceive it.
    recogniser=(("train", "--preset=photos", *CIFAR10), "reference_classifier"),
    classifiers={
        "photos-cifar10": (PHOTOS, *CIFAR10, "--preset=photos"),
        "photos-plain-same-compute": (
            *("--plain", "--dataset=cifar10", "--preset=cpu", "--mixed_precision=True"),
            *("--classifier_epochs=6", "--classifier_schedule=cosine"),
        ),
    },
    audits={
        "photos-audit": (
            *(*AT_32, "--attacker_images=0", "--itn_global_epochs=4", "--recogniser_epochs=2"),
            "--attacks=class_mean,nearest,nearest_mean,ridge,attributes,itn_global",
        ),
        "drawn-photos": (
            *(*GENERATED, ASKED, "--attacker_images=5000", "--generator_epochs=24"),
            *("--prior_images=8", "--prior_steps=300"),
            "--attacks=nearest,ridge,conditional_generator,deep_image_prior",
        ),
        "drawn-photos-all": (
            *(*GENERATED, ASKED, "--attacker_images=0", "--generator_epochs=6"),
            "--attacks=ridge,conditional_generator",
        ),
        "photos-prior": (
            *(*ATTACKED, ASKED, "--dataset=cifar10", "--attacker_images=5000"),
            *("--attacks=deep_image_prior", "--prior_images=8", "--prior_steps=3000"),
        ),
        "photos-views": (
            *(*AT_32, ASKED, "--attacker_images=5000"),
            "--attacks=ridge,ridge_4_views,ridge_16_views",
        ),
        "photos-at-64": (
            *(PHOTOS, "--dataset=tiny_imagenet100", "--preset=cpu", "--held_out_images=500"),
            *("--attacker_image_size=64", "--attacker_images=5000"),
            "--attacks=nearest,nearest_mean,ridge,gradient_inversion",
            *("--recogniser_epochs=1", "--recogniser_width=0.0625"),
        ),
    },
    # The last quotes all others.
    scripts={
        "photos_int8": "--int8={shipped}/protector_int8.tflite",
        "photos": "--work={work}",
        "photos_goals": "--work={work}",
    },
    figures={"measured": "photos_goals.json", "int8": "photos_int8.json"},
)


if __name__ == "__main__":
    make(CARD, __doc__.splitlines()[0])
