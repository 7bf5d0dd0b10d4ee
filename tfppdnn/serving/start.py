"""Serving a run from its start until somebody stops it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfppdnn.errors import UserError
from tfppdnn.files import user_path
from tfppdnn.gate import Gate, find_gate
from tfppdnn.quiet import import_tensorflow
from tfppdnn.serving.settings import ServerSettings
from tfppdnn.serving.version_folders import check_servable, has_litert_file, version_folders
from tfppdnn.serving.web import page_folder
from tfppdnn.serving.web_protector import check_web_protector, web_protector

if TYPE_CHECKING:
    from tfppdnn.serving.server import Server


def serve(
    run: str | os.PathLike[str],
    *,
    settings: ServerSettings | None = None,
    refuse_plain: bool = False,
    web: bool = False,
    on_ready: Callable[[Server], None] = lambda server: None,
) -> dict[str, Any]:
    """Serves a run's classifier until SIGINT or SIGTERM, and answers what has come by then.

    To be called from the main thread of a process that does nothing else; `Server` is what runs
    in others.

    Args:
        run: A run folder on which `classify` has run, or a folder of versions.
        settings: How it runs.
        refuse_plain: Whether to refuse images that do not look protected, with the run's gate.
        web: Whether to serve the browser client, with the run's protector.
        on_ready: Is called when both interfaces answer.

    Returns:
        The totals, see `Metrics.figures`.

    Raises:
        UserError: There is nothing to serve, it cannot be loaded, a port is taken, or the page
            does not know the model's name.
    """
    path = user_path(run)
    check_servable(path)
    # What is missing is said at once, not after the seconds that TensorFlow takes to start.
    gate = find_gate(path) if refuse_plain else None
    root = page_folder() if web else None
    if web:
        _check_name_for_page(settings or ServerSettings())
        check_web_protector(path)
    _keep_images_to_itself()
    if gate or not any(map(has_litert_file, version_folders(path).values())):
        import_tensorflow()

    from tfppdnn.serving.server import Server

    page = (root, web_protector(path)) if root else None
    server = Server(path, settings=settings, gate=None if gate is None else Gate(gate), web=page)

    def ready() -> None:
        _collect_no_more_of_what_is_loaded()
        on_ready(server)

    return asyncio.run(_until_signal(server, ready))


def _collect_no_more_of_what_is_loaded() -> None:
    # Now and then Python looks through all objects for those that nobody needs. With those of all
    # libraries that takes tens of milliseconds, in which nobody is answered.
    gc.collect()
    gc.freeze()


def _check_name_for_page(settings: ServerSettings) -> None:
    known = ServerSettings().name
    if settings.name != known:
        raise UserError(
            f"--web: the page asks for the model {known}, not {settings.name}; leave --name out"
        )


def _keep_images_to_itself() -> None:
    # Pillow warns of large images, which are refused.
    warnings.filterwarnings("ignore", module="PIL")
    # What gRPC logs by itself would stand beside the one line that says what is wrong.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # A crash writes no images to a core file.
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def _until_signal(server: Server, on_ready: Callable[[], None]) -> dict[str, Any]:
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
    return await server.serve(on_ready)
