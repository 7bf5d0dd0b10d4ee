"""The clients of a server, in a process of their own, which takes little of the processor.

`python -m benchmarks.clients` reads lines of JSON: {"kind": "rest" or "grpc", "address": ...,
"clients": ..., "seconds": ...}. So many clients then ask about one picture at a time, each over a
connection that stays open, without a pause; the answer is a line of JSON. With `seconds` 0 each
picture is asked about once, and the answer holds the probabilities.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np

PICTURES = 64
SIZE = 32
_PATIENCE = 60.0
_METHOD = "/tensorflow.serving.PredictionService/Predict"

Ask = Callable[[int], Awaitable[bytes]]
"""Asks about the picture of a number; returns the answer as it came."""


def pictures() -> np.ndarray:
    """Noise, as protected pictures look: uint8 [PICTURES, SIZE, SIZE, 3]."""
    shape = (PICTURES, SIZE, SIZE, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def png(image: np.ndarray) -> bytes:
    """An image as a file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@contextlib.asynccontextmanager
async def _by_rest(address: str) -> AsyncIterator[Ask]:
    """Asks by REST with PNG files.

    A client library would need as long as the server: requests are written beforehand, and of
    an answer nothing is read but its status and length.
    """
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def ask(number: int) -> bytes:
        writer.write(_rest_requests(address)[number % PICTURES])
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {body[:200].decode()}")
        return body

    try:
        yield ask
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def _by_grpc(address: str) -> AsyncIterator[Ask]:
    """Asks by gRPC with pixels, as bytes that were written beforehand."""
    import grpc

    # Each client has a connection of its own, as clients have.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        predict = channel.unary_unary(_METHOD)

        async def ask(number: int) -> bytes:
            return await predict(_grpc_requests()[number % PICTURES], timeout=_PATIENCE)

        yield ask


_WAYS = {"rest": _by_rest, "grpc": _by_grpc}
_written: dict[str, list[bytes]] = {}


def _rest_requests(address: str) -> list[bytes]:
    if address not in _written:
        _written[address] = []
        for image in pictures():
            encoded = {"b64": base64.b64encode(png(image)).decode()}
            body = json.dumps({"signature_name": "encoded", "instances": [encoded]}).encode()
            head = (
                f"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: {address}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            _written[address].append(head.encode() + body)
    return _written[address]


def _grpc_requests() -> list[bytes]:
    if "grpc" not in _written:
        from tfppdnn.tf_serving_messages import UINT8, messages

        _written["grpc"] = []
        for image in pictures():
            request = messages().PredictRequest()
            request.model_spec.name = "classifier"
            request.model_spec.signature_name = "serving_default"
            tensor = request.inputs["image"]
            tensor.dtype, tensor.tensor_content = UINT8, image.tobytes()
            for size in (1, SIZE, SIZE, 3):
                tensor.tensor_shape.dim.add(size=size)
            _written["grpc"].append(request.SerializeToString())
    return _written["grpc"]


def probabilities(kind: str, answer: bytes) -> list[float]:
    """What an answer about one picture says."""
    if kind == "rest":
        return json.loads(answer)["predictions"][0]["probabilities"]
    from tfppdnn.tf_serving_messages import array_of, messages

    outputs = messages().PredictResponse.FromString(answer).outputs
    return array_of(outputs["probabilities"])[0].tolist()


async def _load(kind: str, address: str, clients: int, seconds: float) -> dict[str, Any]:
    async with contextlib.AsyncExitStack() as stack:
        asks = [await stack.enter_async_context(_WAYS[kind](address)) for _ in range(clients)]
        if not seconds:
            answers = [await asks[0](number) for number in range(PICTURES)]
            return {"probabilities": [probabilities(kind, answer) for answer in answers]}
        # Connections are made, and requests written, before the time begins.
        await asyncio.gather(*(ask(0) for ask in asks))
        waits: list[float] = []
        cpu, started = time.process_time(), time.perf_counter()

        async def client(number: int) -> None:
            while (asked := time.perf_counter()) < started + seconds:
                await asks[number](number)
                waits.append(time.perf_counter() - asked)

        await asyncio.wait_for(asyncio.gather(*map(client, range(clients))), seconds + _PATIENCE)
        wall = time.perf_counter() - started
    p50, p99 = np.percentile(waits, [50, 99])
    return {
        "requests": len(waits),
        "wall_seconds": wall,
        "own_cpu_seconds": time.process_time() - cpu,
        "p50_ms": 1000 * float(p50),
        "p99_ms": 1000 * float(p99),
    }


def main() -> None:
    """Answers every line."""
    for line in sys.stdin:
        print(json.dumps(asyncio.run(_load(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
