"""A scheme that nobody vouches for, called so that its faults are named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.scheme import Scheme, as_batch, draws_noise

# Grey levels on average. Pictures that differ by less may be of one scene, and become the same.
_DIFFERENT = 16
# Fewer are done before anybody would look for a progress bar.
_SILENT_BATCHES = 4


class CheckedScheme:
    """Calls a scheme in batches and checks all that it returns.

    A scheme that fails on a batch is tried with one image at a time, as [1, H, W, 3] and as
    [H, W, 3]; so one that knows single images only is as good as any.

    Args:
        scheme: Any.
        name: What messages call it.
        batch_size: Images a call.
        bits: Asked for log2 of how many pictures there can be, before several that became the same
            are called a fault; None to ask the scheme.
    """

    def __init__(
        self,
        scheme: Scheme,
        *,
        name: str,
        batch_size: int = 128,
        bits: Callable[[], float | None] | None = None,
    ):
        self._scheme = scheme
        self._bits = bits or (lambda: getattr(scheme, "bits", None))
        self._name = name
        self._batch_size = batch_size
        self._way = _as_one_batch

    def protect(self, images: np.ndarray) -> np.ndarray:
        """Protects images.

        Args:
            images: uint8 RGB [N, H, W, 3] or [H, W, 3].

        Returns:
            Protected images, uint8 of the same shape.

        Raises:
            UserError: The protector fails on an image, changes its size, returns anything
                but uint8, or returns the same picture for all of several images of which some
                are quite different, and says nothing of its `bits` nor that it draws noise.
            ValueError: `images` has another shape or dtype.
            MemoryError: The images are too large for this machine.
        """
        batch = as_batch(images)
        protected = np.empty_like(batch)
        starts = range(0, len(batch), self._batch_size)
        # As a context, so that the bar is gone before anybody reads what went wrong.
        with self._progress(starts) as progress:
            for start in progress:
                part = slice(start, start + self._batch_size)
                protected[part] = self._protect_batch(batch[part], start)
        self._check_varied(batch, protected)
        return protected.reshape(images.shape)

    def _check_varied(self, batch: np.ndarray, protected: np.ndarray) -> None:
        # Of noise no outcome may be refused: what is differentially private would be so no longer.
        if draws_noise(self._scheme) or not _all_alike(protected) or not _some_differ(batch):
            return
        # Of few pictures, as one that says its bits has, any two may be the same.
        if self._bits() is None:
            raise UserError(
                f"{self._name}: image 0 and all {len(batch) - 1} after it become the same picture; "
                "give a protector whose output depends on the image; or, if it names them by few "
                "words, the folder of its run, which says so"
            )

    def _progress(self, starts: range) -> contextlib.AbstractContextManager[Iterable[int]]:
        if len(starts) < _SILENT_BATCHES:
            return contextlib.nullcontext(starts)
        from tfppdnn.progress import following

        title = f"protecting: {self._name}"
        return contextlib.closing(following(starts, title, len(starts), unit="batches", brief=True))

    def _protect_batch(self, images: np.ndarray, start: int) -> np.ndarray:
        ways = [self._way, *(way for way in _WAYS if way is not self._way)]
        found = []
        for way in ways:
            protected, fault = self._try(way, images)
            if fault is None:
                self._way = way
                return protected
            if way is not _as_one_batch:  # Which does not tell the image.
                found.append((len(protected), fault))
        # The way that came furthest is how the protector is meant to be called.
        index, fault = max(found, key=lambda one: one[0])
        raise UserError(f"{self._name}: image {start + index} {fault}")

    def _try(self, way: _Way, images: np.ndarray) -> tuple[np.ndarray, str | None]:
        """Returns the images that went well, and what is wrong with the one after them."""
        protected, count = np.empty_like(images), 0
        try:
            # A copy: the scheme may work in place, and the images are the caller's.
            for given, returned in way(self._scheme.protect, images.copy()):
                fault = self._fault(given, returned)
                if fault is not None:
                    return protected[:count], fault
                size = len(given) if given.ndim == 4 else 1
                protected[count : count + size] = returned
                count += size
        except (UserError, MemoryError):
            raise  # They say what to do.
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return protected[:count], f"makes it fail ({reason}); mend the protector"
        return protected, None

    def _fault(self, given: np.ndarray, returned: Any) -> str | None:
        """Says what is wrong with a result, or nothing."""
        if not isinstance(returned, np.ndarray):
            return f"becomes a {type(returned).__name__}; return a numpy array of uint8"
        if returned.shape != given.shape:
            return f"of shape {_sizes(given)} becomes {_sizes(returned)}; {self._size_mend()}"
        if returned.dtype != np.uint8:
            floats = np.issubdtype(returned.dtype, np.floating)
            some = " with NaN" if floats and np.isnan(returned).any() else ""
            return (
                f"becomes {returned.dtype}{some}, not uint8; return whole numbers from 0 to 255 "
                "with .astype(numpy.uint8)"
            )
        return None

    def _size_mend(self) -> str:
        multiple = getattr(self._scheme, "size_multiple", None)
        if multiple is None:
            return "return images of the size that was given"
        return f"use images whose height and width are multiples of {multiple}"


_Protect = Callable[[np.ndarray], np.ndarray]
_Way = Callable[[_Protect, np.ndarray], Iterator[tuple[np.ndarray, Any]]]


def _as_one_batch(protect: _Protect, images: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
    yield images, protect(images)


def _as_batches_of_one(protect: _Protect, images: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
    for image in images:
        yield image[np.newaxis], protect(image[np.newaxis])


def _as_single_images(protect: _Protect, images: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
    for image in images:
        yield image, protect(image)


_WAYS: tuple[_Way, ...] = (_as_one_batch, _as_batches_of_one, _as_single_images)


def _sizes(images: np.ndarray) -> str:
    return "x".join(map(str, images.shape))


def _all_alike(images: np.ndarray) -> bool:
    return len(images) > 1 and all(np.array_equal(image, images[0]) for image in images[1:])


def _some_differ(images: np.ndarray) -> bool:
    first = images[0].astype(np.int16)
    return any(np.abs(image - first).mean() >= _DIFFERENT for image in images[1:])
