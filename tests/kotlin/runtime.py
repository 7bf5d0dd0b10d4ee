"""LiteRT's interpreter at the end of a pipe; `PipedInterpreter.java` holds the other end.

Numbers are int32, the most significant byte first. The first message is the file; every answer but
that of a run lists the inputs.
"""

import os
import struct
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

# What LiteRT prints must not come among the answers.
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def numbers(count):
    return struct.unpack(f">{count}i", sys.stdin.buffer.read(4 * count))


def block():
    (length,) = numbers(1)
    return sys.stdin.buffer.read(length)


def tell(*values):
    for value in values:
        if isinstance(value, int):
            answers.write(struct.pack(">i", value))
        else:
            answers.write(value)


def describe(interpreter):
    inputs = interpreter.get_input_details()
    tell(len(inputs))
    for one in inputs:
        name = np.dtype(one["dtype"]).name.upper().encode()
        tell(struct.pack(">H", len(name)), name, len(one["shape"]), *map(int, one["shape"]))
    answers.flush()


def main():
    interpreter = Interpreter(model_content=block())
    describe(interpreter)
    while asked := sys.stdin.buffer.read(1):
        inputs = interpreter.get_input_details()
        if asked == b"s":
            index, axes = numbers(2)
            interpreter.resize_tensor_input(inputs[index]["index"], numbers(axes))
            describe(interpreter)
        else:
            interpreter.allocate_tensors()
            for one in inputs:
                values = np.frombuffer(block(), one["dtype"]).reshape(one["shape"])
                interpreter.set_tensor(one["index"], values)
            interpreter.invoke()
            (output,) = interpreter.get_output_details()
            made = interpreter.get_tensor(output["index"]).tobytes()
            tell(len(made), made)
            answers.flush()


main()
