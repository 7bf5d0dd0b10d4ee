"""What workers train in tests: `python -m tests.trained_together FOLDER WEIGHTS OBJECTIVE`.

The three trainings of `train`, without what the chief does after them; the weights of this process
go to WEIGHTS.
"""

import sys

import numpy as np

from tfppdnn import workers
from tfppdnn.datasets.load import load_dataset
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings

STAGES = ("reference_classifier", "preliminary_images", "transformation_network")

# One round a stage, so that the checkpoint that it began with is kept. One step of h_p: its code is
# rounded, and once weights differ in their last digits a number may be rounded the other way.
_OPTIONS = {
    "reference_width": 0.0625,
    "reference_epochs": 1,
    "reference_batch_size": 500,
    "preliminary_images": 99,
    "iterations": 2,
    "generator_width": 4,
    "generator_depth": 2,
    "discriminator_width": 4,
    "transform_steps": 1,
    "transform_batch_size": 8,
    "pool_size": 16,
    "steps_per_round": 10,
}
_OF_OBJECTIVE = {"cyclegan": {"perceptual_weights": "reference"}, "hardened": {}}


def train(folder, objective, *, until=STAGES[-1]):
    """Makes what is not made yet of a run, up to a stage; returns the weights."""
    run = RunFolder(folder)
    options = {"objective": objective, **_OPTIONS, **_OF_OBJECTIVE[objective]}
    settings = make_settings("quick", options)
    with workers.taking_part():
        workers.join()
        from tfppdnn.protection.preliminary_images import make_preliminary_images
        from tfppdnn.protection.reference_classifier import train_reference_classifier
        from tfppdnn.protection.transformation_network import train_transformation_network

        dataset = load_dataset("digits", image_size=32, seed=0)
        classifier = train_reference_classifier(run, settings, dataset, seed=0)
        made = {f"classifier{i}": each for i, each in enumerate(classifier.get_weights())}
        if until == STAGES[0]:
            return made
        preliminary = make_preliminary_images(run, settings, dataset, classifier, seed=0)
        made["preliminary"] = preliminary.images
        if until == STAGES[1]:
            return made
        model = train_transformation_network(
            run, settings, dataset, classifier, preliminary, seed=0
        )
        return made | {f"model{i}": each.numpy() for i, each in enumerate(model.variables)}


if __name__ == "__main__":
    np.savez(sys.argv[2], **train(sys.argv[1], sys.argv[3]))
