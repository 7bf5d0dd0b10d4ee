"""The report as a reader meets it: whole, self-contained, and true to metrics.json."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from tfppdnn.errors import UserError
from tfppdnn.reports import Pictures, write_report
from tfppdnn.reports.measurements import measurements_of
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings

KEYS = ("ssim", "affine_ssim", "psnr", "contour_correlation", "reidentification")


def leakage(first):
    """Every key of `audit.leakage.leakage`, each value different from all others."""
    names = [name + suffix for name in KEYS for suffix in ("", "_blind")]
    names = [
        name.replace("_blind", "_chance" if name.startswith(("contour", "reid")) else "_floor")
        for name in names
    ]
    return {
        name: {
            "mean": first + 0.03 * i,
            "low": first + 0.03 * i - 0.01,
            "high": first + 0.03 * i + 0.01,
            "count": 200 + i,
        }
        for i, name in enumerate(names)
    }


METRICS = {
    "reference_classifier": {
        "test_accuracy": 0.9767,
        "test_images": 299,
        "guessing": 0.1171,
        "parameters": 589_123,
        "history": [{"step": 46, "accuracy": 0.5, "loss": 1.5}, {"step": 92, "accuracy": 0.9}],
    },
    "preliminary_images": {
        "images": 1497,
        "accuracy": 0.9993,
        "leakage": leakage(0.011),
        "history": [{"step": 10, "accuracy": 1.0, "loss": 0.1}],
    },
    "transformation_network": {
        "steps": 1501,
        "pairs_seen": 24_016,
        "perceptual_features": "the reference classifier's own second ReLU",
        "perceptual_cap": 1.687,
        "protector_parameters": 1_093_875,
        "history": [{"step": s, "perceptual": 2.0 + s / 1000, "generators": -1.0} for s in (5, 9)],
    },
    "protector": {
        "test_images": 298,
        "reference_accuracy_on_protected": 0.8531,
        "reference_accuracy_on_plain": 0.9767,
        "leakage": leakage(0.207),
        "restored_leakage": leakage(0.413),
    },
    "export": {
        "protector": {
            "max_difference": 0,
            "mean_difference": 0.0,
            "share_differing": 0.0,
            "values": 1_234_567,
            "bytes": 6_412_345,
        },
        "protector_int8.tflite": {
            "max_difference": 9,
            "mean_difference": 0.6134,
            "share_differing": 0.4419,
            "values": 1_234_566,
            "bytes": 812_345,
            "accuracy": 0.8412,
            "accuracy_of_float": 0.8502,
            "full_integer": False,
        },
    },
    "classify": {
        "protected": {"test_accuracy": 0.9533, "test_images": 297, "epochs": 11},
        "plain": {"test_accuracy": 0.9866, "test_images": 296, "epochs": 11},
    },
}
DATASET = {
    "name": "digits",
    "version": "scikit-learn",
    "image_size": 32,
    "classes": 10,
    "train_images": 1497,
    "test_images": 300,
}


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)

    def images(count, size):
        return random.integers(0, 256, (count, size, size, 3), dtype=np.uint8)

    small = {name: images(3, 8) for name in ("plain", "preliminary", "protected", "restored")}
    large = {name: images(2, 96) for name in ("large_plain", "large_protected", "large_restored")}
    return Pictures(**small, **large)


@pytest.fixture
def report(tmp_path, pictures):
    """Writes a report from metrics, and gives its page."""

    def write(metrics, *, dataset=DATASET):
        run = RunFolder(tmp_path / "run")
        settings = make_settings("quick").options()
        run.claim(preset="quick", settings=settings, dataset=dataset, seed=7)
        for stage, figures in metrics.items():
            run.record(stage, figures)
        return write_report(run, pictures).read_text()

    return write


class Reader(HTMLParser):
    """Collects what a page refers to, its images and the text that is read."""

    def __init__(self, page):
        super().__init__()
        self.references, self.images, self.tags, self.text, self.hidden = [], [], [], "", 0
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.hidden += tag in ("style", "details")
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.references.append(value)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "details")

    def handle_data(self, data):
        if not self.hidden:
            self.text += data


def test_the_page_needs_nothing_but_itself(report):
    page = report(METRICS)
    reader = Reader(page)
    assert len(reader.images) == 4
    assert all(reference.startswith("data:image/png;base64,") for reference in reader.references)
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    assert not re.search(r"https?://", page)


def test_every_picture_is_embedded_described_and_beside_the_page(report, tmp_path):
    reader = Reader(report(METRICS))
    embedded = {base64.b64decode(i["src"].partition(",")[2]) for i in reader.images}
    files = {path.name: path.read_bytes() for path in (tmp_path / "run" / "figures").iterdir()}
    assert set(files) == {"header.png", "grid.png", "large.png", "losses.png"}
    assert embedded == set(files.values())
    assert all(len(image["alt"]) > 20 for image in reader.images)


WRITTEN = {
    "psnr": "{:.1f} dB",
    "psnr_floor": "{:.1f} dB",
    "reidentification": "{:.1%}",
    "reidentification_chance": "{:.1%}",
}


def figures_to_be_read():
    """Every figure of METRICS as a reader expects it, written here a second time by hand."""
    for part in ("97.7%", "11.7%", "589,123", "1,497", "99.9%", "1,501", "24,016", "1.687"):
        yield part
    for part in ("1,093,875", "85.3%", "298 test", "299 test", "297 test", "296 test", "11 epochs"):
        yield part
    for part in ("95.3%", "98.7%", "6.4 MB", "812.3 kB", "0.6134", "44.19%", "84.1%", "85.0%"):
        yield part
    yield "1,234,567"
    leaks = [METRICS["preliminary_images"]["leakage"]]
    leaks += [METRICS["protector"]["leakage"], METRICS["protector"]["restored_leakage"]]
    for figures in leaks:
        for name, interval in figures.items():
            write = WRITTEN.get(name, "{:.2f}").format
            yield write(interval["mean"])
            if not name.endswith(("_floor", "_chance")):
                yield f"{write(interval['low'])} to {write(interval['high'])}"
                yield f"{interval['count']} images"


def test_every_figure_is_on_the_page(report):
    text = Reader(report(METRICS)).text
    assert [figure for figure in figures_to_be_read() if figure not in text] == []


def test_accuracies_have_wilsons_interval(report):
    # 285 of 300 at 95%: Newcombe (1998), method 3, worked by hand.
    metrics = {"reference_classifier": {"test_accuracy": 0.95, "test_images": 300}}
    assert "91.9% to 96.9%" in Reader(report(metrics)).text


@pytest.mark.parametrize(
    "stage",
    [
        one if one in ("gate", "export") else pytest.param(one, marks=pytest.mark.slow)
        for one in METRICS
    ],
)
def test_a_part_that_is_missing_is_left_out(report, stage):
    page = report({name: part for name, part in METRICS.items() if name != stage})
    assert page.rstrip().endswith("</html>")
    headings = {"export": "Files made", "protector": "What can be undone?"}
    assert headings.get(stage, "no such heading") not in page


def test_a_run_without_figures_has_a_page(report, tmp_path):
    text = Reader(report({})).text
    assert "has not been measured yet" in text
    assert "Does it still work?" not in text and "Files made" not in text
    assert not (tmp_path / "run" / "figures" / "losses.png").exists()


BY_CLASSIFY = "A classifier trained on protected images: 95.3%"


def test_the_verdict_is_of_classifiers_trained_on_either(report):
    assert BY_CLASSIFY in Reader(report(METRICS)).text


def test_the_verdict_compares_like_with_like(report):
    only_protected = {"protected": METRICS["classify"]["protected"]}
    text = " ".join(Reader(report({**METRICS, "classify": only_protected})).text.split())
    assert BY_CLASSIFY not in text
    assert "on protected ones: 85.3% of 298 test images are classified correctly" in text
    assert "On plain images it is 97.7%" in text


@pytest.mark.parametrize("other", [{"network": "dense"}, {"epochs": 99}])
def test_classifiers_of_different_kinds_are_no_comparison(report, other):
    both = METRICS["classify"]
    unlike = {**both, "protected": {**both["protected"], **other}}
    assert BY_CLASSIFY not in " ".join(Reader(report({**METRICS, "classify": unlike})).text.split())


def test_a_line_ends_where_its_head_says():
    figures = {"mean": 14.3, "low": 14.0, "high": 14.6, "count": 9}
    ends = {"psnr_floor": {**figures, "mean": 10.0}, "psnr_ceiling": {**figures, "mean": 100.0}}
    row = measurements_of({"psnr": figures, **ends})["psnr"]
    assert row.along(14.3) == 35.75  # Of 40 dB, from where nobody sees a difference.


def test_hostile_names_stay_text(report):
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    page = report(
        {
            **METRICS,
            "export": {hostile: METRICS["export"]["protector"]},
            "transformation_network": {"perceptual_features": hostile, hostile: hostile},
        },
        dataset={**DATASET, "name": hostile, "version": hostile},
    )
    reader = Reader(page)
    assert "script" not in reader.tags
    assert len(reader.images) == 4
    assert hostile in reader.text


def test_the_command_makes_the_same_run_again(tmp_path, pictures):
    run = RunFolder(tmp_path / "run")
    differing = {"lambda_": 0.4, "gamma": (-1.0, 0.4, 0.9), "random_start": False}
    settings = make_settings("quick", {"objective": "cyclegan", **differing}).options()
    dataset = {**DATASET, "name": "my set"}
    run.claim(
        preset="quick",
        settings=settings,
        dataset=dataset,
        seed=7,
        data_dir=tmp_path,
        skip_bad=True,
    )
    text = Reader(write_report(run, pictures).read_text()).text
    command = next(line.strip() for line in text.splitlines() if "tfppdnn train" in line)
    assert command == (
        "python -m tfppdnn train --preset=quick '--dataset=my set' --seed=7 "
        "--data_dir=DIR --skip_bad=True --objective=cyclegan --random_start=False --lambda_=0.4 "
        "--gamma=-1.0,0.4,0.9 --out=runs/again"
    )
    # Where it lies on this machine is nobody's business.
    assert "DIR is the tensorflow-datasets directory" in text


def test_pictures_show_their_pixels_unsmoothed(pictures):
    # 8 pixels become 96; in the header the plain row stands above the protected one.
    header = np.asarray(pictures.header())
    white = (header == 255).all(axis=2)
    tall = [
        run for run in np.split(np.arange(len(white)), np.flatnonzero(np.diff(white[:, 20])) + 1)
    ]
    rows = [run for run in tall if len(run) == 96]
    for run, images in zip(rows, (pictures.plain, pictures.protected), strict=True):
        shown = header[run[0] : run[0] + 96 : 12, 16 : 16 + 96 : 12]
        np.testing.assert_array_equal(shown, images[0])


def test_a_run_with_curves_draws_one_panel_a_stage(report, tmp_path):
    report({"reference_classifier": METRICS["reference_classifier"]})
    path = tmp_path / "run" / "figures" / "losses.png"
    one = Image.open(io.BytesIO(path.read_bytes())).height
    report(METRICS)
    assert Image.open(path).height > 1.5 * one


def test_a_folder_without_a_run_is_refused(tmp_path, pictures):
    with pytest.raises(UserError, match="not a run folder"):
        write_report(RunFolder(tmp_path), pictures)
