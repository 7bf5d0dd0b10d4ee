"""Checks a port of the protector against the conformance vector.

    python export/conformance/check.py                                 LiteRT's two interfaces
    python export/conformance/check.py --saved_model=RUN/protector     and a SavedModel
    python export/conformance/check.py --answers=FOLDER                PNG files of a port
    ... --answers=FOLDER --models protector_web.tflite                 of a port with one model

A port protects every image of the vector with every model that it takes, and writes the answers as
PNG under the names that `manifest.json` gives as `expected`. A case with `noise` is given that,
where an app would draw its own. Needs numpy, Pillow and ai-edge-litert.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent

Port = Callable[[dict], np.ndarray]
"""Maps a case of the manifest to the protected image, uint8 [H, W, 3]."""


def read_rgb(path: Path) -> np.ndarray:
    """Reads a picture as uint8 [H, W, 3]."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def sha256(content: bytes) -> str:
    """Returns the digest as the manifest writes it."""
    return hashlib.sha256(content).hexdigest()


def protect_with_litert(
    model: Path, signature: str, image: np.ndarray, noise: list[int] | None = None
) -> np.ndarray:
    """Protects one image, uint8 [H, W, 3], with a TFLite file, and with noise if it takes any."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model))
    if signature == "serving_default":  # The files of any size.
        inputs = interpreter.get_input_details()
        index = next(one["index"] for one in inputs if one["dtype"] is np.uint8)
        interpreter.resize_tensor_input(index, (1, *image.shape))
    run = interpreter.get_signature_runner(signature)
    return run(image=image[np.newaxis], **noise_input(noise))["protected"][0]


def noise_input(noise: list[int] | None) -> dict[str, np.ndarray]:
    """The second input of a protector that draws at random, int32 [1, M]."""
    return {} if noise is None else {"noise": np.array([noise], np.int32)}


def litert(vector: Path) -> Port:
    """The port that is LiteRT in Python."""
    return lambda case: protect_with_litert(
        vector / "models" / case["model"],
        case["signature"],
        read_rgb(vector / case["image"]),
        case.get("noise"),
    )


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Sends what C++ writes on stderr to nowhere: 30 lines a model, of what LiteRT looks for."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def compiled_model(vector: Path) -> Port:
    """The port that is LiteRT 2's `CompiledModel` in Python."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.tensor_buffer import TensorBuffer

    def protect(case: dict) -> np.ndarray:
        file, signature = str(vector / "models" / case["model"]), case["signature"]
        image = read_rgb(vector / case["image"])
        given = {"image": image[np.newaxis], **noise_input(case.get("noise"))}
        model, inlets = CompiledModel.from_file(file), {}
        if signature == "serving_default":  # The files of any size.
            model.resize_input_tensor_by_name(signature, "image", [1, *image.shape])
        for name, values in given.items():
            inlets[name] = model.create_input_buffer_by_name(signature, name)
            inlets[name].write(values)
        # Its own output buffer is made before the size is known: the process would abort.
        outlet = TensorBuffer.create_from_host_memory(np.zeros_like(given["image"]))
        model.run_by_name(signature, inlets, {"protected": outlet})
        return outlet.read(image.size, np.uint8).reshape(image.shape)

    return protect


def saved_model(vector: Path, directory: Path) -> Port:
    """The port that is the SavedModel of the same run; it stands in for the float32 file."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(directory))

    def protect(case: dict) -> np.ndarray:
        image = read_rgb(vector / case["image"])[np.newaxis]
        serve = loaded.signatures["serving_default"]
        return serve(image=image, **noise_input(case.get("noise")))["protected"][0].numpy()

    return protect


def answers(folder: Path) -> Port:
    """The port that wrote its answers into a folder."""
    return lambda case: read_rgb(folder / case["expected"])


def damage(vector: Path, manifest: dict, models: set[str]) -> Iterator[str]:
    """Yields what of the vector itself is not as `make.py` wrote it."""
    for name in sorted(models):
        file = vector / "models" / name
        if not file.is_file():
            yield f"models/{name} is missing"
        elif sha256(file.read_bytes()) != manifest["models"][name]["sha256"]:
            yield f"models/{name} is another file"
    for name, digest in manifest["rgb_sha256"].items():
        try:
            pixels = read_rgb(vector / name)
        except OSError as error:
            yield f"{name}: cannot be read ({error})"
            continue
        if sha256(pixels.tobytes()) != digest:
            yield f"{name} decodes to other pixels"


def failures(vector: Path, manifest: dict, port: Port, *, models: set[str]) -> Iterator[str]:
    """Yields a line for each case in which the port differs by more than it may."""
    for case in manifest["cases"]:
        if case["model"] not in models:
            continue
        name, allowed = case["expected"], manifest["models"][case["model"]]["allowed"]
        expected = read_rgb(vector / name)
        try:
            found = port(case)
        except FileNotFoundError as error:
            yield f"{name}: {error.filename} is missing"
            continue
        except (OSError, ValueError) as error:
            yield f"{name}: cannot be read ({error})"
            continue
        if found.shape != expected.shape:
            yield f"{name}: {found.shape}, not {expected.shape}"
            continue
        levels = np.abs(found.astype(int) - expected)
        measured = {
            "max_difference": int(levels.max()),
            "share_differing": float((levels > 0).mean()),
            "mean_difference": float(levels.mean()),
        }
        # One value of a small image is already a larger share than is allowed of many.
        one_value = {"share_differing": 1 / levels.size}
        for what, limit in allowed.items():
            if measured[what] > max(limit, one_value.get(what, 0)):
                yield f"{name}: {what} {measured[what]:.4g}, allowed {limit}"


def main(arguments: list[str] | None = None) -> int:
    """Prints what differs; returns 0 if nothing does, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vector", type=Path, default=HERE / "vector")
    parser.add_argument("--saved_model", type=Path)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--models", nargs="+", help="these alone; all of them if not given")
    options = parser.parse_args(arguments)

    vector = options.vector
    if not (vector / "manifest.json").is_file():
        parser.error(f"--vector={vector}: no manifest.json there; make a vector with make.py")
    if options.saved_model and not (options.saved_model / "saved_model.pb").is_file():
        parser.error(f"--saved_model={options.saved_model}: no saved_model.pb there")
    try:
        manifest = json.loads((vector / "manifest.json").read_text())
    except ValueError as error:
        parser.error(f"{vector / 'manifest.json'} is damaged ({error}); make the vector again")
    every, float32 = set(options.models or manifest["models"]), {"protector.tflite"}
    if unknown := every - set(manifest["models"]):
        parser.error(f"--models: {', '.join(sorted(unknown))} is not in {vector / 'manifest.json'}")
    if options.answers:
        ports = {"answers": (answers(options.answers), every)}
    else:
        ports = {
            "LiteRT": (litert(vector), every),
            "CompiledModel": (compiled_model(vector), every),
        }
    if options.saved_model:
        if not float32 & every:
            parser.error("--saved_model is compared with protector.tflite; name that in --models")
        ports["SavedModel"] = (saved_model(vector, options.saved_model), float32 & every)

    lines = list(damage(vector, manifest, every))
    if lines:  # Nothing can be told by it.
        print("\n".join(lines))
        return 1
    with unheard():
        for title, (port, models) in ports.items():
            wrong = failures(vector, manifest, port, models=models)
            lines += [f"{title}: {line}" for line in wrong]
    agree = [
        f"{title}: {sum(case['model'] in models for case in manifest['cases'])} cases agree"
        for title, (_, models) in ports.items()
    ]
    print("\n".join(lines or agree))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
