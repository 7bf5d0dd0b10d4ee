"""Protect one image the way a phone or a Raspberry Pi would: LiteRT, numpy and Pillow only.

    python examples/protect_on_device.py runs/digits-quick/protector.tflite photo.jpg out.png

This is all that a port to another language has to do: RGB bytes in, RGB bytes out.
"""

import argparse

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps


def main(model: str, source: str, destination: str) -> None:
    """Writes the protected form of the image `source` to `destination`."""
    image = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
    pixels = np.asarray(image)[np.newaxis]  # uint8 [1, H, W, 3]

    interpreter = Interpreter(model_path=model)
    (image_input,) = interpreter.get_input_details()
    (protected_output,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(image_input["index"], pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(image_input["index"], pixels)
    interpreter.invoke()
    protected = interpreter.get_tensor(protected_output["index"])

    Image.fromarray(protected[0]).save(destination)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a protector.tflite")
    parser.add_argument("source", help="the image")
    parser.add_argument("destination", help="the PNG file to write")
    main(**vars(parser.parse_args()))
