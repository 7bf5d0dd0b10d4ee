"""`protect` as a command: its options, its folders, what it says."""

import importlib.util
import json
import subprocess
import sys

import fire
import numpy as np
import pytest
from PIL import Image, features
from protector_samples import is_right

from tfppdnn.cli.protect import protect
from tfppdnn.errors import UserError

RNG = np.random.default_rng(3)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos/trip").mkdir(parents=True)
    for name in ("photos/a.jpg", "photos/trip/b.png"):
        Image.fromarray(RNG.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / name)
    return tmp_path / "photos"


def test_the_verb_returns_figures_and_an_exit_code(protectors, photos, tmp_path):
    figures, code = protect(photos, tmp_path / "out", protector=protectors / "run")
    assert (figures["protected"], figures["failed"], code) == (2, [], 0)
    with Image.open(photos / "trip/b.png") as plain, Image.open(tmp_path / "out/trip/b.png") as out:
        assert is_right(np.asarray(out), np.asarray(plain))
    (photos / "c.png").write_text("no picture")
    figures, code = protect(photos, tmp_path / "out", protector=protectors / "run")
    assert (figures["skipped"], figures["failed"], code) == (2, [str(photos / "c.png")], 1)
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"size": 0}, "--size must be a whole number from 1 to 4096"),
        ({"size": 5000}, "--size must be a whole number from 1 to 4096"),
        ({"size": float("inf")}, "--size must be a whole number from 1 to 4096"),
        ({"overwrite": "photos"}, "--overwrite takes no value"),
        ({"workers": 0}, "--workers must be a whole number"),
        ({"workers": "two"}, "--workers must be a whole number"),
        ({"workers": True}, "--workers must be a whole number"),
        ({"max_pixels": -5}, "--max_pixels must be a whole number"),
        ({"max_pixels": 1e12}, "--max_pixels must be a whole number"),
        ({"max_pixels": 0.5}, "--max_pixels must be a whole number"),
    ],
)
def test_wrong_options_are_named(protectors, photos, tmp_path, options, reason):
    with pytest.raises(UserError, match=reason):
        protect(photos, tmp_path / "out", **{"protector": protectors / "run", **options})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["protect", "client"])
def test_what_learns_from_a_data_set_first_is_refused_as_a_whole(photos, tmp_path, call, verb):
    url = "http://127.0.0.1:9"
    places = [photos, tmp_path / "out"] if verb == "protect" else [url, photos]
    code, _, error = call(verb, *places, "--protector=pca:96")
    assert code == 2
    assert "pca:96 learns from a data set first" in error.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_names_that_look_like_values(protectors, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos.rename("2024")
    (tmp_path / "9").symlink_to(protectors / "run")
    command = ["2024", "1e5", "--protector=9", "--max_pixels=1e3"]
    figures, code = fire.Fire(protect, command=command, serialize=lambda result: "")
    assert (figures["protected"], code) == (2, 0)
    assert (tmp_path / "1e5/trip/b.png").is_file()


def test_an_option_without_its_value_is_named(photos, tmp_path, call):
    code, _, said = call("protect", photos, tmp_path / "out", "--protector")
    assert (code, "--protector needs a value" in said) == (2, True)


def test_nothing_of_an_unset_shell_variable_is_the_current_folder(
    protectors, photos, tmp_path, call, monkeypatch
):
    monkeypatch.chdir(photos)
    before = sorted(tmp_path.rglob("*"))
    for source, destination in [("", tmp_path / "out"), (photos, "")]:
        code, _, said = call("protect", source, destination, f"--protector={protectors / 'run'}")
        assert code == 2 and "shell variable that is not set" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_pictures_of_two_protectors_are_never_in_one_folder(protectors, photos, tmp_path, call):
    out = tmp_path / "out"
    code, figures, said = call("protect", photos, out, "--protector=plain")
    assert (code, figures["protected"], len(figures["failed"])) == (1, 0, 2)
    assert said.count("the protector changes too little of it; it was left out") == 2
    assert not list(out.rglob("*.png"))

    for _ in range(2):
        assert call("protect", photos, out, f"--protector={protectors / 'run'}")[0] == 0
    written = {path: path.read_bytes() for path in out.rglob("*.png")}
    # The same protector by its file's name is no other.
    same = f"--protector={protectors / 'run/protector.tflite'}"
    assert call("protect", photos, out, same)[1]["skipped"] == 2
    for options in (["--protector=tanaka"], ["--protector=plain", "--overwrite"]):
        code, _, said = call("protect", photos, out, *options)
        assert code == 2 and "made with another protector; choose another DST" in said
    code, _, said = call("protect", photos, out, same, "--size=8")
    assert code == 2 and "made at their own size" in said
    assert {path: path.read_bytes() for path in out.rglob("*.png")} == written


def test_the_size_of_the_classifier(protectors, photos, tmp_path, call):
    code, figures, _ = call(
        "protect", photos, tmp_path / "out", f"--protector={protectors / 'run'}", "--size=8"
    )
    assert (code, figures["protected"], figures["size"]) == (0, 2, 8)
    with Image.open(photos / "trip/b.png") as plain, Image.open(tmp_path / "out/trip/b.png") as out:
        square = np.asarray(plain)[:, 5:25]
        small = Image.fromarray(square).resize((8, 8), Image.Resampling.BILINEAR)
        assert is_right(np.asarray(out), np.asarray(small))


def test_what_was_not_done_is_told_once(protectors, photos, tmp_path, call):
    for name in ("c.psd", "d.PSD", "trip/e.txt"):
        (photos / name).touch()
    command = ["protect", photos, tmp_path / "out", f"--protector={protectors / 'run'}"]
    _, figures, said = call(*command)
    assert figures["left_out"] == 3
    assert (
        "left out 3 files not named like a picture (.psd, .txt); what is one must be conv" in said
    )
    assert "there already" not in said
    (photos / "c.psd").unlink()
    _, _, said = call(*command)
    assert "2 images were there already and were left as they are; --overwrite makes them" in said
    code, _, said = call(*command[:1], photos / "d.PSD", *command[2:])
    assert code == 2 and "convert it to JPEG or PNG" in said


def test_pictures_of_phones_scanners_and_the_web(protectors, photos, tmp_path, call):
    kinds = ["gif", "tiff"]
    if "avif" in features.modules and features.check("avif"):
        kinds.append("avif")
    if importlib.util.find_spec("pillow_heif"):
        importlib.import_module("pillow_heif").register_heif_opener()
        kinds.append("heic")
    first, second = (Image.fromarray(RNG.integers(0, 256, (30, 40, 3), np.uint8)) for _ in "12")
    for suffix in kinds:
        first.save(photos / f"{suffix}.{suffix}", save_all=True, append_images=[second])
    option = f"--protector={protectors / 'run'}"
    code, figures, said = call("protect", photos, tmp_path / "out", option)
    assert (code, figures["protected"]) == (0, 2 + len(kinds)), said
    for name in kinds:
        with (
            Image.open(photos / f"{name}.{name}") as plain,
            Image.open(tmp_path / f"out/{name}.png") as protected,
        ):
            assert is_right(np.asarray(protected), np.asarray(plain.convert("RGB")))


def test_a_protector_of_few_pixels_says_so_once(photos, tmp_path, call):
    warning = "cifar10 draws every picture on 32x32 pixels and enlarges that: nothing finer counts"
    code, figures, said = call("protect", photos, tmp_path / "own", "--protector=cifar10")
    assert (code, figures["protected"]) == (0, 2)
    (line,) = [line for line in said.splitlines() if warning in line]
    assert "--size=32" in line
    _, _, said = call("protect", photos, tmp_path / "32", "--protector=cifar10", "--size=32")
    assert "draws every picture" not in said


def test_a_folder_without_images_tells_what_it_holds(protectors, tmp_path, call):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.psd").touch()
    option = f"--protector={protectors / 'run'}"
    code, _, said = call("protect", tmp_path / "photos", tmp_path / "out", option)
    assert code == 2 and "holds no image" in said and "picture (.psd); what is one" in said


def test_protecting_with_tflite_needs_no_tensorflow(protectors, photos, tmp_path):
    script = """
import sys
from tfppdnn.cli.protect import protect
figures, code = protect(sys.argv[1], sys.argv[2], protector=sys.argv[3])
heavy = {"tensorflow", "keras", "skimage", "sklearn", "scipy", "matplotlib", "jax"}
print(figures["protected"], code, sorted(heavy & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, photos, tmp_path / "out", protectors / "run"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == "2 0 []\n"
