"""`audit` as a user meets it, at the smallest size."""

import json
import re
import shutil

import pytest
from PIL import Image

# What the README's command leaves out: it makes runs and audits of its own.
pytestmark = pytest.mark.slow

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
    "--itn_global_epochs=1",
    "--itn_global_width=2",
    "--itn_global_waist=4",
    "--inversion_images=4",
    "--inversion_steps=3",
]
TINY_RECOGNISER = ["--recogniser_epochs=1", "--recogniser_width=0.0625"]
ATTACKS = {
    "brute_force",
    "feature_reconstruction_basic",
    "feature_reconstruction_advanced",
    "class_mean",
    "uwa",
    "gan",
    "chosen_plaintext_pixel_based",
    "chosen_plaintext_tanaka",
    "nearest",
    "nearest_mean",
    "ridge",
    "attributes",
    "membership",
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


def test_the_command_of_a_page_trusts_what_was_trusted(audited, tiny_run, tmp_path, call):
    out = tmp_path / "out"
    options = [f"--out={out}", f"--recogniser={tiny_run / 'reference_classifier'}", *TINY]
    program = [f"--protector={tiny_run / 'protector'}", "--trust", "--attacks=brute_force"]
    code, _, errors = call("audit", *program, *options)
    assert code == 0, errors
    assert "--trust=True " in (out / "report.html").read_text()
    assert "--trust" not in (audited[0] / "report.html").read_text()


def test_a_finished_audit_is_not_made_again(audited, call):
    out, again = audited
    before = (out / "audit.json").stat().st_mtime_ns
    call(*again)
    assert (out / "audit.json").stat().st_mtime_ns == before


def test_another_audit_in_the_same_folder_is_refused(audited, call):
    _, again = audited
    code, _, said = call(*again, "--seed=7")
    assert code == 2
    assert "(seed: 0 there, 7 now); give another folder" in said.strip().splitlines()[-1]


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
    from tfppdnn.datasets.digits import load_digits

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
        (["--protector=plain", "--attacks=5"], "--attacks=5: there is no such attack"),
        (["--protector=plain", "--attacks"], "--attacks needs a value, as in --attacks=ATTACKS"),
        (["--protector=plain", "--attacks=()"], "--attacks=(): there is no such attack"),
        (["--protector=plain", "--attacks="], "--attacks: names no attack; leave it out for all"),
        (
            ["--protector=plain", "--attacker_image_size=64"],
            "--attacker_image_size=64: digits comes at 32x32 only",
        ),
        (["--protector=tanaka", "--preset=fast"], "--preset=fast: there is no such preset"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line(call, tmp_path, options, said):
    code, _, errors = call("audit", f"--out={tmp_path / 'out'}", *options)
    assert code == 2
    assert said in errors.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the classifier that this audit trained itself now"),
        (["--recogniser={tiny}/reference_classifier"], None),
        # As a command in a report names it, given in another folder.
        (["--recogniser=reference_classifier/"], None),
        (["--recogniser={other}"], "{other} now"),
    ],
)
def test_figures_of_two_recognisers_are_not_mixed(
    audited, tiny_run, tmp_path, call, monkeypatch, given, said
):
    out, (_, protector, *_) = audited
    copy, other = tmp_path / "audit", tmp_path / "own"
    shutil.copytree(out, copy)
    shutil.copytree(tiny_run / "reference_classifier", other)
    monkeypatch.chdir(tiny_run)
    given = [option.format(tiny=tiny_run, other=other) for option in given]
    before = (copy / "audit.json").read_bytes()
    code, _, errors = call("audit", protector, f"--out={copy}", *given, *TINY)

    if said is None:
        assert code == 0, errors
    else:
        recogniser = tiny_run / "reference_classifier"
        last = errors.strip().splitlines()[-1]
        assert code == 2
        assert (
            f"made with another recogniser ({recogniser} there, {said.format(other=other)})" in last
        )
        assert last.endswith(f"give another folder, or --recogniser={recogniser}")
    assert (copy / "audit.json").read_bytes() == before


def test_an_audit_that_does_not_say_its_recogniser_goes_on(audited, tiny_run, tmp_path, call):
    out, again = audited
    copy = tmp_path / "audit"
    shutil.copytree(out, copy)
    record = json.loads((copy / "audit.json").read_text())
    del record["protected"]["recogniser"]
    (copy / "audit.json").write_text(json.dumps(record))
    other = shutil.copytree(tiny_run / "reference_classifier", tmp_path / "own")
    again = [*again, f"--out={copy}", f"--recogniser={other}"]
    code, _, errors = call(*again)
    assert code == 0, errors


@pytest.mark.parametrize("options", [[], ["--dataset=digits"]])
def test_figures_on_digits_that_nobody_asked_for_say_so(call, tmp_path, monkeypatch, options):
    def stop(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.audit.auditing._own_recogniser", stop)
    arguments = ["audit", "--protector=cifar10", f"--out={tmp_path / 'out'}", *TINY, *options]
    code, _, errors = call(*arguments)
    assert code == 130
    said = "audit: on digits; name other pictures with --dataset" in errors.splitlines()
    assert said == (not options)
