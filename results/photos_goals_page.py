"""The tables and the page of results/photos_goals.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from made_on import made_on

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import attacks_of
from tfppdnn.experiments.frontier_figures import matched, strongest
from tfppdnn.files import read_json
from tfppdnn.reports.markdown import table

HERE = Path(__file__).parent
FLOATS, SENT = "all that the trunk sees (float)", "what `photos` sends"
# Two shares of 10,000 that are nearer than this may be one, with 95% (of about 80%).
_TOLD_APART = 1.96 * (2 * 0.8 * 0.2 / 10_000) ** 0.5
_WORDS = {True: "yes", False: "**no**"}
SAME_COMPUTE = "photos-plain-same-compute"

Figures = dict[str, Any]


def tables(figures: Figures, card: Figures) -> list[Figures]:
    """Collects the tables of the page, which the card shows, too.

    Args:
        figures: What results/photos_goals.py has measured, by name.
        card: That of the shipped `photos`.

    Returns:
        Of each its `title`, `head`, `rows`, and a `note` that stands above it.
    """
    return [
        _goals(figures, card),
        _others(figures),
        _compute(),
        _near_copies(figures),
        _indoors(figures),
        _disturbed(figures),
        _speed(),
    ]


def page(record: Figures) -> str:
    """Writes the page in Markdown."""
    title = record["title"]
    lines = [
        f"# The shipped photos: {title[0].lower()}{title[1:]}",
        "",
        f"Written by `{record['command']}`.",
        "",
    ]
    for one in record["tables"]:
        lines += [f"## {one['title']}", "", one["note"], "", table(one["head"], one["rows"]), ""]
    return "\n".join([*lines, "Seed 0, but where three are named.", *made_on(record)]) + "\n"


def _goals(figures: Figures, card: Figures) -> Figures:
    *_, audit = (
        one["record"]
        for one in card["audits"]
        if one["config"]["settings"]["attacker_images"] == 0
        and "itn_global" in one["record"]["attacks"]
    )
    owners = attacks_of(audit["attacks"], ThreatModel.PROTECTOR)
    likeness, found = strongest(owners, "affine_ssim"), matched(owners)
    sent = audit["protected"]["leakage"]
    outlines = [sent[f"orientation_agreement{end}"]["mean"] for end in ("", "_chance")]
    right = {name: 100 * float(np.mean(figures[name]["right"])) for name in (FLOATS, SENT)}
    lost = right[FLOATS] - right[SENT]
    ours, plain = (_classified(name) for name in ("photos-cifar10", SAME_COMPUTE))
    code, floats = (float(one) for one in _other_half())
    rows = [
        (
            "CIFAR-10, which it never saw, against the same classifier of all that the trunk sees",
            "at most 2 points less",
            f"{lost:.1f} less: {right[SENT]:.1f}% of {right[FLOATS]:.1f}%, means of three seeds",
            lost <= 2,
        ),
        (
            "the same, against a narrow ResNet-18 of plain pictures with as much CPU time",
            "above",
            f"{ours:.1%} against {plain:.1%}",
            ours > plain if abs(ours - plain) > _TOLD_APART else "not shown: too near",
        ),
        (
            "50 classes of tiny_imagenet100, the code learnt from the other 50",
            "at most 4 points less",
            f"{floats - code:.1f} less: {code}% of {floats}% (`results/photos.md`)",
            floats - code <= 4,
        ),
        (
            f"likeness of what its owner gets back (`{likeness['attack']}`)",
            "at most 0.06 above the mean picture's",
            f"{likeness['mean'] - likeness['floor']:.3f} above",
            likeness["mean"] - likeness["floor"] <= 0.06,
        ),
        (
            f"matched, of 1,000 (`{found['attack']}`)",
            "at most 3%",
            f"{found['mean']:.1%}",
            found["mean"] <= 0.03,
        ),
        (
            "outlines of what is sent (orientation agreement)",
            "at most 0.05 from chance",
            f"{abs(outlines[0] - outlines[1]):.3f} from it",
            abs(outlines[0] - outlines[1]) <= 0.05,
        ),
        *(
            (
                f"CIFAR-10 once more, {change} before it is protected",
                "at most 1 point less",
                f"{fewer:.1f} less",
                fewer <= 1,
            )
            for change, fewer in _fewer_right(figures)
        ),
    ]
    return {
        "title": "What it was to reach",
        "note": (
            "CIFAR-10 is that of the original files. Likeness, matched and outlines are of the "
            "first audit in its card, whose owner has all 50,000 pictures. The same was measured "
            "before of a recompressed copy (`results/photos_goals_jpeg.md`)."
        ),
        "head": ["", "to reach", "found", "reached"],
        "rows": [[*row, _WORDS.get(reached, reached)] for *row, reached in rows],
    }


def _fewer_right(figures: Figures) -> list[tuple[str, float]]:
    """By how many points a change of the pictures takes from what is told right."""
    before, *changed = figures["disturbed"].items()
    return [(name, 100 * (before[1]["right"] - one["right"])) for name, one in changed]


def _others(figures: Figures) -> Figures:
    rows = [
        [
            name,
            f"{np.mean(one['right']):.1%}",
            f"{one['likeness'][0]:.2f}",
            _interval(one["matched"]),
            _interval(one["nearest"]),
        ]
        for name, one in figures.items()
        if "right" in one
    ]
    blind = figures[SENT]["mean_picture"]
    return {
        "title": "Beside what else might be sent",
        "note": (
            "CIFAR-10: right, by one hidden layer of 512 (15 epochs) that learnt from 50,000. An "
            "owner has 50,000 pairs. *Likeness* is what ridge regression gets back; the mean "
            f"picture has {blind:.2f}. *Matched* is of 1,000, by regression and by the nearest of "
            "his own. Blurred and encrypted pictures, and the class alone, are in "
            "`results/photos.md`."
        ),
        "head": ["what is sent", "right", "likeness", "matched by regression", "by the nearest"],
        "rows": rows,
    }


def _compute() -> Figures:
    made, used, plain = _seconds()
    return {
        "title": "With as much computing",
        "note": (
            "CPU seconds of one run each, the last two on the same machine. (The card of `photos` "
            "begins with 80.1%, of a recompressed copy.) What it took to train the trunk on "
            "ImageNet is not counted, and was paid by others. Plain pictures have more with more: "
            "`results/README.md`, *Real budgets*."
        ),
        "head": ["", "CPU seconds", "right about CIFAR-10"],
        "rows": [
            ["`photos` itself: all of `train`, on 30,000 photographs", f"{made:.0f}", ""],
            [
                "protecting CIFAR-10, and a network of one hidden layer",
                f"{used:.0f}",
                f"{_classified('photos-cifar10'):.1%}",
            ],
            [
                f"ResNet-18 of {_width()} of the width, of plain pictures ({_epochs()} epochs)",
                f"{plain:.0f}",
                f"{_classified(SAME_COMPUTE):.1%}",
            ],
        ],
    }


def _near_copies(figures: Figures) -> Figures:
    rows = [
        [name, one["copies"]["matched"], *one["copies"]["above"].values()]
        for name, one in figures.items()
        if name in (FLOATS, SENT)
    ]
    levels = figures[SENT]["copies"]["above"]
    return {
        "title": "Found because he has nearly the same picture",
        "note": (
            "Of 1,000 test pictures, those that the nearest of his own 50,000 finds. The further "
            "columns count those of them to which the picture that he gives back is alike: the "
            "cosine of how both deviate from the mean picture. CIFAR-10 has many such pairs."
        ),
        "head": ["what is sent", "matched", *(f"alike above {level}" for level in levels)],
        "rows": rows,
    }


def _indoors(figures: Figures) -> Figures:
    return {
        "title": "Indoors or outdoors",
        "note": (
            "Guessed of 12 classes of tiny_imagenet100, by a small classifier that learnt from 12 "
            "others, all of them known to `photos`. Half of each are rooms and what stands in "
            "them. By chance it is 50%. Whether there is a face in a picture is told, too "
            "(`results/faces.md`)."
        ),
        "head": ["what is sent", "right"],
        "rows": [[name, f"{right:.1%}"] for name, right in figures["indoors"].items()],
    }


def _disturbed(figures: Figures) -> Figures:
    return {
        "title": "Pictures that were changed before they were protected",
        "note": (
            "The 10,000 test pictures of CIFAR-10, by a classifier of unchanged ones. JPEG is as "
            "Pillow writes it, with colours at half the resolution. Of 32x32 pixels that is much: "
            "all that the trunk sees loses 4.0 points by it, too. Of 64x64 pixels 0.1 point is "
            "lost, of pictures that had been JPEG before (`results/photos.md`)."
        ),
        "head": ["pictures", "numbers of the code that differ", "codes that differ", "right"],
        "rows": [
            [name, *(f"{one[part]:.1%}" for part in ("numbers", "codes", "right"))]
            for name, one in figures["disturbed"].items()
        ],
    }


def _speed() -> Figures:
    records = [
        read_json(HERE / f"benchmarks/{name}.json") for name in ("photos_224", "photos_int8_224")
    ]
    rows = {
        one["name"]: [one["name"], f"{one['wall_ms']:.1f}", f"{one['peak_mib']:.0f}"]
        for record in reversed(records)
        for one in record["contenders"]
    }
    return {
        "title": "Time and memory for a photograph of 224x224",
        "note": (
            f"By `{records[0]['command']}` and `{records[1]['command']}`, on "
            f"{records[0]['machine']['processor']}."
        ),
        "head": ["", "milliseconds", "peak memory of the process, MiB"],
        "rows": list(rows.values()),
    }


def _seconds() -> tuple[float, float, float]:
    records = ("photos-seconds.json", "photos-cifar10/seconds.json", f"{SAME_COMPUTE}/seconds.json")
    made, used, plain = (
        sum(stage["cpu"] for stage in read_json(HERE / record).values()) for record in records
    )
    return made, used, plain


def _classified(record: str) -> float:
    (found,) = read_json(HERE / record / "metrics.json")["classify"].values()
    return found["test_accuracy"]


def _width() -> float:
    return read_json(HERE / SAME_COMPUTE / "config.json")["settings"]["classifier_width"]


def _epochs() -> int:
    (found,) = read_json(HERE / SAME_COMPUTE / "metrics.json")["classify"].values()
    return found["epochs"]


def _other_half() -> tuple[str, str]:
    found = re.search(
        r"other 50 it keeps ([\d.]+)%, where float features have\s+([\d.]+)%",
        (HERE / "photos.md").read_text(),
    )
    return found[1], found[2]


def _interval(figure: list[float]) -> str:
    value, low, high = figure
    return f"{value:.1%} ({low:.1%} to {high:.1%})"
