"""Having images classified by a server that never sees them."""

from __future__ import annotations

import concurrent.futures
import itertools
import logging
import math
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfppdnn.client.address import parse_address
from tfppdnn.client.answers import Answer, RejectedError, Transport
from tfppdnn.client.protected_png import ImageLike, protected_png
from tfppdnn.client.retry import Retry
from tfppdnn.client.tf_serving_grpc import GrpcTransport
from tfppdnn.client.tf_serving_rest import RestTransport
from tfppdnn.errors import UserError
from tfppdnn.images.files import DEFAULT_MAX_PIXELS
from tfppdnn.protector.images import is_picture, pixels_of
from tfppdnn.protector.processors import processors
from tfppdnn.protector.protector import Protector
from tfppdnn.protector.scheme import Scheme

_LOG = logging.getLogger(__name__)
# Large images go in smaller batches: a request is held in memory on both ends.
_LARGEST_REQUEST_BYTES = 2**22


class Client:
    """Protects images here and has them classified there.

    Only protected pixels are sent, as PNG files without names or metadata, and only to the
    given address. Speaks the protocols of TensorFlow Serving, and so to `python -m tfppdnn
    serve` or to TensorFlow Serving itself. It may be used by several threads.

    Args:
        url: The server: http://HOST:8501, https://HOST, grpc://HOST:8500 or grpcs://HOST:8500.
            gRPC needs the package grpcio.
        protector: A `tfppdnn.Protector` or the name of one, such as a protector.tflite or a run
            folder; or an object whose `protect` maps uint8 [H, W, 3] to the same; or whatever else
            `Protector.of` takes. It must be the one that the classifier was trained with. An image
            of which it leaves more than one pixel in a hundred unchanged is not sent.
        model: Name of the classifier on the server.
        size: Images are cropped to their central square and resized to this side (bilinear,
            antialiased, as training does it) before they are protected. Pass the size that
            the classifier was trained at: protected images are noise, which does not survive
            the server's own resizing. None leaves images as they are.
        batch_size: Images in one request at most.
        timeout: Seconds for one request.
        retry: How often and when a request is sent again that the server could not answer.
        headers: Sent along with every request, for example a gateway's credentials.
        max_pixels: Larger image files fail without being decoded.

    Raises:
        UserError: An argument is wrong, or there is no such protector.
    """

    def __init__(
        self,
        url: str,
        *,
        protector: str | os.PathLike[str] | Scheme = "protector.tflite",
        model: str = "classifier",
        size: int | None = None,
        batch_size: int = 16,
        timeout: float = 30.0,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ):
        address = parse_address(url)
        if not isinstance(model, str) or not model.isprintable() or not model:
            raise UserError(f"model must be the name of a classifier, not {model!r}")
        if size is not None:
            _check_number("size", size)
        _check_number("batch_size", batch_size)
        _check_number("timeout", timeout, whole=False)
        _check_number("max_pixels", max_pixels)
        kind = GrpcTransport if address.scheme.startswith("grpc") else RestTransport
        self._transport: Transport = kind(
            address, model=model, timeout=timeout, headers=headers or {}
        )
        if isinstance(protector, str | os.PathLike):
            protector = Protector.from_preset(protector)
        elif not hasattr(protector, "protect"):
            protector = Protector.of(protector)
        self._protector = protector
        self._size = size
        self._batch_size = batch_size
        self._retry = retry or Retry()
        self._max_pixels = max_pixels
        if not address.encrypted and not address.on_this_machine:
            _LOG.warning(
                "%s is not encrypted: whoever listens on the way reads the answers, and can "
                "attack the protected images; use https:// or grpcs://",
                address,
            )

    def classify(self, images: ImageLike | Iterable[ImageLike]) -> list[Answer]:
        """Classifies images.

        Args:
            images: Paths, PIL images, and uint8 RGB arrays or tensors [H, W, 3], of any sizes;
                one of them, or an array [N, H, W, 3].

        Returns:
            One answer for each, in their order.

        Raises:
            UserError: An image cannot be read or is refused, or the server cannot be reached.
                The first such image ends the call; `outcomes` goes on.
        """
        answers = []
        for outcome in self.outcomes(images):
            if isinstance(outcome, UserError):
                raise outcome
            answers.append(outcome)
        return answers

    def outcomes(self, images: ImageLike | Iterable[ImageLike]) -> Iterator[Answer | UserError]:
        """Classifies images, batch by batch; one that fails does not stop the others.

        Args:
            images: As in `classify`.

        Yields:
            For each image, in their order, its answer or the reason why there is none.

        Raises:
            UserError: The server cannot be reached or has no such model.
        """
        named = _named(images)
        with concurrent.futures.ThreadPoolExecutor(processors()) as pool:
            while batch := list(itertools.islice(named, self._batch_size)):
                names = [name for name, _ in batch]
                prepared = list(pool.map(self._prepare, batch))
                answered = iter(self._answered([one for one in prepared if isinstance(one, bytes)]))
                for name, one in zip(names, prepared, strict=True):
                    outcome = next(answered) if isinstance(one, bytes) else one
                    if isinstance(outcome, RejectedError):
                        outcome = UserError(f"{name}: {outcome}")
                    yield outcome

    def _prepare(self, named_image: tuple[str, ImageLike]) -> bytes | UserError:
        """Returns the protected image as a PNG file, or why there is none."""
        name, image = named_image
        try:
            return protected_png(
                _pixels_or_file(image, name),
                self._protector,
                name=name,
                size=self._size,
                max_pixels=self._max_pixels,
            )
        except UserError as error:
            return error

    def _answered(self, pngs: list[bytes]) -> list[Answer | UserError]:
        if len(pngs) > 1 and sum(map(len, pngs)) > _LARGEST_REQUEST_BYTES:
            return self._answered_in_halves(pngs)
        if not pngs:
            return []
        try:
            return list(self._retry(lambda: self._transport.predict(pngs)))
        except RejectedError as error:
            # A server answers for a whole request, but it may be one image's fault.
            return [error] if len(pngs) == 1 else self._answered_in_halves(pngs)

    def _answered_in_halves(self, pngs: list[bytes]) -> list[Answer | UserError]:
        middle = len(pngs) // 2
        return self._answered(pngs[:middle]) + self._answered(pngs[middle:])


def _check_number(name: str, value: object, *, whole: bool = True) -> None:
    kind = numbers.Integral if whole else numbers.Real
    # Of infinite seconds sockets know nothing.
    if isinstance(value, bool) or not isinstance(value, kind) or not 0 < value < math.inf:
        raise UserError(
            f"{name} must be a {'whole ' if whole else ''}number above 0, not {value!r}"
        )


def _named(images: ImageLike | Iterable[ImageLike]) -> Iterator[tuple[str, ImageLike]]:
    """Yields images with what to call them in a message."""
    one = isinstance(images, str | os.PathLike | bytes) or is_picture(images)
    if one or getattr(images, "ndim", None) == 3:
        images = [images]
    for number, image in enumerate(images):
        path = isinstance(image, str | os.PathLike)
        yield os.fspath(image) if path else f"image {number}", image


def _pixels_or_file(image: Any, name: str) -> ImageLike:
    """A path or a file's bytes as they are; of whatever else its pixels."""
    if isinstance(image, str | os.PathLike | bytes):
        return image
    try:
        pixels = pixels_of(image)
    except (UserError, ValueError, OSError) as error:
        raise UserError(f"{name}: {error}") from None
    if pixels.ndim == 4:
        raise UserError(
            f"{name}: an array of {list(pixels.shape)}; give [H, W, 3], or [N, H, W, 3] alone"
        )
    return pixels
