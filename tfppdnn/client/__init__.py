"""What clients run: protection without TensorFlow, and classification by a server.

`Client` and `Answer` are loaded when they are asked for.
"""

from __future__ import annotations

__all__ = ["Answer", "Client"]


def __getattr__(name: str):
    if name == "Client":
        from tfppdnn.client.classification import Client

        return Client
    if name == "Answer":
        from tfppdnn.client.answers import Answer

        return Answer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
