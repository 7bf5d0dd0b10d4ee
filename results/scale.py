"""How fast `protect` and the Spark job are on one machine. Writes scale.md.

python results/scale.py [--pictures=3000] [--files=50000]

Pieces of photographs, 224x224, as JPEG files, through `python -m tfppdnn protect` and through
export/spark/protect_job.py with one and with two worker processes, in turn, twice each. Then many
small files through `protect`, and the same command again with all of them done.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyspark
from made_on import made_on
from PIL import Image

from tfppdnn.files import write_text
from tfppdnn.images.photographs import photographs
from tfppdnn.reports.markdown import table

PAGE, ROOT = Path(__file__).with_suffix(".md"), Path(__file__).parent.parent
SIZE, ROUNDS, PROTECTOR, TEN_MILLION = 224, 2, "photos", 10_000_000
SMALL, PROTECTOR_OF_SMALL = 64, "cifar10"
SUBMIT = Path(pyspark.__file__).parent / "bin/spark-submit"


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--files", type=int, default=50_000)
    given = parser.parse_args()
    count = given.pictures
    ways = {
        "`protect`": [sys.executable, "-m", "tfppdnn", "protect"],
        "Spark, 1 worker": spark(1),
        "Spark, 2 workers": spark(2),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pictures"
        make_pictures(source, count, SIZE)
        for number in range(ROUNDS):
            for name, command in ways.items():
                out = Path(folder) / f"out-{number}-{len(measured[name])}-{len(name)}"
                took = timed([*command, source, out, f"--protector={PROTECTOR}"])
                measured[name].append(took[:2])
                print(name, took, flush=True)
        small, out = Path(folder) / "small", Path(folder) / "small-out"
        make_pictures(small, given.files, SMALL)
        command = [*ways["`protect`"], small, out, f"--protector={PROTECTOR_OF_SMALL}"]
        again = {name: timed(command) for name in ("All to do", "All done")}
        print(again)
    write_text(PAGE, page(measured, count, again, given.files))


def spark(workers: int) -> list:
    """A Spark of one machine with so many worker processes; one commit, as `protect` has none."""
    quiet = ["--conf", "spark.ui.enabled=false", "--conf", "spark.log.level=ERROR"]
    job = ROOT / "export/spark/protect_job.py"
    # Settings come before the job, and its options after.
    return [SUBMIT, "--master", f"local[{workers}]", *quiet, job, "--commits=1"]


def make_pictures(folder: Path, count: int, size: int) -> None:
    """Pieces of photographs at random, no two alike."""
    folder.mkdir()
    rng, pictures = np.random.default_rng(0), photographs()
    for number in range(count):
        picture = Image.fromarray(pictures[number % len(pictures)])
        side = int(rng.integers(picture.height // 2, picture.height))
        left, top = rng.integers(0, picture.height - side + 1, 2)
        piece = picture.crop((left, top, left + side, top + side)).resize((size, size))
        piece.save(folder / f"{number:06d}.jpg", quality=90)


# A process between: the peak of what it starts is not mixed with this process's own.
_BETWEEN = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
# Of pieces of one grey some are refused, as too little of them would change: that is 1.
sys.exit(done.stderr if done.returncode not in (0, 1) else 0)
"""


def timed(command: list) -> tuple[float, float, float]:
    """Seconds of wall time and of the processor, of a command and its children, and peak MiB."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _BETWEEN, *map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall = time.perf_counter() - start
    processor, peak = map(float, done.stdout.split())
    return wall, processor, peak


def page(
    measured: dict[str, list[tuple[float, float]]],
    count: int,
    again: dict[str, tuple[float, float, float]],
    files: int,
) -> str:
    """The page, in Markdown."""
    rows = []
    for name, runs in measured.items():
        wall, processor = (np.min(values) for values in zip(*runs, strict=True))
        # On paper: as many a second as here, on one such machine.
        hours = TEN_MILLION / (count / wall) / 3600
        rows.append(
            [name, f"{wall:.1f}", f"{count / wall:.0f}", f"{processor:.1f}", f"{hours:.0f}"]
        )
    head = ["", "seconds", "pictures a second", "CPU seconds", "hours for ten million, on paper"]
    lines = [
        "# `protect` and the Spark job, on one machine",
        "",
        "Written by `python results/scale.py`.",
        "",
        f"{count:,} JPEG files of {SIZE}x{SIZE}, protector `{PROTECTOR}`, start-up included. The",
        f"better of {ROUNDS} runs each, made in turn. The last column was not run: it divides ten",
        "million by the rate beside it.",
        "",
        table(head, rows),
        "",
        "## The same command again",
        "",
        f"{files:,} JPEG files of {SMALL}x{SMALL} through `protect`, protector",
        f"`{PROTECTOR_OF_SMALL}`; then the same command, which finds every picture there.",
        "",
        table(
            ["", "seconds", "CPU seconds", "peak, MiB"],
            [[name, *(f"{one:.1f}" for one in took)] for name, took in again.items()],
        ),
        "",
        *made_on(pyspark=pyspark.__version__),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
