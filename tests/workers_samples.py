"""Two workers on this machine, each a process of its own, as TF_CONFIG has them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Nothing here takes so long; who waits longer hangs.
HANGS_AFTER = 1500

# A mount of its own, in which a folder is there to be read only.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
_UNSHARE = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", READ_ONLY]

VERB = "import sys; from tfppdnn.cli import main; sys.exit(main(sys.argv[1:]))"


def read_only(folder):
    """What a command begins with that must not write into a folder; nothing if that is impossible.

    The system sees to it, and not the program.
    """
    try:
        subprocess.run([*_UNSHARE, str(folder), "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [*_UNSHARE, str(folder)]


class Two:
    """Two workers.

    Args:
        folder: What they say goes there.
        commands: What each runs.
    """

    def __init__(self, folder, *commands):
        ports = _free_ports(len(commands))
        cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
        self.said = [folder / f"said{index}" for index in range(len(commands))]
        self.processes = []
        for index, command in enumerate(commands):
            task = {"type": "worker", "index": index}
            config = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}
            with self.said[index].open("w") as said:
                self.processes.append(
                    subprocess.Popen(
                        command, cwd=ROOT, env=os.environ | config, stdout=said, stderr=said
                    )
                )

    def ended(self):
        """Waits for them; returns the exit code and what was said, of each."""
        try:
            codes = [process.wait(HANGS_AFTER) for process in self.processes]
        finally:
            for process in self.processes:
                process.kill()
                process.wait()
        return list(zip(codes, (said.read_text() for said in self.said), strict=True))


def verb(*arguments, code=VERB):
    """The command line, or Python code that ends in it."""
    return [sys.executable, "-c", code, *map(str, arguments)]


def _free_ports(count):
    with_port = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in with_port]
    for one in with_port:
        one.close()
    return ports
