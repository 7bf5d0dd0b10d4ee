"""The protector `photos` that ships on one photograph: LiteRT's interpreter, LiteRT 2, int8."""

from __future__ import annotations

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.photographs import photographs
from tfppdnn.protector.shipped import SHIPPED

_SIDE = 224
_FOLDER = SHIPPED / "photos"
_FILE = "protector_fp16.tflite"


def interpreter(file: str, threads: int) -> Work:
    """LiteRT's interpreter, as all clients have it."""
    from ai_edge_litert.interpreter import Interpreter

    image = photographs(1, _SIDE)
    model = Interpreter(str(_FOLDER / file), num_threads=threads)
    inlet, outlet = model.get_input_details()[0]["index"], model.get_output_details()[0]["index"]
    model.resize_tensor_input(inlet, image.shape)
    model.allocate_tensors()

    def call() -> np.ndarray:
        model.set_tensor(inlet, image)
        model.invoke()
        return model.get_tensor(outlet)

    return Work(call=call, items=1, outputs={"protected": call()})


def compiled_model() -> Work:
    """LiteRT 2's own way, with an output buffer of ours, as its own is too small."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.tensor_buffer import TensorBuffer

    image = photographs(1, _SIDE)
    model = CompiledModel.from_file(str(_FOLDER / _FILE))
    model.resize_input_tensor_by_name("serving_default", "image", list(image.shape))
    inlets = model.create_input_buffers(0)
    outlet = TensorBuffer.create_from_host_memory(np.zeros_like(image))

    def call() -> np.ndarray:
        inlets[0].write(image)
        model.run_by_index(0, inlets, [outlet])
        return outlet.read(image.size, np.uint8).reshape(image.shape)

    return Work(call=call, items=1, outputs={"protected": call()})


def _of(threads: int, file: str = _FILE) -> Contender:
    return Contender(
        name=f"{file}, interpreter, {threads} thread{'s' * (threads > 1)}",
        prepare="benchmarks.photos:interpreter",
        settings={"file": file, "threads": threads},
    )


_WHAT = (
    f"photos, which ships: one photograph of {_SIDE}x{_SIDE} at a time, which its trunk sees at "
    "128x128"
)
MEASURES = measures_of(
    Comparison(
        name=f"photos_{_SIDE}",
        what=_WHAT,
        ours=_of(1),
        peers=(
            _of(2),
            Contender(name="CompiledModel of LiteRT 2", prepare="benchmarks.photos:compiled_model"),
        ),
        tolerance={"protected": 0},
        seconds=1.0,
    ),
    Comparison(
        name=f"photos_int8_{_SIDE}",
        what=f"{_WHAT}; the 8-bit file beside that of float16 weights",
        ours=_of(1, "protector_int8.tflite"),
        peers=(_of(1),),
        seconds=1.0,
    ),
)
