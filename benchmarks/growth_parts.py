"""The pieces of `train`, `classify`, `protect` and `audit` whose growth is measured.

Each function prepares one of them at one size, in a process of its own, for
`benchmarks.contending`. Networks are as wide as the preset `cpu` has them, times `width`; what is
in the pictures and the weights has no bearing on time or memory.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Work

_CLASSES = 10
_SOME_IMAGES = 64
PGD_ITERATIONS = 2


def reference_step(*, size: int, batch: int, width: float) -> Work:
    """A step of the reference classifier, VGG13-BN."""
    return _fitting(_reference(size, width, compiled=True), *_labelled(size, batch), items=batch)


def reference_epoch(*, size: int, images: int) -> Work:
    """An epoch of the reference classifier over so many pictures in memory, cropped and flipped."""
    from tfppdnn.settings import make_settings

    model = _reference(size, 1.0, compiled=True)
    batch = make_settings("cpu").reference.batch_size
    return _epochs(model, size, images, batch_size=batch)


def pgd_step(*, size: int, batch: int, width: float) -> Work:
    """An iteration of the projected gradient descent, on a batch."""
    from tfppdnn.protection.projected_gradient_descent import PreliminaryProtection

    model = PreliminaryProtection(
        _reference(size, width), batch_size=batch, iterations=PGD_ITERATIONS
    )
    model.compile()
    return _fitting(model, *_labelled(size, batch), items=batch * PGD_ITERATIONS)


def cyclegan_step(*, size: int, batch: int, width: float) -> Work:
    """A step of the transformation network by the paper's objective."""
    return _transformation_step("cpu", size, batch, width)


def hardened_step(*, size: int, batch: int, width: float) -> Work:
    """A step of the transformation network by the hardened objective."""
    return _transformation_step("hardened", size, batch, width)


def classify_step(*, size: int, batch: int, width: float) -> Work:
    """A step of ResNet-18, and protecting its batch with the shipped protector."""
    from tfppdnn import load_protector
    from tfppdnn.protector.shipped import DEFAULT

    model, protector = _resnet18(size, width), load_protector(DEFAULT)
    plain, (_, labels) = _pixels(size, batch), _labelled(size, batch)

    model.make_train_function()

    def call() -> None:
        protected = protector.protect(plain).astype(np.float32) / 255
        model.train_function(iter([(protected, labels)]))

    return Work(call=call, items=batch)


def classify_epoch(*, size: int, images: int) -> Work:
    """An epoch of ResNet-18 over so many pictures in memory, cropped, flipped and protected."""
    from tfppdnn import load_protector
    from tfppdnn.protector.shipped import DEFAULT
    from tfppdnn.settings import make_settings

    return _epochs(
        _resnet18(size, 1.0),
        size,
        images,
        batch_size=make_settings("cpu").classifier.batch_size,
        protect=load_protector(DEFAULT).protect,
    )


def protecting(*, size: int, images: int) -> Work:
    """`protect` with the shipped protector, from a folder of PNG files to another."""
    from tfppdnn import load_protector
    from tfppdnn.client.folder import protect_files
    from tfppdnn.images.files import encode_png
    from tfppdnn.protector.shipped import DEFAULT

    folder = tempfile.TemporaryDirectory(prefix="tfppdnn-growth-")
    plain, protected = Path(folder.name, "plain"), Path(folder.name, "protected")
    plain.mkdir()
    some = _smooth(size, min(images, _SOME_IMAGES))
    for number in range(images):
        (plain / f"{number}.png").write_bytes(encode_png(some[number % len(some)]))
    protector = load_protector(DEFAULT)

    def call() -> None:
        protect_files(plain, protected, protector, overwrite=True)

    # The folder goes with the process.
    call.folder = folder
    return Work(call=call, items=images)


def measures(*, size: int, images: int) -> Work:
    """All that an audit measures on one set of images, without the classifier's answers."""
    from tfppdnn.leakage.examination import leakage

    plain = _smooth(size, images)
    protected = _pixels(size, images)
    return Work(call=functools.partial(leakage, protected, plain), items=images)


def inverse_step(*, size: int, batch: int, width: float) -> Work:
    """A step of an attacker's inverse network, a U-Net."""
    from tfppdnn.models.unet import unet

    return _inverse_step(unet(base_width=round(16 * width), depth=4, norm="batch"), size, batch)


def global_inverse_step(*, size: int, batch: int, width: float) -> Work:
    """A step of an attacker's inverse network of global reach, an hourglass."""
    from tfppdnn.models.hourglass import hourglass

    network = hourglass(image_size=size, base_width=round(32 * width), waist=512)
    return _inverse_step(network, size, batch)


def _inverse_step(model: Any, size: int, batch: int) -> Work:
    import keras

    model.compile(keras.optimizers.Adam(1e-3), "mean_squared_error")
    images, _ = _labelled(size, batch)
    return _fitting(model, images, images, items=batch)


def _transformation_step(preset: str, size: int, batch: int, width: float) -> Work:
    from tfppdnn.protection.building import build_transformation_network
    from tfppdnn.protection.preliminary_images import PreliminaryImages
    from tfppdnn.settings import make_settings

    settings = make_settings(preset, {"image_size": size})
    scaled = {
        name: type(value)(round(value * width, 4))
        for name, value in settings.options().items()
        if name in ("generator_width", "discriminator_width", "decoder_width", "reference_width")
    }
    settings = settings.replaced(
        {
            "transform_batch_size": batch,
            "pool_size": max(batch, settings.transformation.pool_size),
            "perceptual_weights": "reference",
            "perceptual_cap": 1.7,
            **scaled,
        }
    )
    dataset = _dataset(size)
    preliminary = PreliminaryImages(
        dataset.train_images, dataset.train_labels, np.arange(len(dataset.train_images))
    )
    reference = _reference(size, settings.reference.width / 0.375)
    model, _ = build_transformation_network(settings, dataset, reference, preliminary, seed=0)
    pair = _labelled(size, batch)
    return _fitting(model, pair, pair, items=batch)


def _fitting(model: Any, x: Any, y: Any, *, items: int) -> Work:
    """Steps as `fit` makes them."""
    import tensorflow as tf

    model.make_train_function()
    batch = tf.nest.map_structure(tf.constant, (x, y))
    return Work(call=lambda: model.train_function(iter([batch])), items=items)


def _epochs(
    model: Any, size: int, images: int, *, batch_size: int, protect: Callable | None = None
) -> Work:
    """Epochs over pictures, as `fit_resumably` feeds them; `protect` is what they go through."""
    from tfppdnn.classification.protected_batches import protected_batches
    from tfppdnn.datasets.batches import image_batches
    from tfppdnn.training.feeding import fed

    pixels, labels = _pixels(size, images), np.arange(images) % _CLASSES

    def call() -> None:
        batches = image_batches(
            pixels,
            labels,
            batch_size=batch_size,
            first_step=0,
            steps=images // batch_size,
            seed=0,
            augment=True,
            flip=True,
        )
        if protect is not None:
            batches = protected_batches(batches, protect)
        model.fit(fed(batches), shuffle=False, verbose=0)

    return Work(call=call, items=images)


def _resnet18(size: int, width: float) -> Any:
    from tfppdnn.models.resnet18 import resnet18
    from tfppdnn.training.classifiers import compile_classifier

    model = resnet18(num_classes=_CLASSES, image_size=size, width=0.25 * width)
    compile_classifier(model, 0.01, weight_decay=5e-3)
    return model


def _reference(size: int, width: float, *, compiled: bool = False) -> Any:
    from tfppdnn.models.vgg13 import vgg13_bn
    from tfppdnn.training.classifiers import compile_classifier

    model = vgg13_bn(num_classes=_CLASSES, image_size=size, width=0.375 * width)
    if compiled:
        compile_classifier(model, 0.01, weight_decay=5e-4)
    return model


def _dataset(size: int) -> Any:
    from tfppdnn.datasets.dataset import ImageDataset

    images, labels = _pixels(size, _SOME_IMAGES), np.arange(_SOME_IMAGES) % _CLASSES
    return ImageDataset(
        name="noise",
        version="",
        train_images=images,
        train_labels=labels,
        test_images=images[:8],
        test_labels=labels[:8],
        class_names=tuple(map(str, range(_CLASSES))),
    )


def _labelled(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 [count, size, size, 3] in [0, 1], and int64 [count]."""
    return _pixels(size, count).astype(np.float32) / 255, np.arange(count) % _CLASSES


def _pixels(size: int, count: int) -> np.ndarray:
    """Noise, uint8 [count, size, size, 3]."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def _smooth(size: int, count: int) -> np.ndarray:
    """Pictures with large patches, as photographs have, uint8 [count, size, size, 3]."""
    coarse = np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), np.uint8)
    times = -(-size // 8)
    return coarse.repeat(times, axis=1).repeat(times, axis=2)[:, :size, :size]
