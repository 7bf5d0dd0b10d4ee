"""Table I and Figs. 1 and 7 of the paper, with our figures beside the paper's."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfppdnn import writing
from tfppdnn.audit.folder import audit_folder, reconstructions_path
from tfppdnn.ciphers import make_cipher
from tfppdnn.files import write_bytes, write_text
from tfppdnn.images.montage import montage, png
from tfppdnn.images.photographs import photographs
from tfppdnn.leakage.figure import Figures, from_record
from tfppdnn.leakage.judgement import FAILED, NOT_APPLICABLE
from tfppdnn.protector.protector import Protector
from tfppdnn.reports import markdown
from tfppdnn.run_folder import RunFolder

SCHEMES = {
    "proposed": "Proposed scheme",
    "pixel_same": "Pixel-based, same key",
    "pixel_different": "Pixel-based, different keys",
    "tanaka": "Tanaka's scheme",
    "plain": "Plain images",
}

PAPER = {
    "proposed": {"uwa": None, "gan": 0.0956, "accuracy": (90.73, 67.36)},
    "pixel_same": {"uwa": 0.1715, "gan": 0.2688, "accuracy": (91.29, 67.17)},
    "pixel_different": {"uwa": 0.0425, "gan": 0.1527, "accuracy": (91.14, 67.28)},
    "tanaka": {"uwa": None, "gan": 0.7152, "accuracy": (88.96, 68.13)},
    "plain": {"uwa": None, "gan": None, "accuracy": (95.05, 77.24)},
}
"""Table I: SSIM after both attacks on STL-10, accuracy in percent on CIFAR-10 and CIFAR-100."""

_ATTACKS = {"uwa": "UWA", "gan": "GA"}
_PAPERS_DATASETS = ("CIFAR-10", "CIFAR-100")
_MISSED = {
    "ssim": "SSIM",
    "affine_ssim": "affine SSIM",
    "orientation_agreement": "outlines",
    "reidentification": "matched",
    "recognition": "recognised",
}
_NOTE = """In brackets: the paper's figures.
failed: the attack did no better than the mean image, which proves nothing about the scheme.
affine: the attack worked, though not by SSIM: the SSIM after the best brightness and contrast."""
_COLUMNS = 8


def write_table1(run: RunFolder, protector: Protector) -> None:
    """Writes `table1.md`, `table1.csv`, and `figures/table1.png`, `figure1.png`, `figure7.png`.

    Args:
        run: The table's folder, with its `config.json`, `table1.json` and the folders of its
            parts.
        protector: The proposed scheme's, for Fig. 1.
    """
    table, config = run.metrics()["table"], run.config()
    header, lines = table_cells(table)
    write_text(run.path / "table1.md", _markdown(header, lines, table, config))
    write_text(run.path / "table1.csv", _csv(table))
    write_bytes(run.figures / "table1.png", _drawn(header, lines))
    write_bytes(run.figures / "figure1.png", _figure1(protector))
    write_bytes(run.figures / "figure7.png", _figure7(run, table))


def table_cells(table: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Writes the table's cells: a header and a line a scheme, the paper's figures in brackets.

    Args:
        table: The `table` of a `table1.json`.
    """
    datasets = table["datasets"]
    header = ["Scheme", *(f"SSIM, {name} (paper)" for name in _ATTACKS.values())]
    header += [
        f"Accuracy, {name} (paper: {paper})"
        for name, paper in zip(datasets, _PAPERS_DATASETS, strict=False)
    ]
    lines = []
    for scheme, title in SCHEMES.items():
        cells, paper = table["rows"][scheme], PAPER[scheme]
        line = [title]
        for attack in _ATTACKS:
            line.append(f"{_ssim(cells['attacks'].get(attack))} ({_or_none(paper[attack])})")
        for name, published in zip(datasets, paper["accuracy"], strict=False):
            share = cells["accuracy"][name]["test_accuracy"]
            line.append(f"{writing.percent(share, 2)} ({published:.2f}%)")
        lines.append(line)
    return header, lines


def _ssim(attack: Mapping[str, Any] | None) -> str:
    if attack is None or attack["status"] == NOT_APPLICABLE:
        return "N/A"
    if not attack["leakage"]:
        return "failed"  # Its training diverged.
    figures = from_record(attack["leakage"])
    text = writing.number(figures["ssim"].value, 4)
    if attack["status"] == FAILED:
        return f"{text} failed"
    if figures["ssim"].share <= 0:
        # It worked, which SSIM does not see: the bare figure would flatter the scheme.
        return f"{text}, affine {writing.number(figures['affine_ssim'].value, 4)}"
    return text


def _or_none(value: float | None) -> str:
    return "N/A" if value is None else f"{value:.4f}"


def _markdown(
    header: list[str], lines: list[list[str]], table: Mapping[str, Any], config: Mapping[str, Any]
) -> str:
    settings, ssim = config["settings"], _any_figures(table)["ssim"]
    learnt_from = (
        writing.count(settings["attacker_images"]) if settings["attacker_images"] else "all"
    )
    size = settings["attacker_image_size"]
    text = [
        "# Table I",
        "",
        f"At the scale of the preset `{config['preset']}`, with the paper's figures in brackets. "
        f"The attackers learnt from {learnt_from} "
        f"training images of {settings['attackers_dataset']} at {size}x{size} pixels and are "
        f"measured on {ssim.count:,} test images, where the mean image scores an SSIM "
        f"of {ssim.blind.mean:.4f}. The paper's attackers had STL-10, and its "
        "classifiers 200 epochs.",
        "",
        markdown.table(header, lines),
        "",
        "*failed*: after all attempts its reconstructions collapsed to one picture, or were no "
        "more like the plain ones than the mean image. That proves nothing about the scheme.",
        "",
        "*affine*: the attack worked, but its SSIM is not above the mean image's, as that of "
        "a photographic negative is not; beside it the SSIM after the best brightness and contrast "
        "of each colour.",
        "",
        "## What SSIM alone misses",
        "",
        "In brackets what knowing nothing gives. *outlines*: orientation agreement.",
        "",
        markdown.table(
            ["Scheme", "attack", "status", *_MISSED.values()],
            [
                [
                    SCHEMES[scheme],
                    _ATTACKS[attack],
                    found["status"],
                    *(from_record(found["leakage"])[name].beside_blind for name in _MISSED),
                ]
                for scheme, cells in table["rows"].items()
                for attack, found in cells["attacks"].items()
                if found["leakage"]
            ],
        ),
    ]
    return "\n".join(text) + "\n"


def _any_figures(table: Mapping[str, Any]) -> Figures:
    found = (
        cells["attacks"]["gan"]["leakage"] for cells in table["rows"].values() if cells["attacks"]
    )
    return from_record(next(leakage for leakage in found if leakage))


def _csv(table: Mapping[str, Any]) -> str:
    """One line a figure: scheme, what, on what, ours with its interval, the paper's."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["scheme", "figure", "on", "status", "mean", "low", "high", "count", "blind", "paper"]
    )
    for scheme, cells in table["rows"].items():
        for (name, accuracy), published in zip(
            cells["accuracy"].items(), PAPER[scheme]["accuracy"], strict=False
        ):
            share, count = accuracy["test_accuracy"], accuracy["test_images"]
            writer.writerow(
                [scheme, "accuracy", name, "", share, "", "", count, "", published / 100]
            )
        for attack, found in cells["attacks"].items():
            for measure in _MISSED if found["leakage"] else ():
                figure = from_record(found["leakage"])[measure]
                writer.writerow(
                    [
                        scheme,
                        measure,
                        attack,
                        found["status"],
                        *figure.interval.to_dict().values(),
                        figure.blind.mean,
                        PAPER[scheme][attack] if measure == "ssim" else "",
                    ]
                )
    return file.getvalue()


def _drawn(header: list[str], lines: list[list[str]]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.4 * len(header), 0.45 * (len(lines) + 2)), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.axis("off")
    drawn = axes.table(
        cellText=lines,
        colLabels=[name.replace(" (", "\n(") for name in header],
        loc="center",
        cellLoc="left",
        colLoc="left",
        edges="horizontal",
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(10)
    drawn.auto_set_column_width(list(range(len(header))))
    drawn.scale(1, 1.7)
    for column in range(len(header)):
        drawn[0, column].set_height(drawn[0, column].get_height() * 1.6)
        drawn[0, column].set_text_props(weight="bold")
    axes.annotate(
        _NOTE, (0, 0), xytext=(0, -6), xycoords=drawn, textcoords="offset points", va="top", size=8
    )
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.15)
    return file.getvalue()


def _figure1(protector: Protector) -> bytes:
    """Photographs of 96x96 pixels as every scheme shows them, as in the paper's Fig. 1."""
    plain = photographs()[:4]
    rows = {"(a) original": plain}
    rivals = {
        "(b) Tanaka's scheme": make_cipher("tanaka"),
        "(c) pixel-based": make_cipher("pixel_different"),
    }
    for label, scheme in {**rivals, "(d) proposed": protector}.items():
        rows[label] = np.stack([scheme.protect(image[np.newaxis])[0] for image in plain])
    return png(montage(rows, columns=len(plain), tile=144))


def _figure7(run: RunFolder, table: Mapping[str, Any]) -> bytes:
    """Reconstructions of every scheme by both attacks, as in the paper's Fig. 7."""
    rows: dict[str, np.ndarray] = {}
    for scheme, cells in table["rows"].items():
        if not cells["attacks"]:
            continue
        folder = audit_folder(run.path / "audit" / scheme)
        rows.setdefault("plain", _images(folder, "plain"))
        rows[f"{SCHEMES[scheme]}: protected"] = _images(folder, "protected")
        for attack, found in cells["attacks"].items():
            if found["leakage"]:
                label = f"{SCHEMES[scheme]}: {_ATTACKS[attack]}, {found['status']}"
                rows[label] = _images(folder, attack)
    return png(montage(rows, columns=_COLUMNS))


def _images(run: RunFolder, name: str) -> np.ndarray:
    with np.load(reconstructions_path(run, name)) as file:
        return file["images"]
