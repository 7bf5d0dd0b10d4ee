"""What ships, through the API of LiteRT 2; its interpreter is the reference."""

import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from exporting_samples import tiny_protector

from tfppdnn.exporting.tflite import web_tflite
from tfppdnn.images.photographs import photographs
from tfppdnn.protector.shipped import SHIPPED

# As export/README.md says. In a process of its own, which may abort.
PROGRAM = """
import sys
import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.tensor_buffer import TensorBuffer
file, signature = sys.argv[1:]
images = np.load("images.npy")
model = CompiledModel.from_file(file)
index = model.get_signature_index(signature)
if signature == "serving_default":
    model.resize_input_tensor_by_name(signature, "image", [1, *images.shape[1:]])
    own = np.zeros((1, *images.shape[1:]), np.uint8)
    outlet = TensorBuffer.create_from_host_memory(own)
else:
    [outlet] = model.create_output_buffers(index)
inlets, made = model.create_input_buffers(index), []
for image in images:
    inlets[0].write(np.ascontiguousarray(image[np.newaxis]))
    model.run_by_index(index, inlets, [outlet])
    made.append(outlet.read(image.size, np.uint8).reshape(image.shape))
np.save("made", np.stack(made))
"""


def by_compiled_model(file, images, folder, *, signature="serving_default"):
    np.save(folder / "images.npy", images)
    program = [sys.executable, "-c", PROGRAM, str(file), signature]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    return np.load(folder / "made.npy")


def by_interpreter(file, images, *, signature="serving_default"):
    interpreter = Interpreter(str(file))
    if signature == "serving_default":
        inlet = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(inlet, (1, *images.shape[1:]))
    protect = interpreter.get_signature_runner(signature)
    return np.concatenate([protect(image=image[np.newaxis])["protected"] for image in images])


@pytest.mark.parametrize("size", [32, 224])
@pytest.mark.parametrize(
    "file", ["cifar10/protector_fp16", "photos/protector_fp16", "photos/protector_int8"]
)
def test_what_ships_runs_at_any_size(file, size, tmp_path):
    file, images = SHIPPED / f"{file}.tflite", photographs(size)
    made = by_compiled_model(file, images, tmp_path)
    np.testing.assert_array_equal(made, by_interpreter(file, images))
    assert len(np.unique(made, axis=0)) == len(images)


@pytest.mark.slow
def test_files_of_fixed_sizes_run(tmp_path):
    file, images = tmp_path / "web.tflite", photographs(64)
    file.write_bytes(web_tflite(tiny_protector("batch"), (32, 64)))
    made = by_compiled_model(file, images, tmp_path, signature="protect_64")
    np.testing.assert_array_equal(made, by_interpreter(file, images, signature="protect_64"))
