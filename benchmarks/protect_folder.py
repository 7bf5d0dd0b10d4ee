"""Protecting a folder of photographs, end to end: JPEG files in, PNG files out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import protector_files
from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import run
from benchmarks.photographs import photographs
from tfppdnn.protector.processors import processors

# Pictures that differ; the others are copies, since every file is read and decoded anew.
_DIFFERENT = 200
_ONE_LEVEL = 0.008
_AGAINST = (
    "; against scripts that do one after the other, and compress as hard as Pillow does if it is "
    "not told (zlib's 6, ours 1)"
)


def ours(folder: str) -> Work:
    """What `python -m tfppdnn protect` does."""
    from tfppdnn.client.folder import protect_files
    from tfppdnn.protector.litert import LiteRTScheme

    protector = LiteRTScheme(Path(folder) / "protector.tflite")

    def protect_all(source: Path, destination: Path) -> None:
        report = protect_files(source, destination, protector)
        if report.failed:
            raise RuntimeError(report.failed[0])

    return _work(protect_all, folder)


def onnx_runtime(folder: str) -> Work:
    """A plain script of Pillow and ONNX Runtime, which uses all processors by itself."""
    from benchmarks.peers.onnx_networks import runner

    return _work(_script(runner(f"{folder}/protector.onnx", threads=processors())), folder)


def pytorch(folder: str, kind: str) -> Work:
    """A plain script of Pillow and PyTorch, which uses all processors by itself."""
    import torch

    from benchmarks.peers.torch_protectors import protector

    torch.set_num_threads(processors())
    with np.load(f"{folder}/weights.npz") as weights:
        network = protector(kind, dict(weights)).to(memory_format=torch.channels_last)

    def protect(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(images)).numpy()

    return _work(_script(protect), folder)


def _script(protect: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, Path], None]:
    """What a user would write: one file after the other."""
    from PIL import Image

    def protect_all(source: Path, destination: Path) -> None:
        destination.mkdir()
        for path in sorted(source.glob("*.jpg")):
            with Image.open(path) as image:
                pixels = np.array(image.convert("RGB"))
            protected = protect(pixels[np.newaxis])[0]
            Image.fromarray(protected).save(destination / f"{path.stem}.png")

    return protect_all


def _work(protect_all: Callable[[Path, Path], None], folder: str) -> Work:
    from PIL import Image

    def once(keep: int = 0) -> np.ndarray:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            destination = Path(place) / "out"
            protect_all(source, destination)
            made = sorted(destination.glob("*.png"))
            if len(made) != count:
                raise RuntimeError(f"{len(made)} files were written of {count}")
            return np.stack([np.array(Image.open(path)) for path in made[: max(1, keep)]])

    source = Path(folder) / "in"
    count = len(list(source.iterdir()))
    return Work(call=once, items=count, outputs={"protected": once(keep=16)})


def _measure(
    network: str, *, files: int, side: int, peers: bool, rounds: int | None
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        protector_files.write(Path(folder), network, side=side)
        _write_jpegs(Path(folder) / "in", files, side)
        settings = {"folder": folder}
        scripts = (
            Contender(
                name="Pillow and PyTorch",
                prepare="benchmarks.protect_folder:pytorch",
                settings={**settings, "kind": protector_files.KINDS[network]},
            ),
            Contender(
                name="Pillow and ONNX Runtime",
                prepare="benchmarks.protect_folder:onnx_runtime",
                settings=settings,
            ),
        )
        # Earlier figures, of the protector that ships with the package.
        targets = {"Pillow and PyTorch": 2.9, "Pillow and ONNX Runtime": 1.65}
        comparison = Comparison(
            name=_name(network, files, side),
            what=f"{network}: {files} JPEG files of {side}x{side} into as many PNG files"
            + (_AGAINST if peers else ""),
            ours=Contender(
                name="tfppdnn protect",
                prepare="benchmarks.protect_folder:ours",
                settings=settings,
            ),
            peers=scripts if peers else (),
            targets=targets if peers and network == protector_files.SHIPPED else {},
            tolerance={"protected": _ONE_LEVEL},
            seconds=0.0,
            rounds=3,
        )
        return run(comparison, rounds=rounds)


def _write_jpegs(folder: Path, count: int, side: int) -> None:
    """Writes pieces of photographs, at the quality at which cameras write them."""
    from PIL import Image

    folder.mkdir()
    digits = len(str(count))
    for number, picture in enumerate(photographs(min(count, _DIFFERENT), side)):
        Image.fromarray(picture).save(folder / f"{number:0{digits}}.jpg", quality=90)
    for number in range(_DIFFERENT, count):
        shutil.copyfile(
            folder / f"{number % _DIFFERENT:0{digits}}.jpg", folder / f"{number:0{digits}}.jpg"
        )


def _name(network: str, files: int, side: int) -> str:
    return f"protect_folder_{network}_{files}_of_{side}"


# What is compared, once with fewer files for slow machines; and two of ours alone, whose peaks of
# memory must be the same.
_RUNS = (
    (protector_files.SHIPPED, 10_000, 224, True),
    (protector_files.SHIPPED, 1_500, 224, True),
    (protector_files.UNET, 40, 512, True),
    (protector_files.SHIPPED, 1_000, 64, False),
    (protector_files.SHIPPED, 50_000, 64, False),
)
MEASURES = {
    _name(network, files, side): (
        lambda rounds, network=network, files=files, side=side, peers=peers: _measure(
            network, files=files, side=side, peers=peers, rounds=rounds
        )
    )
    for network, files, side, peers in _RUNS
}
