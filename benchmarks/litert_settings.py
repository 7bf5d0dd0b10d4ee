"""What LiteRT's own settings would gain: `protect` runs it as it comes, one image an interpreter.

`python -m benchmarks litert_settings litert_settings_batch`. Both are the protector `cifar10` that
ships, at 32x32: one image in one thread, and 64 on all processors.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import run
from benchmarks.photographs import photographs
from tfppdnn.protector.processors import processors
from tfppdnn.protector.shipped import SHIPPED

_SIDE, _BATCH = 32, 64
_FOLDER = SHIPPED / "cifar10"
_FILE = _FOLDER / "protector_fp16.tflite"
# Of XNNPACK. Those for integers do nothing here, and half precision (4) makes other pictures.
_FLAGS = {"dynamic fully connected": 8, "transient indirection buffers": 32}


def write(folder: Path) -> None:
    """Writes the protector for images of one size, one at a time and 64 at a time."""
    import tensorflow as tf

    from tfppdnn.exporting.graphs import protect_pixels, write_saved_model
    from tfppdnn.protector.keras_file import load_network

    protect = protect_pixels(load_network(_FOLDER / "protector.keras"))
    for batch in (1, _BATCH):
        takes = [tf.TensorSpec([batch, _SIDE, _SIDE, 3], tf.uint8, name="image")]
        saved = folder / f"fixed_{batch}"
        write_saved_model(saved, {"serving_default": (lambda x: {"protected": protect(x)}, takes)})
        content = tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert()
        (folder / f"fixed_{batch}.tflite").write_bytes(content)


def as_it_comes(batch: int) -> Work:
    """What `protect` runs."""
    from tfppdnn.protector.litert import LiteRTScheme

    return _work(LiteRTScheme(_FILE).protect, batch)


def interpreter(
    batch: int, file: str = str(_FILE), threads: int = 1, settings: dict | None = None
) -> Work:
    """One interpreter for all images, with settings of its own."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    settings = dict(settings or {})
    if "experimental_op_resolver_type" in settings:
        name = settings["experimental_op_resolver_type"]
        settings["experimental_op_resolver_type"] = OpResolverType[name]
    model = Interpreter(file, num_threads=threads, **settings)
    inlet, outlet = model.get_input_details()[0], model.get_output_details()[0]["index"]
    at_once = inlet["shape"][0]
    model.resize_tensor_input(inlet["index"], (at_once, _SIDE, _SIDE, 3))
    model.allocate_tensors()

    def protect(images: np.ndarray) -> np.ndarray:
        protected = []
        for start in range(0, len(images), at_once):
            model.set_tensor(inlet["index"], images[start : start + at_once])
            model.invoke()
            protected.append(model.get_tensor(outlet))
        return np.concatenate(protected)

    return _work(protect, batch)


def compiled_model(batch: int, **settings: Any) -> Work:
    """LiteRT 2's `CompiledModel`, which knows XNNPACK's flags and its cache of weights."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.options import CpuOptions, Options
    from ai_edge_litert.tensor_buffer import TensorBuffer

    if "xnnpack_weight_cache_path" in settings:
        settings["xnnpack_weight_cache_path"] = str(Path(tempfile.mkdtemp(), "w"))
    options = Options(cpu_options=CpuOptions(**settings))
    model = CompiledModel.from_file(str(_FILE), options=options)
    model.resize_input_tensor_by_name("serving_default", "image", [1, _SIDE, _SIDE, 3])
    inlets = model.create_input_buffers(0)
    outlet = TensorBuffer.create_from_host_memory(np.zeros((1, _SIDE, _SIDE, 3), np.uint8))

    def protect(images: np.ndarray) -> np.ndarray:
        protected = np.empty_like(images)
        for image, made in zip(images, protected, strict=True):
            inlets[0].write(image[np.newaxis])
            model.run_by_index(0, inlets, [outlet])
            made[:] = outlet.read(image.size, np.uint8).reshape(image.shape)
        return protected

    return _work(protect, batch)


def _work(protect: Callable[[np.ndarray], np.ndarray], batch: int) -> Work:
    images = photographs(batch, _SIDE)
    return Work(call=lambda: protect(images), items=batch, outputs={"protected": protect(images)})


def _contender(name: str, how: Callable[..., Work], **settings: Any) -> Contender:
    return Contender(name=name, prepare=f"{__name__}:{how.__name__}", settings=settings)


def _one(folder: Path) -> list[Contender]:
    fixed = str(folder / "fixed_1.tflite")
    latest = {"experimental_default_delegate_latest_features": True}
    without = {"experimental_op_resolver_type": "BUILTIN_WITHOUT_DEFAULT_DELEGATES"}
    return [
        _contender("a file of this size", interpreter, batch=1, file=fixed),
        _contender("XNNPACK's latest features", interpreter, batch=1, settings=latest),
        _contender("without XNNPACK", interpreter, batch=1, settings=without),
        _contender("CompiledModel", compiled_model, batch=1, num_threads=1),
        _contender(
            "CompiledModel, cached weights",
            compiled_model,
            batch=1,
            num_threads=1,
            xnnpack_weight_cache_path="",
        ),
        *(
            _contender(
                f"CompiledModel, {name}", compiled_model, batch=1, num_threads=1, xnnpack_flags=flag
            )
            for name, flag in _FLAGS.items()
        ),
    ]


def _many(folder: Path) -> list[Contender]:
    all_at_once = str(folder / f"fixed_{_BATCH}.tflite")
    threads = processors()
    return [
        _contender("one interpreter, all threads", interpreter, batch=_BATCH, threads=threads),
        _contender(
            f"a file of {_BATCH} images, all threads",
            interpreter,
            batch=_BATCH,
            file=all_at_once,
            threads=threads,
        ),
        _contender("CompiledModel, all threads", compiled_model, batch=_BATCH, num_threads=threads),
    ]


def _measure(batch: int, others: Callable[[Path], list[Contender]], rounds: int | None):
    at_a_time = "one image in one thread" if batch == 1 else f"{batch} images on all processors"
    spawning = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        # TensorFlow is loaded in a process of its own, and gone afterwards.
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawning) as pool:
            pool.submit(write, Path(folder)).result()
        return run(
            Comparison(
                name="litert_settings" if batch == 1 else "litert_settings_batch",
                what=f"LiteRT with other settings than `protect` has: `cifar10`, which ships, at "
                f"{_SIDE}x{_SIDE}, {at_a_time}. Nothing is to be reached; what is well above 1 "
                "would be slower, well below 1 worth having.",
                ours=_contender("as `protect` runs it", as_it_comes, batch=batch),
                peers=tuple(others(Path(folder))),
                tolerance={"protected": 0.008},
                seconds=1.0,
            ),
            rounds=rounds,
        )


MEASURES = {
    "litert_settings": lambda rounds: _measure(1, _one, rounds),
    "litert_settings_batch": lambda rounds: _measure(_BATCH, _many, rounds),
}
