"""Joining the requests of several clients, which one run of the model answers together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import grpc
import numpy as np

from tfppdnn.serving.images import MAX_PIXELS, RequestImages, refuse_too_many
from tfppdnn.serving.refusal import Refusal


class BatchQueue:
    """One bounded queue, and the thread that empties it in batches.

    Requests are joined if they are for the same signature of the same version, and if their
    images have the same size or are encoded. A batch runs when it is full, or when its first
    request has waited for `timeout` seconds; at once if nobody joined the batch before, for then
    most likely nobody comes. What comes while it runs is joined anyway, and makes the next one
    wait again. If a joined batch fails, its requests run one by one, so that nobody is refused
    for another's image.

    Args:
        max_batch_size: Most images in a batch.
        timeout: Seconds that a request waits for others to join it.
        max_queued: Most requests that wait.
        on_batch: Is told the number of images of each batch that ran.
    """

    def __init__(
        self,
        *,
        max_batch_size: int,
        timeout: float,
        max_queued: int,
        on_batch: Callable[[int], None] = lambda size: None,
    ):
        self.max_batch_size = max_batch_size
        self._timeout = timeout
        self._max_queued = max_queued
        self._on_batch = on_batch
        self._waiting: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._others_come = True
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        with self._changed:
            return sum(not task.future.cancelled() for task in self._waiting)

    def submit(self, model: Any, images: RequestImages) -> Future:
        """Queues a request.

        Args:
            model: What answers it; has `run(signature, values)`.
            images: Its input.

        Returns:
            A future of the model's outputs for these images. If it is cancelled in time, nothing
            is computed for it, and its place in the queue is another's.

        Raises:
            Refusal: The queue is full or closed, or the request larger than a batch.
        """
        refuse_too_many(len(images), self.max_batch_size)
        task = _Task(model, images)
        with self._changed:
            if self._closed:
                raise Refusal(grpc.StatusCode.UNAVAILABLE, "the server is stopping")
            if len(self._waiting) >= self._max_queued:
                self._waiting = deque(t for t in self._waiting if not t.future.cancelled())
            if len(self._waiting) >= self._max_queued:
                raise Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"{len(self._waiting)} requests are waiting already; try again later",
                )
            self._waiting.append(task)
            self._changed.notify()
        return task.future

    def hurry(self) -> None:
        """Makes requests wait no longer for others to join them."""
        with self._changed:
            self._timeout = 0
            self._changed.notify()

    def close(self) -> None:
        """Refuses what comes now, and returns when all that waits has been answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            # A client that went away is not computed for.
            batch = [task for task in batch if task.future.set_running_or_notify_cancel()]
            if batch:
                self._run(batch)

    def _next_batch(self) -> list[_Task]:
        """Waits for a batch and takes it out of the queue; empty when all is done."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return []
                self._changed.wait()
            while True:
                batch, is_full = self._joined()
                patience = self._timeout if self._others_come or len(self._waiting) > 1 else 0
                remaining = self._waiting[0].arrived + patience - time.monotonic()
                if is_full or self._closed or remaining <= 0:
                    break
                self._changed.wait(remaining)
            self._others_come = len(self._waiting) > 1
            taken = set(map(id, batch))
            self._waiting = deque(task for task in self._waiting if id(task) not in taken)
            return batch

    def _joined(self) -> tuple[list[_Task], bool]:
        """The first request and those that can join it, and whether there is room for more."""
        batch: list[_Task] = []
        size = pixels = 0
        for task in self._waiting:
            if task.key != self._waiting[0].key:
                continue
            size += len(task.images)
            pixels += task.images.pixels
            if batch and (size > self.max_batch_size or pixels > MAX_PIXELS):
                return batch, True
            batch.append(task)
        return batch, size >= self.max_batch_size

    def _run(self, batch: list[_Task]) -> None:
        images = batch[0].images
        values = [task.images.values for task in batch]
        try:
            outputs = batch[0].model.run(images.signature, np.concatenate(values))
        except BaseException as error:
            if len(batch) == 1:
                batch[0].future.set_exception(error)
            else:
                for task in batch:
                    self._run([task])
            return
        self._on_batch(sum(map(len, values)))
        begin = 0
        for task in batch:
            end = begin + len(task.images)
            task.future.set_result({name: output[begin:end] for name, output in outputs.items()})
            begin = end


class _Task:
    """A request that waits."""

    def __init__(self, model: Any, images: RequestImages):
        self.model = model
        self.images = images
        self.key = (id(model), images.signature, images.values.shape[1:])
        self.future: Future = Future()
        self.arrived = time.monotonic()
