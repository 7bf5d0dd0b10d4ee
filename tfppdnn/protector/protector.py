"""`tfppdnn.Protector`: whatever turns plain images into protected ones, as one class."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.canvas import fixed_canvas
from tfppdnn.protector.checked import CheckedScheme
from tfppdnn.protector.images import like, pixels_of
from tfppdnn.protector.keyed import keyed_object
from tfppdnn.protector.naming import find_origin
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.python_object import held_object
from tfppdnn.protector.saving import save_files
from tfppdnn.protector.scheme import Scheme, as_batch, draws_noise

if TYPE_CHECKING:
    import tensorflow as tf


class Protector:
    """Turns plain images into protected ones: h_p in the paper.

    It holds a scheme, which is anything with `protect`, and what is known of it. What the scheme
    returns is checked: size and type are those of the plain image, and different images do not
    all become one picture.

    Made by `from_preset`, `named` or `of`.

    Args:
        origin: What is known of it.

    Raises:
        UserError: It is a name, or whatever else the three take.
    """

    def __init__(self, origin: Origin):
        if not isinstance(origin, Origin):
            raise UserError(
                f"Protector({origin!r}): a protector is made by Protector.from_preset(NAME), or "
                "by Protector.of(...) of a function, an object or a Keras model"
            )
        self._origin = origin
        self._again: Callable[[], Self] | None = None

    def __reduce__(self):
        """A process that is handed one makes it again, by its name or of what it was made of."""
        if self._again is None:
            raise TypeError(f"{self!r} cannot be pickled, as it was changed since it was made")
        return _made_again, (self._again,)

    @classmethod
    def from_preset(cls, name: str | os.PathLike[str], *, trust: bool = False) -> Self:
        """Loads a protector by its name.

        Args:
            name: A shipped protector (see `tfppdnn.presets`), a run folder, a folder made by
                `save`, a `.tflite` file, a `.keras` file, a SavedModel folder; a cipher or
                baseline with its key or strength (`tanaka:3`, `blur:2`); a Python function or
                object (`module:name`, `file.py:name`). See `tfppdnn.protector.naming`. Of a
                run and of what ships the TFLite file is used, for batches as well: LiteRT
                takes less of the processor an image than TensorFlow does at any batch size.
                Only SavedModels and `.keras` files import TensorFlow.
            trust: Whether to load a SavedModel. It is a program, which may read and write files
                when it runs: only if you made it, or know who did.

        Raises:
            UserError: There is no protector of that name, or its files are damaged.
        """
        protector = cls.named(name, trust=trust)
        _ = protector.scheme
        return protector

    @classmethod
    def named(cls, name: str | os.PathLike[str], *, trust: bool = False) -> Self:
        """Finds a protector by its name; it is loaded when it first protects.

        Args:
            name: See `from_preset`.
            trust: Likewise.

        Raises:
            UserError: There is no protector of that name.
        """
        return cls(find_origin(name, trust=trust))._made_by(partial(cls.named, name, trust=trust))

    def _made_by(self, again: Callable[[], Self]) -> Self:
        self._again = again
        return self

    @classmethod
    def of(
        cls, thing: Any, *, name: str | None = None, differentiable: Callable | None = None
    ) -> Self:
        """Makes a protector of whatever protects.

        Args:
            thing: A protector, which is returned as it is; a name or path, see `named`; a
                function from uint8 [N, H, W, 3] or [H, W, 3] to the same; an object with such
                a method `protect`; or a Keras model from float32 [N, H, W, 3] in [0, 1] to
                the same.
            name: What messages and reports call a function, an object or a model.
            differentiable: Of a function or an object, the same before rounding: anything from
                float32 [N, H, W, 3] in [0, 1] to the same that TensorFlow can differentiate.

        Raises:
            UserError: It is nothing of these.
        """
        if isinstance(thing, Protector):
            return thing
        if isinstance(thing, str | os.PathLike):
            return cls.named(thing)
        origin = _model(thing, name) or keyed_object(thing) or held_object(thing, name=name)
        if differentiable is not None:
            origin = replace(origin, network=lambda: differentiable)
        again = partial(cls.of, thing, name=name, differentiable=differentiable)
        return cls(origin)._made_by(again)

    @cached_property
    def scheme(self) -> Scheme:
        """What protects, itself; loaded when it is first asked for.

        Raises:
            UserError: Its files are damaged.
        """
        return self._origin.load()

    @cached_property
    def _checked(self) -> CheckedScheme:
        return CheckedScheme(self.scheme, name=self._origin.name, bits=lambda: self.bits)

    def protect(self, images: Any) -> Any:
        """Protects images.

        It may be called from several threads, unless the scheme is Python code that may not.

        Args:
            images: uint8 RGB [N, H, W, 3] or [H, W, 3], as an array or an eager tensor; a PIL
                image; the path of an image file; or a list of any of these, of any sizes.

        Returns:
            Protected images, of the same kind and shape: an array, a tensor, a PIL image or a
            list of them. What was given as a path is an array, uint8 [H, W, 3].

        Raises:
            UserError: A file cannot be read; or the scheme fails on an image, changes its size,
                returns anything but uint8, or makes all of several different images the same.
            ValueError: Images have another shape or type.
            MemoryError: The images are too large for this machine.
        """
        if isinstance(images, list | tuple):
            return self._protect_each(images)
        return like(images, self._checked.protect(pixels_of(images)))

    def _protect_each(self, images: list | tuple) -> list:
        arrays = [pixels_of(image) for image in images]
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, array in enumerate(arrays):
            as_batch(array)
            by_shape.setdefault(array.shape, []).append(index)
        for shape, indices in by_shape.items():
            batch = np.stack([arrays[index] for index in indices]).reshape(-1, *shape[-3:])
            made = self._checked.protect(batch).reshape(len(indices), *shape)
            for index, one in zip(indices, made, strict=True):
                arrays[index] = one
        return [like(image, made) for image, made in zip(images, arrays, strict=True)]

    def map(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Protects the images of a data set, as they are drawn.

        Args:
            dataset: Of uint8 images [H, W, 3] or batches [N, H, W, 3], or of tuples that begin
                with such: (image, label, ...).

        Returns:
            The same with protected images; shapes that were known still are.

        Raises:
            UserError: It has no images of that kind. If the scheme fails later on an image that is
                drawn, TensorFlow raises an error of its own, whose text says why.
        """
        from tfppdnn.protector.mapping import mapped

        return mapped(dataset, self._checked.protect)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the files that it was made of and their digests, whole or not at all.

        Args:
            folder: Is made; `from_preset` reads it.

        Raises:
            UserError: It was made of no files, as ciphers and functions are; or the folder holds
                something, or cannot be written.
        """
        # Damaged files are not handed on, under new digests at that. Somebody's code, which is no
        # such file, is not run to find that it cannot be saved.
        if self._origin.files is not None:
            _ = self.scheme
        save_files(self._origin, folder)

    @property
    def name(self) -> str:
        """What it was called by whoever made it: a name or path as given."""
        return self._origin.name

    @property
    def title(self) -> str:
        """A short name, for a folder or the head of a column."""
        return self._origin.title

    @cached_property
    def identity(self) -> str:
        """Tells it from any other, in a few letters for `config.json`.

        A digest of the files of a trained protector; a cipher's or baseline's name and number;
        a named function's name and a digest of the file it stands in; of what a program holds,
        a digest of what it does.

        Raises:
            UserError: The files are not there yet, or the code cannot be run.
        """
        return self._origin.identity()

    @property
    def run(self) -> Path | None:
        """The run folder that it is the protector of, which knows its data set and settings."""
        return self._origin.run

    @cached_property
    def trained_on(self) -> Mapping[str, Any] | None:
        """Which data set it was trained on, as `ImageDataset.summary` tells it.

        Its run or its card says so, or the scheme itself; None if nobody does.

        Raises:
            UserError: The file that says so is damaged.
        """
        read = self._origin.trained_on
        return (None if read is None else read()) or self.says("trained_on")

    @cached_property
    def network(self) -> Any:
        """What it can be differentiated by, which may take noise; None if it came without."""
        network = self._origin.network
        return None if network is None else network()

    @cached_property
    def differentiable(self) -> Callable | None:
        """Itself before rounding, float32 [N, H, W, 3] in [0, 1] to the same.

        A Keras model (or what `of` was given), which whoever owns the protector can
        differentiate; None if it came without. One that draws at random does so by itself here.

        Raises:
            UserError: The file is damaged, or TensorFlow is not installed.
        """
        if self.network is None:
            return None
        from tfppdnn.models.randomized_response import drawing

        return drawing(self.network)

    @cached_property
    def bits(self) -> float | None:
        """log2 of how many different protected pictures of one size there can be.

        The scheme says so itself, or its network draws from a code (`tfppdnn.models.code_of`);
        None if it does neither. See `tfppdnn.leakage.CodeBound`.

        Raises:
            UserError: As for `differentiable`.
        """
        if self.says("bits") is not None or not hasattr(self.network, "layers"):
            return self.says("bits")
        from tfppdnn.models.code import code_of

        code = code_of(self.network)
        return code and code.bits

    @cached_property
    def epsilon(self) -> float | None:
        """One protected picture is so differentially private with respect to any change of it.

        The scheme says so itself, or its network draws words at random (see
        `tfppdnn.models.RandomizedWords`); None if it does neither. k pictures of one scene have k
        times as much.

        Raises:
            UserError: As for `differentiable`.
        """
        if self.says("epsilon") is not None or not hasattr(self.network, "layers"):
            return self.says("epsilon")
        from tfppdnn.models.randomized_response import privacy_epsilon

        return privacy_epsilon(self.network)

    @property
    def draws_noise(self) -> bool:
        """Whether it draws at random for each picture, as the scheme says."""
        return draws_noise(self.scheme)

    def without_noise(self) -> Self:
        """Itself as an attacker can run it who owns it, and so its noise: nothing is drawn anew.

        What it makes is for comparison, never to be sent. It is the same protector if the scheme
        draws nothing, or does not say how to run it without.
        """
        quiet = self.says("without_noise")
        if quiet is None:
            return self
        scheme = quiet()

        def network() -> Callable:
            from tfppdnn.models.randomized_response import undrawn

            return undrawn(self.network)

        came_with_one = self._origin.network is not None
        return type(self)(
            replace(self._origin, load=lambda: scheme, network=network if came_with_one else None)
        )

    def fitted_on(self, images: np.ndarray) -> Self:
        """What it becomes where its scheme has to learn from images first, or itself.

        Args:
            images: Training images, uint8 [N, H, W, 3].

        Raises:
            UserError: The scheme cannot learn from these.
        """
        fit = self.says("fitted_on")
        if fit is None:
            return self
        scheme = fit(images)
        return type(self)(replace(self._origin, load=lambda: scheme))

    @cached_property
    def canvas(self) -> int | None:
        """Side of the square that it draws every picture on, to enlarge it after that.

        None if what it draws grows with the picture, or if it was made of no files. Found by
        protecting two pictures of noise.

        Raises:
            UserError: The files are damaged.
        """
        return None if self._origin.files is None else fixed_canvas(self.scheme)

    def says(self, name: str, default: Any = None) -> Any:
        """What the scheme says of itself, or a default.

        Args:
            name: Of an attribute, see `Scheme`.
            default: What is said of a scheme that does not.
        """
        return getattr(self.scheme, name, default)

    def __repr__(self) -> str:
        return f"Protector({self._origin.name!r})"


def _made_again(again: Callable[[], Protector]) -> Protector:
    return again()


def load_protector(name: str | os.PathLike[str], *, trust: bool = False) -> Protector:
    """Loads a protector by its name: the short form of `Protector.from_preset`."""
    return Protector.from_preset(name, trust=trust)


def _model(thing: Any, name: str | None) -> Origin | None:
    # Keras is not imported for what cannot be its own.
    if not any(kind.__module__.startswith("keras.") for kind in type(thing).__mro__):
        return None
    from tfppdnn.protector.keras_file import held_model

    return held_model(thing, name=name)
