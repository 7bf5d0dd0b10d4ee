"""Both interfaces, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import uvicorn

from tfppdnn.errors import UserError
from tfppdnn.quiet import silenced
from tfppdnn.serving.batching import BatchQueue
from tfppdnn.serving.grpc_services import add_services
from tfppdnn.serving.http_protocol import impatient_protocol
from tfppdnn.serving.metrics import Metrics
from tfppdnn.serving.own_pages_only import OwnPagesOnly, is_loopback
from tfppdnn.serving.predictor import Predictor
from tfppdnn.serving.rest import rest_app
from tfppdnn.serving.served_model import load_model
from tfppdnn.serving.settings import ServerSettings
from tfppdnn.serving.version_folders import check_servable, version_folders
from tfppdnn.serving.versions import ModelVersions
from tfppdnn.serving.web import add_web

# A client that does not take its answer shall not keep a stopped server alive.
_STOP_SECONDS = 30


class Server:
    """A classifier behind TensorFlow Serving's two interfaces.

    Args:
        path: A run folder with a classifier, a SavedModel, or a folder of versions.
        settings: See `ServerSettings`.
        gate: Maps uint8 [N, H, W, 3] to bool [N], whether each image looks protected; requests
            with others are refused.
        web: The folder of the browser client and the protector's file, to be served too.

    Raises:
        UserError: There is nothing to serve, it cannot be loaded, or a port is taken.
    """

    def __init__(
        self,
        path: Path,
        *,
        settings: ServerSettings | None = None,
        gate: Callable[[np.ndarray], np.ndarray] | None = None,
        web: tuple[Path, Path] | None = None,
    ):
        self.settings = settings = settings or ServerSettings()
        check_servable(path)
        self.versions = ModelVersions(
            settings.name, lambda: version_folders(path), load_model, labels=settings.labels
        )
        with silenced():  # LiteRT says on stderr how it computes.
            self.versions.poll(at_once=True)
        if not self.versions.available():
            raise UserError(
                f"{path}: the classifier cannot be loaded; it must be a SavedModel written by "
                "classify, copied whole"
            )
        self._socket = _listen(settings.host, settings.rest_port)
        self.metrics = Metrics()
        self._batches = BatchQueue(
            max_batch_size=settings.max_batch_size,
            timeout=settings.batch_timeout_ms / 1000,
            max_queued=settings.max_queued,
            on_batch=self.metrics.batch,
        )
        self.metrics.watch(self._batches)
        self._predictor = Predictor(
            self._batches, gate=gate, max_request_bytes=settings.max_request_bytes
        )
        self._app = rest_app(self.versions, self._predictor, self.metrics, settings)
        if web is not None:
            add_web(self._app, *web)
        any_name = not settings.hosts and not is_loopback(settings.host)
        self._app.add_middleware(OwnPagesOnly, hosts=None if any_name else settings.hosts)
        self._stop: Callable[[], None] | None = None

    @property
    def rest_address(self) -> str:
        """Host and port of the REST interface."""
        return _address(self.settings.host, self._socket.getsockname()[1])

    @property
    def grpc_address(self) -> str:
        """Host and port of the gRPC interface; known when the server is ready."""
        return _address(self.settings.host, self._grpc_port)

    async def serve(self, on_ready: Callable[[], None]) -> dict[str, Any]:
        """Answers requests until `stop` is called, then finishes those that have come.

        Args:
            on_ready: Is called when both interfaces answer.

        Returns:
            The totals, see `Metrics.figures`.

        Raises:
            UserError: The gRPC port is taken.
        """
        grpc_server = self._grpc_server()
        await grpc_server.start()
        stopping = asyncio.Event()
        self._stop = functools.partial(
            asyncio.get_running_loop().call_soon_threadsafe, stopping.set
        )
        http_server = self._http_server()
        serving = asyncio.create_task(http_server.serve(sockets=[self._socket]))
        polling = asyncio.create_task(self._poll())
        on_ready()
        await stopping.wait()

        polling.cancel()
        self._batches.hurry()
        http_server.should_exit = True
        await asyncio.gather(serving, grpc_server.stop(_STOP_SECONDS))
        await asyncio.to_thread(self._batches.close)
        self._predictor.close()
        return self.metrics.figures()

    def stop(self) -> None:
        """Makes `serve` return; may be called from any thread, and more than once."""
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # it has returned already
                self._stop()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self.settings.poll_seconds)
            with contextlib.suppress(OSError):  # the folder is being moved
                await asyncio.to_thread(self.versions.poll)

    def _http_server(self) -> uvicorn.Server:
        # Nothing that uvicorn logs is of use to a user, and some of it quotes requests.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        config = uvicorn.Config(
            self._app,
            http=impatient_protocol(self.settings.sender_timeout),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        return _HTTPServer(config)

    def _grpc_server(self) -> grpc.aio.Server:
        settings = self.settings
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", settings.max_request_bytes),
                # Two servers on one port would share its requests without a word.
                ("grpc.so_reuseport", 0),
                ("grpc.server_handshake_timeout_ms", int(1000 * settings.sender_timeout)),
                # So does a connection on which nothing whole arrives.
                ("grpc.max_connection_age_ms", 600_000),
                ("grpc.max_connection_age_grace_ms", 60_000),
            ],
            maximum_concurrent_rpcs=settings.max_queued + settings.max_batch_size,
        )
        add_services(
            server,
            self.versions,
            self._predictor,
            self.metrics,
            sender_timeout=settings.sender_timeout,
        )
        try:
            self._grpc_port = server.add_insecure_port(_address(settings.host, settings.grpc_port))
        except RuntimeError:
            raise UserError(_port_taken("grpc_port", settings.grpc_port)) from None
        return server


@contextlib.contextmanager
def in_background(server: Server) -> Iterator[Server]:
    """Runs a server in another thread while the body is executed."""
    ready = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(server.serve(ready.set))
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        ready.wait()
        if failures:
            raise failures[0]
        yield server
    finally:
        server.stop()
        thread.join()


class _HTTPServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Who runs the server decides what a signal does.
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
        # Python's event loop sends small answers at once only where it sees the protocol's
        # number, which create_server leaves out: each answer would come 40 ms late.
        return socket.socket(
            family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listening.detach()
        )
    except OSError as error:
        # create_server raises an error of its own for a name that is not known.
        if isinstance(error.__context__, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise UserError(f"--host={host} is no address of this machine") from None
        raise UserError(_port_taken("rest_port", port)) from None


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _port_taken(option: str, port: int) -> str:
    return f"--{option}={port} cannot be listened on; give another, or 0 for any that is free"
