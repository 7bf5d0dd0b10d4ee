"""The pictures of a run's report: what a person sees at each stage."""

from __future__ import annotations

import keras

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.images.photographs import photographs
from tfppdnn.models.eight_bit import as_bytes, as_floats, run_on_images
from tfppdnn.protection.projected_gradient_descent import PreliminaryProtection
from tfppdnn.reports.pictures import Pictures
from tfppdnn.settings import TrainingSettings

_COUNT = 10


def make_pictures(
    settings: TrainingSettings,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    protector: keras.Model,
    restorer: keras.Model,
    *,
    seed: int,
) -> Pictures:
    """Protects some test images, and photographs at 96x96, for people to look at.

    Args:
        settings: How P was made.
        dataset: Where the test images come from.
        reference_classifier: h_theta, which P is made with.
        protector: h_p as it is exported.
        restorer: What was trained beside it.
        seed: Seed of the random starts.
    """
    plain, labels = dataset.test_images[:_COUNT], dataset.test_labels[:_COUNT]
    descent = PreliminaryProtection(
        reference_classifier,
        batch_size=len(plain),
        epsilon=settings.preliminary.epsilon,
        step_size=settings.preliminary.step_size,
        iterations=settings.preliminary.iterations,
        random_start=settings.preliminary.random_start,
        seed=seed,
    )
    descent.compile()
    descent.train_on_batch(as_floats(plain), labels)
    protected = run_on_images(protector, plain)
    large = photographs()[:4]
    large_protected = run_on_images(protector, large)
    return Pictures(
        plain=plain,
        preliminary=as_bytes(keras.ops.convert_to_numpy(descent.protected_batch)),
        protected=protected,
        restored=run_on_images(restorer, protected),
        large_plain=large,
        large_protected=large_protected,
        large_restored=run_on_images(restorer, large_protected),
    )
