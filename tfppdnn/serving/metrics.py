"""What can be counted without looking at an image, for Prometheus and for the last line."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sized
from typing import Any

import prometheus_client

from tfppdnn.serving.refusal import Refusal

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counts requests, images and batches of one server."""

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        self._requests = prometheus_client.Counter(
            "tfppdnn_requests",
            "Requests that were answered, by the gRPC code of the answer.",
            ["protocol", "method", "code"],
            registry=self._registry,
        )
        self._seconds = prometheus_client.Histogram(
            "tfppdnn_request_seconds",
            "Seconds from the head of a request to its answer.",
            ["protocol", "method"],
            registry=self._registry,
        )
        self._batches = prometheus_client.Histogram(
            "tfppdnn_batch_images",
            "Images in the batches that the model ran.",
            buckets=_SIZES,
            registry=self._registry,
        )
        self._queued = prometheus_client.Gauge(
            "tfppdnn_queued_requests",
            "Requests that wait for the model.",
            registry=self._registry,
        )

    def watch(self, queue: Sized) -> None:
        """Has the page tell how many requests wait in a queue."""
        self._queued.set_function(lambda: len(queue))

    @contextlib.contextmanager
    def request(self, protocol: str, method: str) -> Iterator[None]:
        """Counts the request that the body answers, with the code it ends with."""
        started = time.perf_counter()
        code = "OK"
        try:
            yield
        except Refusal as refusal:
            code = refusal.code.name
            raise
        except Exception:
            code = "INTERNAL"
            raise
        except BaseException:
            code = "CANCELLED"
            raise
        finally:
            self._requests.labels(protocol, method, code).inc()
            self._seconds.labels(protocol, method).observe(time.perf_counter() - started)

    def batch(self, images: int) -> None:
        """Counts a batch."""
        self._batches.observe(images)

    def page(self) -> tuple[bytes, str]:
        """Returns the page that Prometheus reads, and its content type."""
        return (
            prometheus_client.generate_latest(self._registry),
            prometheus_client.CONTENT_TYPE_LATEST,
        )

    def figures(self) -> dict[str, Any]:
        """Returns the totals: predict requests by code, images, batches."""
        by_code: dict[str, int] = {}
        for sample in self._requests.collect()[0].samples:
            if sample.name.endswith("_total") and sample.labels["method"] == "predict":
                code = sample.labels["code"]
                by_code[code] = by_code.get(code, 0) + int(sample.value)
        batches = {s.name.rsplit("_", 1)[1]: s.value for s in self._batches.collect()[0].samples}
        return {
            "requests_served": by_code.pop("OK", 0),
            "requests_refused": by_code,
            "images": int(batches["sum"]),
            "batches": int(batches["count"]),
        }
