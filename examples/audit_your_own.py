"""Your own idea for hiding pictures, and your own attack on it, audited like everybody else's.

    python examples/audit_your_own.py

A protector is any function from uint8 [N, H, W, 3] to the same. Two are tried here: the mosaic that
newspapers lay over faces, and a secret random mixture of the pixels of each square, which
looks like noise. The attack has pictures of its own mixed, and solves for the mixture. From the
command line:

    python -m tfppdnn audit --protector=examples/audit_your_own.py:secret_mixture \
        --attacks=examples/audit_your_own.py:Unmix,nearest
"""

import sys
from dataclasses import dataclass

import numpy as np

import tfppdnn
from tfppdnn.attacks import Attack, OwnedProtector, Reconstruction, ThreatModel

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


@dataclass(frozen=True, kw_only=True)
class Unmix(Attack[OwnedProtector, Reconstruction]):
    """Whoever can have pictures mixed finds what turns mixed squares back, by least squares."""

    name = "unmix"
    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector

    def run(self, data):
        """Fits a linear map from mixed squares to plain ones, and applies it."""
        mixed, plain = (
            squares(images.astype(np.float32)).reshape(-1, SIDE * SIDE * 3)
            for images in (data.ciphertexts, data.plain)
        )
        mixed = np.column_stack([mixed, np.ones(len(mixed))])
        back, *_ = np.linalg.lstsq(mixed, plain)
        cut = squares(data.targets.astype(np.float32))
        cut = np.concatenate([cut, np.ones((*cut.shape[:3], 1))], axis=3) @ back
        images = np.rint(joined(cut)).clip(0, 255).astype(np.uint8)
        return self.reconstruction(images, f"{len(mixed):,} squares gave the mixture away.")


def main(out="runs"):
    """Audits both ideas, and says what became of them."""
    for idea in (mosaic, secret_mixture):
        report = tfppdnn.audit(
            idea,
            "digits",
            [Unmix(), "nearest"],
            # Small, so that it takes a minute; see `python -m tfppdnn audit --help=all`.
            settings={"recogniser_epochs": 4, "attacker_images": 500},
            out=f"{out}/audit-{idea.__name__}",
        )
        print(f"{idea.__name__}\n{report.summary()}\n{report.run.path / 'report.html'}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
