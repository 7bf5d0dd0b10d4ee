"""The one error that a client may see: a code of gRPC, and one line."""

from __future__ import annotations

import grpc

_HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class Refusal(Exception):  # noqa: N818  (nothing went wrong here: the request is not answered)
    """A request is not answered, and this is why.

    The message never repeats what an image or another value of the request held.

    Args:
        code: What a gRPC client is told.
        message: One line that says the mend.
        http_status: What an HTTP client is told, where it is not TensorFlow Serving's
            translation of the code.
    """

    def __init__(self, code: grpc.StatusCode, message: str, *, http_status: int | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status or _HTTP_STATUS[code]


def invalid(message: str) -> Refusal:
    """Returns the refusal of a request that can never be answered (400)."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message)
