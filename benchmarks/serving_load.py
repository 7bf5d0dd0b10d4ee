"""How many pictures a second does `serve` answer, and how long does each client wait?

python benchmarks/serving_load.py RUN [RESULT.md]

1, 8 and 64 clients ask one picture at a time, without a pause, by REST (PNG files) and by gRPC
(pixels). The server runs in a process of its own, as it would; the clients share this one. The
same files or pixels go straight into the SavedModel's same signature, one by one and in batches
of 64, between the measurements, since the machine's speed drifts. RUN is a run folder on which
`classify` has run.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import httpx
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tfppdnn.runs import machine

CLIENTS = (1, 8, 64)
SECONDS = 4.0
SIZE = 32
PACKAGES = ("tensorflow", "tensorflow-serving-api", "fastapi", "uvicorn", "grpcio", "httpx")

Ask = Callable[[int], Awaitable[None]]


def pictures() -> np.ndarray:
    """Returns noise, as protected pictures look: uint8 [64, SIZE, SIZE, 3]."""
    return np.random.default_rng(0).integers(0, 256, (64, SIZE, SIZE, 3), np.uint8)


def png(image: np.ndarray) -> bytes:
    """Returns an image as a file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def direct(model, inputs: dict[str, tf.Tensor], batch_size: int) -> float:
    """Returns the pictures a second of the SavedModel itself, on files or on pixels."""
    ((name, values),) = inputs.items()
    classify = model.signatures["encoded" if name == "image_bytes" else "serving_default"]
    classify(**{name: values[:batch_size]})
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS / 3:
        begin = count % len(values)
        classify(**{name: values[begin : begin + batch_size]})
        count += batch_size
    return count / (time.perf_counter() - started)


async def load(ask: Ask, clients: int) -> np.ndarray:
    """Returns the seconds of every request, of so many clients for `SECONDS`."""
    await ask(0)
    end = time.perf_counter() + SECONDS
    waits: list[float] = []

    async def client(number: int) -> None:
        while (started := time.perf_counter()) < end:
            await ask(number)
            waits.append(time.perf_counter() - started)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return np.array(waits)


def rest(client: httpx.AsyncClient, url: str, images: np.ndarray) -> Ask:
    """Returns how a client asks about one picture by REST."""
    files = [{"b64": base64.b64encode(png(image)).decode()} for image in images]

    async def ask(number: int) -> None:
        body = {"signature_name": "encoded", "instances": [files[number % len(files)]]}
        answer = await client.post(url, json=body)
        answer.raise_for_status()

    return ask


def by_grpc(channel: grpc.aio.Channel, images: np.ndarray) -> Ask:
    """Returns how a client asks about one picture by gRPC."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    requests = []
    for image in images:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "classifier"
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(image[np.newaxis]))
        requests.append(request)

    async def ask(number: int) -> None:
        await stub.Predict(requests[number % len(requests)])

    return ask


async def measure(run: Path, rest_url: str, grpc_address: str) -> list[str]:
    """Returns the table's rows."""
    images = pictures()
    model = tf.saved_model.load(str(run / "classifier"))
    rows = []
    limits = httpx.Limits(max_connections=max(CLIENTS))
    async with (
        httpx.AsyncClient(limits=limits, timeout=60) as client,
        grpc.aio.insecure_channel(grpc_address) as channel,
    ):
        files = tf.constant([png(image) for image in images])
        for name, ask, inputs in (
            ("REST, PNG", rest(client, rest_url, images), {"image_bytes": files}),
            ("gRPC, pixels", by_grpc(channel, images), {"image": tf.constant(images)}),
        ):
            for clients in CLIENTS:
                alone, joined = direct(model, inputs, 1), direct(model, inputs, 64)
                waits = await load(ask, clients)
                rate = len(waits) / SECONDS
                p50, p99 = 1000 * np.percentile(waits, [50, 99])
                rows.append(
                    f"| {name} | {clients} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {alone:.0f} "
                    f"| {rate / alone:.2f} | {joined:.0f} | {rate / joined:.2f} |"
                )
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def main(arguments: list[str]) -> None:
    """Starts a server, measures, prints the page, and writes it where asked."""
    run = Path(arguments[0])
    command = [sys.executable, "-m", "tfppdnn", "serve", str(run)]
    with subprocess.Popen(
        [*command, "--rest_port=0", "--grpc_port=0"], stderr=subprocess.PIPE, text=True
    ) as server:
        said = ""
        while "\nready" not in said:
            said += server.stderr.readline()
        url = re.search(r"REST +(\S+)", said)[1]
        address = re.search(r"gRPC +(\S+)", said)[1]
        busy = os.getloadavg()[0]
        try:
            rows = asyncio.run(measure(run, url, address))
        finally:
            server.terminate()
            server.wait(60)
    page = "\n".join([*_head(busy), *rows, ""])
    print(page)
    if len(arguments) > 1:
        Path(arguments[1]).write_text(page)


def _head(busy: float) -> list[str]:
    here = machine()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return [
        "# Serving under load",
        "",
        f"Printed by `python benchmarks/serving_load.py RUN` on {here['cores']} cores of "
        f"{here['processor']},",
        f"server and clients together, with a load of {busy:.0f} by other work when it began",
        f"({versions}).",
        f"Pictures of {SIZE}x{SIZE} pixels, one in a request, {SECONDS:.0f} seconds a row. On a "
        "busy machine only the ratios mean something:",
        "each is of two figures measured one after the other.",
        "",
        "| interface | clients | pictures/s | p50 ms | p99 ms | direct, one by one | ratio "
        "| direct, 64 at a time | ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
