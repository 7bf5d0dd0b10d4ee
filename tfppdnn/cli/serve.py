"""`python -m tfppdnn serve`: a classifier behind TensorFlow Serving's interfaces."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.files import user_path
from tfppdnn.serving.settings import make_server_settings, server_settings_help
from tfppdnn.serving.start import serve as start

if TYPE_CHECKING:
    from tfppdnn.serving.server import Server

__all__ = ["COMMON", "serve", "settings_help"]

COMMON = ("name", "host", "rest_port", "grpc_port", "hosts", "labels", "max_batch_size")
"""Settings that `--help` lists."""

settings_help = server_settings_help


@SetParseFns(run=str, name=str, host=str, hosts=str, labels=str)
def serve(
    run: str,
    *,
    refuse_plain: bool = False,
    web: bool = False,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Serves a run's classifier by REST and gRPC, as TensorFlow Serving does.

    Clients of TensorFlow Serving work unchanged. Requests of several clients are joined into
    batches. No image is logged or stored. Ctrl-C (or SIGTERM) answers what has come, then
    ends with code 0. There is no password and no TLS: to serve others than this machine, put
    a proxy that has both in front.

    Examples:
        Train, train the cloud's classifier, serve it, and ask it about a protected picture:

            python -m tfppdnn train
            python -m tfppdnn classify --protector=runs/digits-quick --deploy=served/digits
            python -m tfppdnn serve served/digits
            curl http://127.0.0.1:8501/v1/models/classifier:predict \
              -d '{"signature_name": "encoded", "instances": [{"b64": "'$(base64 -w0 it.png)'"}]}'

        With the page for browsers at http://127.0.0.1:8501/, refusing what is not protected:

            python -m tfppdnn serve served/digits --web --refuse_plain

        New versions while it runs: models/1, models/2, ... each hold a SavedModel. The newest
        is served, and those with a label; copy a new folder there and it takes over.

            python -m tfppdnn serve models --labels=stable=1,canary=2

    Args:
        run: What `classify --deploy` or `export --deploy` wrote, or a run folder on which
            `classify` has run (its classifier is version 1 in both); or a folder of versions.
        refuse_plain: Refuse images that do not look protected (422, FAILED_PRECONDITION).
        web: Serve the browser client too.
        settings: How the server runs, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, there is nothing to serve, or a port is taken.
    """
    for option, value in (("--refuse_plain", refuse_plain), ("--web", web)):
        if not isinstance(value, bool):
            raise UserError(f"{option} takes no value, not {value!r}; put it after RUN")

    if (user_path(run) / "config.json").is_file():
        print(
            f"{run} is a run folder, with the restorer and plain pictures; for another machine, "
            f"copy what `python -m tfppdnn export {run} --deploy=DIR` writes",
            file=sys.stderr,
        )

    def say(server: Server) -> None:
        print(_startup_message(server, run, with_web=web), file=sys.stderr, flush=True)

    figures = start(
        run,
        settings=make_server_settings(settings),
        refuse_plain=refuse_plain,
        web=web,
        on_ready=say,
    )
    return {"run": str(user_path(run)), **figures}, 0


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
