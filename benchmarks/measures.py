"""What the audit measures of 1,000 images, beside scikit-image and SciPy image by image."""

from __future__ import annotations

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.photographs import photographs

_COUNT, _SIDE = 1000, 32
_TOLERANCE = 1e-12
_FIGURES = (
    *(
        name + suffix
        for name in ("ssim", "affine_ssim", "psnr")
        for suffix in ("", "_floor", "_ceiling")
    ),
    *(
        name + suffix
        for name in ("contour_correlation", "orientation_agreement")
        for suffix in ("", "_chance", "_ceiling")
    ),
    *(
        name + suffix
        for name in ("reidentification", "cosine_reidentification")
        for suffix in ("", "_ceiling")
    ),
)


def ssim() -> Work:
    """Ours."""
    from tfppdnn.leakage.similarity import ssim

    pair = _images()
    return Work(call=lambda: ssim(*pair), items=_COUNT, outputs={"ssim": ssim(*pair)})


def looping_ssim() -> Work:
    """scikit-image's, in a loop."""
    from benchmarks.peers.looping_measures import ssim

    pairs = list(zip(*_images(), strict=True))

    def loop() -> np.ndarray:
        return np.array([ssim(*pair) for pair in pairs])

    return Work(call=loop, items=_COUNT, outputs={"ssim": loop()})


def measures() -> Work:
    """Ours, with all that the plain images alone decide."""
    from tfppdnn.leakage.examination import leakage
    from tfppdnn.leakage.figure import to_record

    pair = _images()
    figures = to_record(leakage(*pair))
    outputs = {name: np.array([f["mean"], f["low"], f["high"]]) for name, f in figures.items()}
    return Work(call=lambda: leakage(*pair), items=_COUNT, outputs=outputs)


def looping_measures() -> Work:
    """The same written image by image."""
    from benchmarks.peers.looping_measures import leakage
    from tfppdnn.leakage.baseline import mean_image_baseline, shuffled_partners

    images, plain = _images()
    others = plain[shuffled_partners(_COUNT, seed=0)]

    def measure() -> dict[str, np.ndarray]:
        return leakage(images, plain, others, mean_image_baseline(plain, 1)[0])

    return Work(call=measure, items=_COUNT, outputs=measure())


def _images() -> tuple[np.ndarray, np.ndarray]:
    """Noisy and faint forms of photographs, and the photographs."""
    plain = photographs(_COUNT, _SIDE)
    noise = np.random.default_rng(1).normal(60, 30, plain.shape)
    return np.rint((plain * 0.5 + noise).clip(0, 255)).astype(np.uint8), plain


def _comparison(name: str, what: str, peer: str, tolerance: dict[str, float]) -> Comparison:
    return Comparison(
        name=name,
        what=what,
        ours=Contender(name="tfppdnn", prepare=f"benchmarks.measures:{name}"),
        peers=(Contender(name=peer, prepare=f"benchmarks.measures:looping_{name}"),),
        targets={peer: 3},
        tolerance=tolerance,
        seconds=0.5,
    )


MEASURES = measures_of(
    _comparison(
        "ssim",
        f"SSIM of {_COUNT:,} pairs of {_SIDE}x{_SIDE} images",
        "scikit-image, in a loop",
        {"ssim": _TOLERANCE},
    ),
    _comparison(
        "measures",
        f"Everything that the audit measures of {_COUNT:,} images of {_SIDE}x{_SIDE}, with floors, "
        "ceilings and intervals",
        "scikit-image and SciPy, in a loop",
        dict.fromkeys(_FIGURES, _TOLERANCE),
    ),
)
