"""From checked images to an answer: what REST and gRPC have in common."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
import numpy as np

from tfppdnn.serving.batching import BatchQueue
from tfppdnn.serving.images import RequestImages
from tfppdnn.serving.refusal import Refusal

_Answer = TypeVar("_Answer")

# TensorFlow Serving's own limit for an answer by REST.
_ANSWER_SECONDS = 30.0
# Of these a picture takes a tenth of a millisecond to parse, and the worst that was found 6 ms.
_SMALL_BYTES = 32 * 1024
# So many of the largest requests are in memory at most.
_LARGEST_AT_ONCE = 8


class Predictor:
    """Refuses images that do not look protected, and queues the others.

    Args:
        batches: The queue.
        gate: Maps uint8 [N, H, W, 3] to bool [N], whether each image looks protected; None
            takes all.
        max_request_bytes: Largest request; the limit on all at once is a multiple of it.
    """

    def __init__(
        self,
        batches: BatchQueue,
        *,
        gate: Callable[[np.ndarray], np.ndarray] | None,
        max_request_bytes: int,
    ):
        self._batches = batches
        self._gate = gate
        self._free_bytes = _LARGEST_AT_ONCE * max_request_bytes
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="requests")

    @property
    def most_images(self) -> int:
        """How many images a request may have."""
        return self._batches.max_batch_size

    async def read(self, parse: Callable[..., _Answer], message: Any, *, size: int) -> _Answer:
        """Parses a request: of a small one it takes less than to wake a thread for it.

        Args:
            parse: Takes the message, and as `most` how many images it may have.
            message: What came.
            size: Its bytes.

        Raises:
            Refusal: It is not as documented.
        """
        if size <= _SMALL_BYTES:
            return parse(message, most=self.most_images)
        return await self.in_thread(parse, message, most=self.most_images)

    async def in_thread(
        self, function: Callable[..., _Answer], *arguments: Any, **named: Any
    ) -> _Answer:
        """Runs what takes long outside the event loop, for so many requests at a time."""
        call = functools.partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    @contextlib.contextmanager
    def holding(self) -> Iterator[Callable[[int], None]]:
        """Yields what a request calls with the bytes it brings, until it is answered.

        Raises:
            Refusal: The requests in memory are too large together.
        """
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if size > self._free_bytes:
                raise Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "the requests under way need too much memory; try again later",
                )
            self._free_bytes -= size
            held += size

        try:
            yield hold
        finally:
            self._free_bytes += held

    async def answer(self, model: Any, images: RequestImages) -> dict[str, np.ndarray]:
        """Returns the model's outputs for the images of one request.

        Raises:
            Refusal: An image does not look protected, the queue is full, or the answer took
                too long.
        """
        if self._gate is not None:
            await self.in_thread(self._refuse_plain, images)
        try:
            return await asyncio.wait_for(
                asyncio.wrap_future(self._batches.submit(model, images)), _ANSWER_SECONDS
            )
        except TimeoutError:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED, "the answer took too long; try again later"
            ) from None

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False)

    def _refuse_plain(self, images: RequestImages) -> None:
        for same_size in images.decoded():
            if not np.all(self._gate(same_size)):
                height, width = same_size.shape[1:3]
                raise Refusal(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"an image of the size {width}x{height} does not look protected, so the "
                    "request was not answered and nothing of it was kept; protect images before "
                    "they leave the client, at the size of the classifier's training",
                    http_status=422,
                )
