"""Makes a conformance vector: images, and what each TFLite file of a run makes of them.

    python export/conformance/make.py RUN [FOLDER]

FOLDER is `conformance` in the run folder if not given. Whatever protects images with the files in
its `models/` must answer as its `expected/` does, see `check.py`. The images are drawn, not taken
from anybody.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from check import protect_with_litert, sha256
from PIL import Image

from tfppdnn.errors import UserError
from tfppdnn.files import holds_others, written_whole

# Odd, flat and long ones too: h_p pads what is no multiple of its pooling.
ANY_SIZE = ((1, 1), (5, 7), (31, 33), (32, 32), (20, 48), (65, 96))
WEB_SIZES = (32, 64, 96, 224)

# What another machine or runtime may do otherwise. Sums in float32 depend on their order, so one
# value in a thousand may be rounded to its neighbour.
_ALMOST_EQUAL = {"max_difference": 1, "share_differing": 0.001}
# In 8 bits, each runtime rounds the values between the layers in its own way: LiteRT with and
# without its faster kernels was seen to differ by 87 levels at most, and 5 on average.
ALLOWED = {
    "protector.tflite": _ALMOST_EQUAL,
    "protector_fp16.tflite": _ALMOST_EQUAL,
    "protector_int8.tflite": {"mean_difference": 8.0},
    "protector_web.tflite": _ALMOST_EQUAL,
}


def picture(height: int, width: int) -> np.ndarray:
    """Draws waves of each colour with a black, a white and a noisy corner, uint8 [H, W, 3]."""
    y, x = np.mgrid[:height, :width][..., np.newaxis]
    waves = np.sin(x / [5, 7, 11] + np.array([0, 1, 2])) + np.cos(y / [7, 5, 13])
    drawn = np.rint(127.5 + 63 * waves).clip(0, 255).astype(np.uint8)
    high, wide = height // 4, width // 4
    drawn[:high, :wide], drawn[:high, width - wide :] = 0, 255
    noise = np.random.default_rng(0).integers(0, 256, (high, wide, 3), np.uint8)
    drawn[height - high :, :wide] = noise
    return drawn


# What a vector holds, and so all that may be there when it is made again.
_OURS = {"models", "images", "expected", "manifest.json"}


def make(run: Path, folder: Path) -> None:
    """Writes the vector of a run, whole or not at all."""
    with written_whole(folder) as new:
        models, cases, digests = {}, [], {}

        def save(name: str, pixels: np.ndarray) -> str:
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(new / name, optimize=True)
            digests[name] = sha256(pixels.tobytes())
            return name

        (new / "models").mkdir(parents=True)
        for model in ALLOWED:
            content = (run / model).read_bytes()
            shutil.copyfile(run / model, new / "models" / model)
            models[model] = {
                "sha256": sha256(content),
                "bytes": len(content),
                "min_runtime_version": _min_runtime_version(content),
                "allowed": ALLOWED[model],
            }
            web, noises = model == "protector_web.tflite", noise_of(content)
            for height, width in [(s, s) for s in WEB_SIZES] if web else ANY_SIZE:
                image, name = picture(height, width), f"{height}x{width}.png"
                signature = f"protect_{height}" if web else "serving_default"
                noise = next(noises)
                protected = protect_with_litert(run / model, signature, image, noise)
                cases.append(
                    {
                        "model": model,
                        "signature": signature,
                        "height": height,
                        "width": width,
                        **({} if noise is None else {"noise": noise}),
                        "image": save(f"images/{name}", image),
                        "expected": save(f"expected/{Path(model).stem}/{name}", protected),
                    }
                )
        manifest = {"models": models, "rgb_sha256": digests, "cases": cases}
        (new / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def noise_of(content: bytes) -> Iterator[list[int] | None]:
    """Yields the noise of case after case, drawn from a seed, or None where a file takes none."""
    from ai_edge_litert.interpreter import Interpreter

    inputs = Interpreter(model_content=content).get_input_details()
    size = next((int(one["shape"][1]) for one in inputs if one["dtype"] is np.int32), None)
    rng = np.random.default_rng(0)
    while True:
        yield None if size is None else rng.integers(-(2**31), 2**31, size).tolist()


def _min_runtime_version(content: bytes) -> str:
    """The runtime that the converter says is needed at least; it is in the file's metadata."""
    # The converter's own version stands there too, and is the newer one.
    found = re.findall(rb"(\d+)\.(\d+)\.(\d+)\0", content)
    return ".".join(part.decode() for part in min(found, key=lambda v: [int(p) for p in v]))


def main(arguments: list[str] | None = None) -> int:
    """Makes the vector of the run that is named; returns 2 if the call is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("folder", type=Path, metavar="FOLDER", nargs="?")
    options = parser.parse_args(arguments)
    missing = [name for name in ALLOWED if not (options.run / name).is_file()]
    if missing:
        parser.error(f"{options.run / missing[0]} is missing; name a run folder made by train")
    folder = options.folder or options.run / "conformance"
    if holds_others(folder, _OURS):
        parser.error(f"{folder}: holds something else than an earlier vector; name a new folder")
    try:
        make(options.run, folder)
    except UserError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
