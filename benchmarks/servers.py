"""Processes that serve, from their start to their end, and what they use meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 180
_STOP_SECONDS = 40


@dataclass(frozen=True, kw_only=True)
class Server:
    """Somebody who serves.

    Attributes:
        name: As the table calls it.
        command: What Python is called with; `{folder}` is where the classifier is.
        ways: How it can be asked: `rest`, `grpc`.
    """

    name: str
    command: tuple[str, ...]
    ways: tuple[str, ...] = ("rest",)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that is ready.

    Attributes:
        pid: Its process.
        addresses: Host and port, by way to ask.
    """

    pid: int
    addresses: Mapping[str, str]

    def cpu_seconds(self) -> float:
        """What the process has used so far, as the operating system counts it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """The largest memory that the process has had."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@contextlib.contextmanager
def started(server: Server, folder: Path, log: Path) -> Iterator[Running]:
    """Starts a server, waits until it is ready, and stops it at the end.

    Args:
        server: Who.
        folder: Where the classifier is.
        log: A file for what it says.

    Raises:
        RuntimeError: It ended, or was not ready in time.
    """
    command = [part.format(folder=folder) for part in server.command]
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd=_ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    try:
        text = _until_ready(process, server.name, log)
        rest = re.search(r"REST +http://([\d.]+:\d+)", text)
        grpc = re.search(r"gRPC +([\d.]+:\d+)", text)
        found = {"rest": rest, "grpc": grpc}
        addresses = {way: match[1] for way, match in found.items() if match}
        yield Running(pid=process.pid, addresses=addresses)
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=_STOP_SECONDS)


def _until_ready(process: subprocess.Popen, name: str, log: Path) -> str:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        text = log.read_text()
        if "\nready" in text:
            return text
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended: {text[-1000:]}")
        time.sleep(0.2)
    raise RuntimeError(f"{name} was not ready within {_START_SECONDS} seconds")
