"""Curves: losses and accuracy apart, each name at its line, a caption of what is drawn."""

import io

import numpy as np
from PIL import Image

from tfppdnn.reports.curves import _by_axis, caption_of_curves, draw_curves

HISTORY = [
    {"step": 10, "accuracy": 0.2, "classification": 4.0, "discriminator": 0.1},
    {"step": 20, "accuracy": 0.9, "classification": 0.5, "discriminator": 0.2},
]


def test_accuracy_is_not_drawn_on_the_axis_of_the_losses():
    losses, shares = _by_axis(HISTORY)
    assert losses == ("losses", {"classification": [4.0, 0.5], "discriminator": [0.1, 0.2]})
    assert shares == ("accuracy", {"accuracy": [0.2, 0.9]})


def test_every_axis_is_a_panel():
    def height(history):
        metrics = {"transformation_network": {"history": history}}
        return np.asarray(Image.open(io.BytesIO(draw_curves(metrics)))).shape[0]

    without = [{k: v for k, v in row.items() if k != "accuracy"} for row in HISTORY]
    assert height(HISTORY) > 1.7 * height(without)


def test_a_caption_names_what_is_drawn_and_nothing_else():
    caption = caption_of_curves({"transformation_network": {"history": HISTORY}})
    assert "To rise: accuracy." in caption and "To fall: classification." in caption
    assert "balance" in caption
    for absent in ("perceptual", "reconstruction", "restored"):
        assert absent not in caption
    other = caption_of_curves({"reference_classifier": {"history": [{"step": 1, "loss": 2.0}]}})
    assert other == "Means between two checkpoints. To fall: loss."
