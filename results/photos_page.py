"""The page and the picture of results/photos.py."""

from __future__ import annotations

import io

from made_on import made_on
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tfppdnn.leakage import CodeBound
from tfppdnn.reports.markdown import table

# Colours of Okabe and Ito, which colour-blind readers can tell apart; shapes tell them too.
_CODES, _HIDING, _WORDS, _OTHERS = "#0072B2", "#D55E00", "#009E73", "#555555"
# Where the column of labels begins, and how far apart they are, in units of the axes.
_COLUMN, _LINE = 1.8, 2.4
# Of codes that are nearly one, where the bits stand, in points.
_BESIDE = {
    "256 numbers, hiding weight 0.3": (-5, 6),
    "192 numbers, hiding weight 0.3": (-22, -3),
    "128 numbers, hiding weight 0.3": (7, -5),
}
_HEAD = (
    "what is sent",
    "bits",
    "seen task",
    "unseen task",
    "likeness",
    "matched by regression",
    "matched by the nearest",
    "crowd bound",
)


def page(figures: dict[str, dict], *, seed: int, shipped: int) -> str:
    """Writes the page in Markdown.

    Args:
        figures: What results/photos.py has measured, by name.
        seed: Of all of it.
        shipped: How many numbers the shipped code has.
    """
    blind = next(iter(figures.values()))["mean_picture"]
    lines = [
        "# What a code of so many bits keeps, and what its owner gets back",
        "",
        "Written by `python results/photos.py --data_dir=DIR --work=DIR`.",
        "",
        "The code was learnt from the 25,000 training pictures of tiny_imagenet100.",
        "*Seen task*: its 100 classes, 5,000 test pictures. *Unseen task*: CIFAR-10, of which no",
        "part of it saw anything, 50,000 and 10,000 pictures of the original files. Both by one",
        "hidden layer of 512, 10 epochs.",
        "Pictures that are sent as pixels are classified by the same layer, of all their pixels; a",
        "network for pictures would do better. *The class alone* is named by the layer that has",
        "float features. *Words*: `--privacy_words`, without noise. On the seen task pixels are",
        "of 64x64, and the class alone has 6.64 bits.",
        "",
        "Two attackers have 50,000 pairs of plain and sent pictures. *Regression*: ridge, of codes",
        "with 2,048 random features. *The nearest*: he gives back his own picture whose sent form",
        "is nearest. *Matched*: of 1,000, by cosine, with the 95% interval. By chance it is 0.1%.",
        f"*Likeness* (affine SSIM): of the regression; the mean picture has {blind:.3f}. *Crowd*:",
        "how often anybody names the right one of 1,000,000 equally likely pictures, at most.",
        "",
        table(_HEAD, [_cells(name, one) for name, one in figures.items() if _is_sent(one)]),
        "",
        "![Accuracy on the unseen task against what is matched](photos.png)",
        "",
        f"A code of {shipped} numbers was learnt from 50 classes of tiny_imagenet100 alone. On the",
        f"other 50 it keeps {figures['other half, code']:.1%}, where float features have",
        f"{figures['other half, features']:.1%}.",
        "",
        f"Test pictures that were changed before they were protected, {shipped} numbers. JPEG is",
        "as Pillow writes it, with colours at half the resolution: of 32x32 pixels that is much.",
        "*By half*: the classifier had JPEG of quality 75 to 95 for half of its pictures. All",
        "pictures of tiny_imagenet100, the seen task, had been JPEG before.",
        "",
        table(
            ["what is sent", "pictures", "numbers that change", "right"],
            [
                [sent, how, f"{one['numbers']:.1%}", f"{one['right']:.1%}"]
                for sent, kinds in figures["disturbed"].items()
                for how, one in kinds.items()
            ],
        ),
        "",
        f"Seed {seed}.",
        *made_on(),
    ]
    return "\n".join(lines) + "\n"


def picture(figures: dict[str, dict]) -> bytes:
    """Draws accuracy on both tasks against both attackers' matches; returns a PNG."""
    figure = Figure(figsize=(9, 8), dpi=100)
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    figure.subplots_adjust(left=0.07, right=0.985, top=0.96, bottom=0.12, wspace=0.05, hspace=0.1)
    attackers = (("matched", "regression"), ("nearest", "the nearest of 50,000"))
    for row, task in zip(panels, ("unseen", "seen"), strict=True):
        row[0].set_ylabel(f"right on the {task} task, %")
        for axes, (attacker, _) in zip(row, attackers, strict=True):
            _draw(axes, figures, attacker, task)
            axes.set_xscale("symlog", linthresh=1, linscale=0.6)
            axes.set_xlim(0, 130)
            axes.set_xticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
            axes.spines[["top", "right"]].set_visible(False)
            axes.axvline(0.1, color=_OTHERS, linestyle="--", linewidth=0.8, zorder=0)
    for axes, (_, title) in zip(panels[1], attackers, strict=True):
        axes.set_xlabel(f"matched by {title}, % (dashed: chance)")
    panels[0, 0].set_title("\N{NORTH WEST ARROW} better", loc="left", fontsize=10, weight="bold")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=2, fontsize=9, frameon=False)
    file, smaller = io.BytesIO(), io.BytesIO()
    figure.savefig(file, format="png")
    Image.open(file).quantize(128).save(smaller, format="png", optimize=True)
    return smaller.getvalue()


def _draw(axes, figures: dict[str, dict], attacker: str, task: str) -> None:
    sent = {name: one for name, one in figures.items() if _is_sent(one) and one[task] is not None}
    bits = [name for name in sent if name.endswith("hiding weight 0.3")]
    # All numbers of this series are as many, so that only the weight differs.
    hiding = [name for name in sent if name.startswith("128 numbers, hiding")]
    words = [name for name in sent if _is_of_words(name)]
    others = [name for name in sent if "hiding" not in name and name not in words]
    series = (
        (bits, _CODES, "o-", "numbers of 8 values, with their bits"),
        (words, _WORDS, "s-", "words of 64 values, with their bits"),
        (hiding, _HIDING, "x", "384 bits, with other hiding weights"),
        (others, _OTHERS, "^", "what else might be sent"),
    )
    for names, colour, shape, label in series:
        at = [(100 * sent[name][attacker][0], 100 * sent[name][task]) for name in names]
        axes.plot(*zip(*at, strict=True), shape, color=colour, markersize=5, label=label)
        # Labels of what is less often right than codes are stand left of their points, in a column.
        column = [name for name in names if _in_column(name)]
        lowest = min((100 * sent[name][task] for name in column), default=0)
        place = lowest + _LINE * (len(column) - 0.5)
        for (x, y), name in sorted(zip(at, names, strict=True), key=lambda one: -one[0][1]):
            listed, beside = name in column, (-16, 6) if _is_of_words(name) else (7, -3)
            place -= _LINE if listed else 0
            axes.annotate(
                _said(name, sent[name]["bits"]),
                (x, y),
                xytext=(_COLUMN, place) if listed else _BESIDE.get(name, beside),
                textcoords="data" if listed else "offset points",
                ha="left",
                va="center" if listed else "baseline",
                arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.4} if listed else None,
                fontsize=7,
                color=colour,
            )


def _in_column(name: str) -> bool:
    alone = name.startswith(("float features", "the class alone"))
    return "hiding" not in name and not alone and not _is_of_words(name)


def _said(name: str, bits: float | None) -> str:
    if name.startswith("128 numbers, hiding"):
        return "384" if name.endswith(" 0.3") else ""
    if "hiding" in name or _is_of_words(name):
        return f"{bits:g}"
    for part in (", named on the phone", " of the pixels", ", sigma 2", ", one key"):
        name = name.replace(part, "")
    return name


def _is_of_words(name: str) -> bool:
    return name.endswith(" of 64")


def _is_sent(figure) -> bool:
    return isinstance(figure, dict) and "bits" in figure


def _cells(name: str, found: dict) -> list[str]:
    bits = found["bits"]
    bound = 1.0 if bits is None else CodeBound(bits).named_at_most
    return [
        name,
        "-" if bits is None else f"{bits:.3g}",
        "" if found["seen"] is None else f"{found['seen']:.1%}",
        f"{found['unseen']:.1%}",
        f"{found['likeness'][0]:.3f}",
        *(
            f"{share:.1%} ({low:.1%} to {high:.1%})"
            for share, low, high in (found["matched"], found["nearest"])
        ),
        "none" if bound == 1 else f"1 in {1 / bound:,.0f}",
    ]
