"""How many pictures a second do servers answer, and how long does each client wait?

1, 8 and 64 clients ask about one 32x32 picture at a time, without a pause: `serve` by REST (PNG
files) and by gRPC (pixels), and a short server of FastAPI and ONNX Runtime with the same classifier
by REST. Each server is started once and keeps its process; they take turns, round by round. The
same files go straight into the SavedModel, in one more process, without a server.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.comparison import Contender, Work
from benchmarks.interleaving import UnequalError, Worker
from benchmarks.servers import Running, Server, started
from tfppdnn.reports import markdown

CLIENTS = (1, 8, 64)
SECONDS = 2.0
ROUNDS = 7
TOLERANCE = 1e-4
_ROOT = Path(__file__).resolve().parents[1]
_WAYS = {"rest": "REST, PNG", "grpc": "gRPC, pixels"}
_SERVE = ("-m", "tfppdnn", "serve", "{folder}", "--rest_port=0", "--grpc_port=0")
_OURS = Server(name="serve", command=_SERVE, ways=("rest", "grpc"))
_BARE = Server(
    name="FastAPI + ONNX Runtime",
    command=("-m", "benchmarks.peers.fastapi_server", "{folder}/classifier.onnx"),
)
_DIRECT = {1: "SavedModel without a server, one by one", 64: "the same, 64 at a time"}


def serving(rounds: int | None) -> dict[str, Any]:
    """`serve` beside a bare server, and beside no server."""
    servers, rounds = (_OURS, _BARE), rounds or ROUNDS
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _write_classifier(folder)
        load = stack.enter_context(_load_generator())
        running = {
            server.name: stack.enter_context(started(server, folder, folder / f"{number}.log"))
            for number, server in enumerate(servers)
        }
        workers = {
            batch_size: stack.enter_context(
                Worker.started(
                    Contender(
                        name=called,
                        prepare="benchmarks.serving:direct",
                        settings={"folder": str(folder), "batch_size": batch_size},
                    ),
                    folder / f"{batch_size}.npz",
                )
            )
            for batch_size, called in _DIRECT.items()
        }
        asked = [(server, way) for server in servers for way in server.ways]
        difference = _differences(asked, running, load, workers)
        turns: dict[str, list[dict[str, float]]] = {}
        for number in tqdm(range(rounds + 1), desc="serving", unit="round"):
            for row, turn in _round(asked, running, load, workers):
                if number:
                    turns.setdefault(row, []).append(turn)
    return {
        "name": "serving",
        "what": "One 32x32 picture a request, of so many clients at the same time; ResNet-18 of "
        "width 0.25. Ratios are to `serve` by REST with as many clients.",
        "unit": "requests",
        "rounds": rounds,
        "targets": {f"{_BARE.name}, {_WAYS['rest']}, {clients}": 1.0 for clients in CLIENTS},
        "contenders": _rows(turns, difference, asked),
        "notes": [_waits(turns)],
    }


MEASURES = {"serving": serving}


def direct(*, folder: str, batch_size: int) -> Work:
    """The SavedModel itself, on the same files as by REST."""
    import tensorflow as tf

    from benchmarks.clients import pictures, png

    model = tf.saved_model.load(f"{folder}/classifier")
    classify = model.signatures["encoded"]
    files = tf.constant([png(image) for image in pictures()])
    batches = tf.split(files, len(files) // batch_size)
    outputs = [classify(image_bytes=batch)["probabilities"].numpy() for batch in batches]

    def call() -> None:
        for batch in batches:
            classify(image_bytes=batch)["probabilities"].numpy()

    # The signatures hold references into the loaded object, which must be kept.
    call.model = model
    return Work(call=call, items=len(files), outputs={"probabilities": np.concatenate(outputs)})


def _round(
    asked: list[tuple[Server, str]], running: dict[str, Running], load, workers: dict[int, Worker]
) -> Iterator[tuple[str, dict[str, float]]]:
    """One turn of each, with what it used a request."""
    for clients in CLIENTS:
        for server, way in asked:
            at = running[server.name]
            used = at.cpu_seconds()
            turn = load(kind=way, address=at.addresses[way], clients=clients, seconds=SECONDS)
            count = turn["requests"]
            yield (
                f"{server.name}, {_WAYS[way]}, {clients}",
                {
                    "wall_ms": 1000 * turn["wall_seconds"] / count,
                    "cpu_ms": 1000 * (at.cpu_seconds() - used) / count,
                    "peak_mib": at.peak_mib(),
                    "p50_ms": turn["p50_ms"],
                    "p99_ms": turn["p99_ms"],
                    "clients_cpu": turn["own_cpu_seconds"] / turn["wall_seconds"],
                },
            )
    for batch_size, worker in workers.items():
        turn = worker.work(SECONDS)
        count = turn["calls"] * worker.items
        yield (
            _DIRECT[batch_size],
            {
                "wall_ms": 1000 * turn["wall_seconds"] / count,
                "cpu_ms": 1000 * turn["cpu_seconds"] / count,
                "peak_mib": turn["peak_mib"],
            },
        )


def _rows(turns, differences: dict[str, float], asked) -> list[dict[str, Any]]:
    first, way = asked[0]
    # What each row is compared with: our REST with as many clients.
    ours = {clients: turns[f"{first.name}, {_WAYS[way]}, {clients}"] for clients in CLIENTS}
    of_direct = {called: batch_size for batch_size, called in _DIRECT.items()}
    rows = []
    for row, own in turns.items():
        clients = of_direct.get(row) or int(row.rsplit(", ", 1)[1])
        ratios = _column(own, "wall_ms") / _column(ours[clients], "wall_ms")
        low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        rows.append(
            {
                "name": row,
                **{key: float(np.median(_column(own, key))) for key in own[0]},
                "peak_mib": own[-1]["peak_mib"],
                "rate": float(np.median(1000 / _column(own, "wall_ms"))),
                "ratio": {"median": float(median), "low": float(low), "high": float(high)},
                "difference": {"probabilities": differences[row.rsplit(", ", 1)[0]]}
                if row not in of_direct
                else {},
            }
        )
    return rows


def _waits(turns: dict[str, list[dict[str, float]]]) -> str:
    lines = [
        "The number behind a name is that of the clients. Server and clients share the "
        "processor; the last column is what the clients take of one core.",
        "",
    ]
    rows = []
    for row, own in turns.items():
        if "p50_ms" in own[0]:
            rate, p50, p99, share = (
                np.median(_column(own, key))
                for key in ("wall_ms", "p50_ms", "p99_ms", "clients_cpu")
            )
            figures = [f"{1000 / rate:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{share:.0%}"]
            rows.append([row, *figures])
    head = ["", "requests/s", "p50, ms", "p99, ms", "clients' CPU"]
    return "\n".join([*lines, markdown.table(head, rows)])


def _column(turns: list[dict[str, float]], key: str) -> np.ndarray:
    return np.array([turn[key] for turn in turns])


def _differences(
    asked: list[tuple[Server, str]], running: dict[str, Running], load, workers: dict[int, Worker]
) -> dict[str, float]:
    """How far everybody's probabilities are from the first one's."""
    answers = {
        f"{server.name}, {_WAYS[way]}": load(
            kind=way, address=running[server.name].addresses[way], clients=1, seconds=0
        )["probabilities"]
        for server, way in asked
    }
    answers |= {_DIRECT[size]: worker.outputs["probabilities"] for size, worker in workers.items()}
    ours, found = np.array(next(iter(answers.values()))), {}
    for name, own in answers.items():
        found[name] = float(np.abs(np.array(own) - ours).max())
        if not found[name] <= TOLERANCE:
            raise UnequalError(f"probabilities of {name} differ from ours by {found[name]:.2g}")
    return found


@contextlib.contextmanager
def _load_generator():
    """Yields what has clients ask; see `benchmarks.clients`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )

    def load(**what: Any) -> dict[str, Any]:
        print(json.dumps(what), file=process.stdin, flush=True)
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the process of the clients ended; see what it said above")
        return json.loads(line)

    try:
        yield load
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _write_classifier(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.onnx_classifier", folder],
        check=True,
        cwd=_ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
        timeout=300,
    )
