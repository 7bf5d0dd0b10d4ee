"""What workers train in tests: `python -m tests.trained_together FOLDER WEIGHTS OPTIONS`.

The three trainings of `train`, without what the chief does after them; the weights of this process
go to WEIGHTS.
"""

import json
import sys

import numpy as np

from tfppdnn import workers
from tfppdnn.datasets.load import load_dataset
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings


def main(folder, weights, options):
    run, settings = RunFolder(folder), make_settings("quick", json.loads(options))
    with workers.taking_part():
        workers.join()
        from tfppdnn.protection.preliminary_images import make_preliminary_images
        from tfppdnn.protection.reference_classifier import train_reference_classifier
        from tfppdnn.protection.transformation_network import train_transformation_network

        dataset = load_dataset("digits", image_size=32, seed=0)
        classifier = train_reference_classifier(run, settings, dataset, seed=0)
        preliminary = make_preliminary_images(run, settings, dataset, classifier, seed=0)
        model = train_transformation_network(
            run, settings, dataset, classifier, preliminary, seed=0
        )
        arrays = {
            **{f"classifier{i}": each for i, each in enumerate(classifier.get_weights())},
            "preliminary": preliminary.images,
            **{f"model{i}": each.numpy() for i, each in enumerate(model.variables)},
        }
        np.savez(weights, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
