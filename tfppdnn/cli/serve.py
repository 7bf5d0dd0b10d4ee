"""`python -m tfppdnn serve`: a classifier behind TensorFlow Serving's interfaces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.quiet import import_tensorflow

_LARGEST_REQUEST = 2**30


@SetParseFns(run=str, name=str, host=str, hosts=str, labels=str)
def serve(
    run: str,
    *,
    name: str = "classifier",
    host: str = "127.0.0.1",
    rest_port: int = 8501,
    grpc_port: int = 8500,
    hosts: str = "",
    labels: str = "",
    refuse_plain: bool = False,
    web: bool = False,
    max_batch_size: int = 64,
    batch_timeout_ms: float = 2,
    max_queued: int = 256,
    max_request_bytes: int = 2**24,
    sender_timeout: float = 20,
) -> tuple[dict[str, Any], int]:
    r"""Serves a run's classifier by REST and gRPC, as TensorFlow Serving does.

    Clients of TensorFlow Serving work unchanged. Requests of several clients are joined into
    batches. No image is logged or stored. Ctrl-C (or SIGTERM) answers what has come, then
    ends with code 0. There is no password and no TLS: to serve others than this machine, put
    a proxy that has both in front.

    Examples:
        Train, train the cloud's classifier, serve it, and ask it about a protected picture:

            python -m tfppdnn train
            python -m tfppdnn classify --protector=runs/digits-quick
            python -m tfppdnn serve runs/digits-quick
            curl http://127.0.0.1:8501/v1/models/classifier:predict \
              -d '{"signature_name": "encoded", "instances": [{"b64": "'$(base64 -w0 it.png)'"}]}'

        With the page for browsers at http://127.0.0.1:8501/, refusing what is not protected:

            python -m tfppdnn serve runs/digits-quick --web --refuse_plain

        New versions while it runs: models/1, models/2, ... each hold a SavedModel. The newest
        is served, and those with a label; copy a new folder there and it takes over.

            python -m tfppdnn serve models --labels=stable=1,canary=2

    Args:
        run: A run folder on which `classify` has run (its classifier is version 1), or a
            folder of versions.
        name: The model's name in the addresses.
        host: The address to listen on; 0.0.0.0 is all of this machine's.
        rest_port: Port of the REST interface, /metrics and the page; 0 takes any free one.
        grpc_port: Port of the gRPC interface; 0 takes any free one.
        hosts: Names, such as example.org,gate, that a proxy in front passes on. A server for
            this machine only refuses others than localhost and IP addresses (403), or any page
            of the web could ask it through your browser.
        labels: Names of versions, such as stable=1,canary=2.
        refuse_plain: Refuse images that do not look protected (422, FAILED_PRECONDITION).
        web: Serve the browser client too.
        max_batch_size: Most images in a batch, and so in a request.
        batch_timeout_ms: How long a request waits for others to join it, where some do.
        max_queued: Most requests that wait; more are refused (429, RESOURCE_EXHAUSTED).
        max_request_bytes: Larger requests are refused (413, RESOURCE_EXHAUSTED).
        sender_timeout: Seconds within which a request must have arrived (408).

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, there is nothing to serve, or a port is taken.
    """
    if not re.fullmatch(r"[^/:]+", name):
        raise UserError(f"--name={name}: a name has no slash and no colon")
    for option, value in (("--refuse_plain", refuse_plain), ("--web", web)):
        if not isinstance(value, bool):
            raise UserError(f"{option} takes no value, not {value!r}; put it after RUN")
    settings = {
        "name": name,
        "host": host,
        "rest_port": _whole_number(rest_port, "--rest_port", 0, 65535),
        "grpc_port": _whole_number(grpc_port, "--grpc_port", 0, 65535),
        "hosts": _hosts(hosts),
        "labels": _labels(labels),
        "max_batch_size": _whole_number(max_batch_size, "--max_batch_size", 1, 4096),
        "batch_timeout": _number(batch_timeout_ms, "--batch_timeout_ms", 0, 10_000) / 1000,
        "max_queued": _whole_number(max_queued, "--max_queued", 1, 100_000),
        "max_request_bytes": _whole_number(
            max_request_bytes, "--max_request_bytes", 1024, _LARGEST_REQUEST
        ),
        "sender_timeout": _number(sender_timeout, "--sender_timeout", 0.1, 3600),
    }
    path = Path(run).expanduser()
    # Pillow warns of large images, which are refused.
    warnings.filterwarnings("ignore", module="PIL")
    # What gRPC logs by itself would stand beside the one line that says what is wrong.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # A crash writes no images to a core file.
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    from tfppdnn.gate import Gate, find_gate
    from tfppdnn.serving.sources import version_finder
    from tfppdnn.serving.web import web_files

    # What is missing is said at once, not after the seconds that TensorFlow takes to start.
    version_finder(path)
    gate = find_gate(path) if refuse_plain else None
    page = web_files(path) if web else None

    import_tensorflow()

    from tfppdnn.serving.server import Server, ServerSettings

    server = Server(
        path,
        settings=ServerSettings(**settings),
        gate=None if gate is None else Gate(gate),
        web=page,
    )
    return asyncio.run(_until_signal(server, path, with_web=web)), 0


async def _until_signal(server, path: Path, *, with_web: bool) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        server.stop()
        for number in signals:
            loop.remove_signal_handler(number)
        with contextlib.suppress(OSError):  # whoever read it may be gone
            print("stopping; a second signal ends at once", file=sys.stderr, flush=True)

    for number in signals:
        loop.add_signal_handler(number, stop)

    def say() -> None:
        print(_startup_message(server, path, with_web=with_web), file=sys.stderr, flush=True)

    return {"run": str(path), **await server.serve(on_ready=say)}


def _startup_message(server, path: Path, *, with_web: bool) -> str:
    name = server.settings.name
    url = f"http://{server.rest_address}"
    versions = ", ".join(map(str, server.versions.available()))
    lines = [
        f"{path}: model {name}, version {versions}",
        f"  REST     {url}/v1/models/{name}:predict",
        f"  gRPC     {server.grpc_address}",
        f"  metrics  {url}/metrics",
        f"  try      curl {url}/v1/models/{name}",
        "ready; Ctrl-C to stop",
    ]
    if with_web:
        lines.insert(3, f"  browser  {url}/")
    return "\n".join(lines)


def _hosts(text: str) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else ()
    if not all(re.fullmatch(r"[\w.-]+", name) for name in names):
        raise UserError(f"--hosts={text}: write names without ports, as example.org,gate")
    return names


def _labels(text: str) -> dict[str, int]:
    if not text:
        return {}
    labels = dict(re.findall(r"([^/:=,]+)=([0-9]{1,18})(?:,|$)", text))
    if ",".join(f"{label}={version}" for label, version in labels.items()) != text:
        raise UserError(f"--labels={text}: write labels as stable=1,canary=2")
    return {label: int(version) for label, version in labels.items()}


def _number(value: Any, option: str, smallest: float, largest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{option} must be a number, not {value!r}")
    if not smallest <= value <= largest:
        raise UserError(f"{option} must be from {smallest} to {largest}, not {value!r}")
    return value


def _whole_number(value: Any, option: str, smallest: int, largest: int) -> int:
    if _number(value, option, smallest, largest) != int(value):
        raise UserError(f"{option} must be a whole number, not {value!r}")
    return int(value)
