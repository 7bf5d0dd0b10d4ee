"""`python -m tfppdnn serve`: a classifier behind TensorFlow Serving's interfaces."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.serving.settings import ServerSettings
from tfppdnn.serving.start import serve as start

if TYPE_CHECKING:
    from tfppdnn.serving.server import Server


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
    for option, value in (("--refuse_plain", refuse_plain), ("--web", web)):
        if not isinstance(value, bool):
            raise UserError(f"{option} takes no value, not {value!r}; put it after RUN")
    options = {
        "name": name,
        "host": host,
        "rest_port": rest_port,
        "grpc_port": grpc_port,
        "hosts": hosts,
        "labels": labels,
        "max_batch_size": max_batch_size,
        "batch_timeout_ms": batch_timeout_ms,
        "max_queued": max_queued,
        "max_request_bytes": max_request_bytes,
        "sender_timeout": sender_timeout,
    }

    def say(server: Server) -> None:
        print(_startup_message(server, run, with_web=web), file=sys.stderr, flush=True)

    figures = start(
        run,
        settings=ServerSettings().replaced(options),
        refuse_plain=refuse_plain,
        web=web,
        on_ready=say,
    )
    return {"run": str(Path(run).expanduser()), **figures}, 0


def _startup_message(server: Server, run: str, *, with_web: bool) -> str:
    name = server.settings.name
    url = f"http://{server.rest_address}"
    versions = ", ".join(map(str, server.versions.available()))
    lines = [
        f"{run}: model {name}, version {versions}",
        f"  REST     {url}/v1/models/{name}:predict",
        f"  gRPC     {server.grpc_address}",
        f"  metrics  {url}/metrics",
        f"  try      curl {url}/v1/models/{name}",
        "ready; Ctrl-C to stop",
    ]
    if with_web:
        lines.insert(3, f"  browser  {url}/")
    return "\n".join(lines)
