"""Your own idea for hiding pictures, audited like everybody else's.

    python examples/audit_your_own.py

A protector is any function from uint8 [N, H, W, 3] to the same. Two are tried here: the mosaic that
newspapers lay over faces, and a secret random mixture of the pixels of each square, which
looks like noise. The report says what became of them; the same from the command line is

    python -m tfppdnn audit --protector=examples/audit_your_own.py:secret_mixture
"""

import sys

import numpy as np

from tfppdnn.cli import main

SIDE = 4
SECRET = np.random.default_rng(seed=2026).normal(size=(SIDE * SIDE * 3, SIDE * SIDE * 3))
SECRET = np.linalg.qr(SECRET)[0]  # A rotation: nothing is lost, but who could read it?


def squares(images):
    """[N, H, W, 3] -> [N, H / 4, W / 4, 48]."""
    count, height, width, _ = images.shape
    cut = images.reshape(count, height // SIDE, SIDE, width // SIDE, SIDE, 3)
    return cut.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // SIDE, width // SIDE, -1)


def joined(cut):
    """[N, H / 4, W / 4, 48] -> [N, H, W, 3]."""
    count, rows, columns, _ = cut.shape
    pixels = cut.reshape(count, rows, columns, SIDE, SIDE, 3).transpose(0, 1, 3, 2, 4, 5)
    return pixels.reshape(count, rows * SIDE, columns * SIDE, 3)


def mosaic(images):
    """Gives every square its mean colour."""
    means = squares(images).reshape(*squares(images).shape[:3], -1, 3).mean(axis=3, keepdims=True)
    cut = np.broadcast_to(means, (*means.shape[:3], SIDE * SIDE, 3))
    return np.rint(joined(cut.reshape(*cut.shape[:3], -1))).astype(np.uint8)


def secret_mixture(images):
    """Rotates every square's 48 values in a direction that nobody else knows."""
    mixed = (squares(images) - 127.5) @ SECRET / 3 + 127.5
    return np.rint(joined(mixed)).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    for idea in ("mosaic", "secret_mixture"):
        code = main(["audit", f"--protector={__file__}:{idea}", *sys.argv[1:]])
        if code:
            sys.exit(code)
