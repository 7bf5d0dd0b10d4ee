"""`audit` and `table1` as a user meets them, at the smallest size."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image

TINY = [
    "--attacker_image_size=32",
    "--attacker_images=64",
    "--held_out_images=12",
    "--attempts=1",
    "--gan_epochs=1",
    "--gan_batch_size=16",
    "--gan_width=2",
    "--gan_depth=2",
    "--uwa_epochs=1",
    "--itn_epochs=1",
    "--itn_width=2",
    "--itn_depth=2",
    "--inversion_images=4",
    "--inversion_steps=3",
]
TINY_RECOGNISER = ["--recogniser_epochs=1", "--recogniser_width=0.0625"]
ATTACKS = {
    "brute_force",
    "feature_reconstruction_basic",
    "feature_reconstruction_advanced",
    "uwa",
    "gan",
    "chosen_plaintext_pixel_based",
    "chosen_plaintext_tanaka",
    "itn",
    "itn_global",
    "gradient_inversion",
}


@pytest.fixture(scope="module")
def audited(tiny_run, tmp_path_factory):
    """A finished audit of the tiny run: its folder, and the call that made it."""
    from tfppdnn.cli import main

    out = tmp_path_factory.mktemp("audits") / "tiny"
    recogniser = f"--recogniser={tiny_run / 'reference_classifier'}"
    call = ["audit", f"--protector={tiny_run}", f"--out={out}", recogniser, *TINY]
    assert main(call) == 0
    return out, call


def test_every_attack_has_its_row_and_every_kind_of_attacker_a_verdict(audited, call):
    out, again = audited
    code, figures, _ = call(*again)

    rows = json.loads((out / "audit.json").read_text())["attacks"]
    assert code == 0
    assert rows.keys() == figures["attacks"].keys() == ATTACKS
    # The run has no key, so there is none to search or to replace.
    assert rows["brute_force"]["status"] == rows["uwa"]["status"] == "does not apply"
    assert rows["gradient_inversion"]["leakage"]["ssim"]["count"] == 4
    assert rows["itn"]["leakage"]["ssim"]["count"] == 12
    for row in rows.values():
        assert row["status"] in ("worked", "failed", "does not apply")
        assert row["finding"]
    assert {"ciphertexts only", "the protector itself"} <= figures["verdicts"].keys()


def test_the_report_holds_all_it_shows_and_asks_for_nothing(audited, tiny_run):
    out, _ = audited
    page = (out / "report.html").read_text()

    for attack in ATTACKS:
        assert f"<h3>{attack}</h3>" in page
    assert page.count("data:image/png;base64,") == 3  # Protected, and two kinds of attacker.
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert "<script" not in page
    # The command that makes it again.
    assert f"--protector={tiny_run} " in page
    assert f"--recogniser={tiny_run / 'reference_classifier'} " in page
    for name in ("protected", "ciphertexts_only", "protector"):
        with Image.open(out / "figures" / f"{name}.png") as picture:
            assert picture.width > 400


def test_a_finished_audit_is_not_made_again(audited, call):
    out, again = audited
    before = (out / "audit.json").stat().st_mtime_ns
    call(*again)
    assert (out / "audit.json").stat().st_mtime_ns == before


def test_another_audit_in_the_same_folder_is_refused(audited, call):
    _, again = audited
    code, _, said = call(*again, "--seed=7")
    assert code == 2
    assert said.strip().splitlines()[-1].endswith("give another folder")


BAD = """
import numpy as np

def shrinks(images):
    return images[:, ::2, ::2]

def nan(images):
    return images * np.float32(np.nan)

def constant(images):
    return np.full_like(images, 7)

def crashes(images):
    if any(image.tobytes() == %r for image in images.reshape(-1, *images.shape[-3:])):
        raise ZeroDivisionError("an odd image")
    return 255 - images
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("shrinks", "return images of the size that was given"),
        ("nan", "becomes float32 with NaN, not uint8"),
        ("constant", "become the same picture"),
        ("crashes", "image 3 makes it fail (ZeroDivisionError: an odd image)"),
    ],
)
def test_a_protector_that_breaks_the_rules_is_named_in_one_line(tmp_path, call, name, said):
    from tfppdnn.audit.material import Material
    from tfppdnn.data.digits import load_digits

    held_out = Material.of(load_digits(), attacker_images=64, held_out_images=12).held_out
    code_of = tmp_path / "idea.py"
    code_of.write_text(BAD % held_out[3].tobytes())
    out = tmp_path / "out"
    code, _, errors = call("audit", f"--protector={code_of}:{name}", f"--out={out}", *TINY)

    assert code == 2
    last = errors.strip().splitlines()[-1]
    assert last.startswith(f"tfppdnn audit: {code_of}:{name}: ")
    assert said in last
    assert "Traceback" not in errors
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--protector is missing"),
        (["--protector=plain", "--attacks=gan,laser"], "--attacks=laser: there is no such attack"),
        (["--protector=plain", "--attacker_images=5000"], "1497 training images are too few"),
        (["--protector=plain", "--held_out_images=1"], "must be 0 (for all), or 2 or more"),
        (["--protector=plain", "--gan_epoch=3"], "did you mean --gan_epochs?"),
        (["--protector=tanaka", "--preset=fast"], "--preset=fast: there is no such preset"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line(call, tmp_path, options, said):
    code, _, errors = call("audit", f"--out={tmp_path / 'out'}", *options)
    assert code == 2
    assert said in errors.strip().splitlines()[-1]


def test_table1_has_every_row_of_the_paper_and_its_figures(tiny_run, tmp_path, call):
    out = tmp_path / "table"
    code, figures, _ = call(
        "table1",
        f"--protector={tiny_run}",
        f"--out={out}",
        "--classifier_epochs=1",
        "--classifier_width=0.0625",
        "--classifier_batch_size=512",
        "--test_images=40",
        *TINY,
        *TINY_RECOGNISER,
    )

    assert code == 0
    assert list(figures["rows"]) == ["proposed", "pixel_same", "pixel_different", "tanaka", "plain"]
    text = (out / "table1.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    # The paper's Table I stands in brackets.
    proposed = next(row for row in rows if row.startswith("| Proposed scheme"))
    assert "N/A (N/A)" in proposed
    assert "(0.0956)" in proposed
    assert "(90.73%)" in proposed
    assert "(0.7152)" in next(row for row in rows if row.startswith("| Tanaka's scheme"))
    with (out / "table1.csv").open() as file:
        cells = list(csv.DictReader(file))
    same = [c for c in cells if (c["scheme"], c["figure"]) == ("pixel_same", "ssim")]
    assert {c["on"]: c["paper"] for c in same} == {"uwa": "0.1715", "gan": "0.2688"}
    measured = json.loads((out / "audit/pixel_same/audit.json").read_text())["attacks"]
    for cell in same:
        assert float(cell["mean"]) == measured[cell["on"]]["leakage"]["ssim"]["mean"]
    for name in ("table1", "figure1", "figure7"):
        with Image.open(out / "figures" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
