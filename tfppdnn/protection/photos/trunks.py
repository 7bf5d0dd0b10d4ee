"""Trunks: trained networks from pictures to features, ours or anybody's."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.files import digest
from tfppdnn.models.efficientnet_lite0 import efficientnet_lite0, load_published_weights
from tfppdnn.models.trunk_protector import trunk_of
from tfppdnn.protector.keras_file import load_network
from tfppdnn.protector.shipped import SHIPPED
from tfppdnn.protector.trained import KERAS

_SHIPPED = "photos"
# The weights that NOTICE tells of; of others nobody here knows the licence.
_PUBLISHED = "202c321adc0a5f07"


@dataclass(frozen=True)
class Trunk:
    """A trunk, and what a report says of it.

    Attributes:
        model: From float32 [N, S, S, 3] in [0, 1] to features, [N, F] or [N, h, w, F].
        facts: Its `trunk` (where it comes from), `trunk_sha256` where that is a file,
            `trunk_parameters` and, where it is known, `trunk_licence`.
    """

    model: keras.Model
    facts: dict[str, Any]


def load_trunk(source: str | None, *, size: int) -> Trunk:
    """Finds a trunk.

    Args:
        source: None for that of the protector `photos` that ships; an `.npz` file of
            EfficientNet-Lite0's published weights; a `.keras` file of any model from pictures in
            [0, 1] to features; a name of `keras.applications`, whose weights Keras keeps or
            downloads; or a preset of keras-hub, by its name or its folder.
        size: Height and width that it sees pictures at.

    Raises:
        UserError: There is none, it cannot be loaded, or it does not make features of pictures.
    """
    facts: dict[str, Any] = {}
    # As the shell does not where it follows a "="; it may be no path, so that it is no Path.
    found = source and os.path.expanduser(source)  # noqa: PTH111
    if source is None:
        source = f"of the protector {_SHIPPED} that ships"
        model = _of_shipped()
        facts["trunk_licence"] = "Apache-2.0"
    elif source.endswith(".npz"):
        model = efficientnet_lite0()
        load_published_weights(model, found)
        facts = {"trunk_sha256": digest(Path(found))}
        if facts["trunk_sha256"] == _PUBLISHED:
            facts["trunk_licence"] = "Apache-2.0"
    elif source.endswith(".keras"):
        model = _of_file(found)
        facts = {"trunk_sha256": digest(Path(found))}
    elif callable(getattr(keras.applications, source, None)):
        model = _of_applications(source, size)
    else:
        model = _of_keras_hub(found, size)
    model.trainable = False
    _check_shapes(model, source, size)
    return Trunk(model, {"trunk": source, "trunk_parameters": model.count_params(), **facts})


def _check_shapes(model: keras.Model, source: str, size: int) -> None:
    """Refuses what does not make features of pictures of that size."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"--trunk={source}: it has {len(model.inputs)} inputs and {len(model.outputs)} "
            "outputs; give a network from one picture to its features"
        )
    taken = model.inputs[0].shape
    sides = {*taken[1:3]} - {None}
    if len(taken) == 4 and taken[-1] == 3 and len(sides) == 1 and sides != {size}:
        raise UserError(
            f"--trunk={source}: it sees pictures at {sides.pop()} pixels a side; give that as "
            "--trunk_size"
        )
    if len(taken) != 4 or taken[-1] not in (3, None) or not sides <= {size}:
        raise UserError(
            f"--trunk={source}: it takes {list(taken[1:])}; give a network that takes square RGB "
            "pictures, [N, H, W, 3]"
        )
    made = model.compute_output_shape((1, size, size, 3))
    if len(made) not in (2, 4) or made[-1] is None:
        raise UserError(
            f"--trunk={source}: it turns pictures into {list(made)}; give a network whose output "
            "is features, [N, F] or [N, h, w, F]"
        )


def _of_shipped() -> keras.Model:
    path = SHIPPED / _SHIPPED / KERAS
    if not path.is_file():
        raise UserError(
            f"the protector {_SHIPPED}, whose trunk is the default, did not come with this "
            "installation; give --trunk=FILE.keras or --trunk=FILE.npz"
        )
    return trunk_of(load_network(path))


def _of_file(path: str) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        raise UserError(
            f"--trunk={path}: cannot be loaded ({_first_line(error)}); give a .keras file"
        ) from error


def _of_applications(name: str, size: int) -> keras.Model:
    """Builds `keras.applications.NAME`, behind the preprocessing that its weights want."""
    build = getattr(keras.applications, name)
    try:
        network = build(include_top=False, input_shape=(size, size, 3))
    except Exception as error:  # Of a missing download, Keras and urllib each have their own.
        raise UserError(
            f"--trunk={name}: its weights cannot be had ({error}); give a .keras file"
        ) from error
    images = keras.Input((size, size, 3), name="image")
    # Of some networks only the module that builds them has it.
    preprocess = sys.modules[build.__module__].preprocess_input
    return keras.Model(images, network(preprocess(images * 255.0)), name=name.lower())


def _of_keras_hub(name: str, size: int) -> keras.Model:
    """Loads a backbone and the scale and offset of its preset's image converter.

    The converter itself cannot be part of a network, and pictures have the trunk's size already.
    """
    try:
        import keras_hub
    except ImportError:
        known = [each for each in dir(keras.applications) if each[0].isupper()]
        raise UserError(
            f"--trunk={name}: no file, and no network of keras.applications; there are "
            f"{', '.join(known)}. For a preset of keras-hub: pip install keras-hub"
        ) from None
    try:
        backbone = keras_hub.models.Backbone.from_preset(name)
        converter = keras_hub.layers.ImageConverter.from_preset(name)
        images = keras.Input((size, size, 3), name="image")
        scale = 255 * np.asarray(1 if converter.scale is None else converter.scale)
        offset = np.asarray(0 if converter.offset is None else converter.offset)
        pixels = keras.layers.Rescaling(scale.tolist(), offset.tolist())(images)
        return keras.Model(images, backbone(pixels), name="backbone")
    except Exception as error:  # Of what is not there, or not of pictures, each has its own.
        raise UserError(
            f"--trunk={name}: no file, no network of keras.applications, and as a preset of "
            f"keras-hub it cannot be had at --trunk_size={size} ({_first_line(error)}); give its "
            "folder, or a .keras file"
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
