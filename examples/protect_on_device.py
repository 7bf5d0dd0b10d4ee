"""Protect one image the way a phone or a Raspberry Pi would: LiteRT, numpy and Pillow only.

    python examples/protect_on_device.py runs/digits-quick/protector.tflite photo.jpg out.png

This is all that a port to another language has to do: RGB bytes in, RGB bytes out. Resize the
photograph to what the classifier was trained on before.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps


def main(model: str, source: str, destination: str) -> None:
    """Writes the protected form of the image `source` to `destination`."""
    image = ImageOps.exif_transpose(Image.open(source)).convert("RGBA")
    opaque = Image.new("RGBA", image.size, "white")  # What is transparent becomes white.
    opaque.alpha_composite(image)
    pixels = np.asarray(opaque.convert("RGB"))[np.newaxis]  # uint8 [1, H, W, 3]

    interpreter = Interpreter(model_path=model)
    inputs = {np.dtype(taken["dtype"]).name: taken for taken in interpreter.get_input_details()}
    (protected_output,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(inputs["uint8"]["index"], pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(inputs["uint8"]["index"], pixels)
    if noise := inputs.get("int32"):  # A protector with a guarantee draws at random.
        drawn = np.frombuffer(os.urandom(4 * np.prod(noise["shape"])), np.int32)
        interpreter.set_tensor(noise["index"], drawn.reshape(noise["shape"]))
    interpreter.invoke()
    protected = interpreter.get_tensor(protected_output["index"])

    # Of a JPEG file, or of half a file, a classifier would make something else.
    Image.fromarray(protected[0]).save(f"{destination}.part", "PNG")
    Path(f"{destination}.part").replace(destination)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a protector.tflite")
    parser.add_argument("source", help="the image")
    parser.add_argument("destination", help="the PNG file to write")
    main(**vars(parser.parse_args()))
