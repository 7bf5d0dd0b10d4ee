"""Making a protector that ships with the package out of a run, and comparing it with another."""

import hashlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.experiments import comparison, shipping
from tfppdnn.experiments.__main__ import main as experiments
from tfppdnn.experiments.shipping import ship
from tfppdnn.files import digest, write_json
from tfppdnn.leakage import leakage, to_record
from tfppdnn.models.bottleneck import bottleneck
from tfppdnn.protector import Protector, load_protector, shipped
from tfppdnn.settings.audit import make_audit_settings

# Whoever makes what ships needs it; nobody else does.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
FILES = {"protector_fp16.tflite", "protector.keras", "card.json", "CARD.md"}


def changed(path, **values):
    write_json(path, {**json.loads(path.read_text()), **values})


@pytest.fixture(scope="module")
def audit(tiny_run, tmp_path_factory):
    """An audit of the tiny run by scripted attackers, whose pictures were really measured."""
    folder = tmp_path_factory.mktemp("audits") / "audit"
    folder.mkdir()
    shutil.copy(tiny_run / "config.json", folder)
    changed(
        folder / "config.json",
        verb="audit",
        protector=Protector.named(tiny_run).identity,
        preset="cpu",
        settings=make_audit_settings("cpu").options(),
        data_dir=str(tmp_path_factory.getbasetemp()),
    )
    digits = load_digits()
    plain, labels = digits.test_images[:20], digits.test_labels[:20]

    def measured(images):
        figures = leakage(images, plain, recognise=lambda images: labels * 0, labels=labels)
        return to_record(figures)

    noise = np.random.default_rng(0).integers(0, 256, plain.shape, np.uint8)
    attacks = {
        "brute_force": ("ciphertexts only", "does not apply", "There is no key.", None),
        "gan": ("ciphertexts only", "failed", "It drew noise.", noise),
        "itn": ("the protector itself", "worked", "It drew them darker.", plain // 2),
    }
    rows = {}
    for name, (threat_model, status, finding, images) in attacks.items():
        rows[name] = {"threat_model": threat_model, "status": status, "finding": finding}
        if images is not None:
            measures = {"attempts": [{"status": status}], "leakage": measured(images), "seconds": 9}
            rows[name] |= {"targets": 20, **measures}
    protected = {"name": "run", "given": str(tiny_run), "images": 20, "leakage": measured(noise)}
    write_json(folder / "audit.json", {"protected": protected, "attacks": rows})
    return folder


@pytest.fixture(scope="module")
def classified(tiny_run, tmp_path_factory):
    """A folder of `classify`, with figures of no training."""
    folder = tmp_path_factory.mktemp("classified")
    shutil.copy(tiny_run / "config.json", folder)
    changed(folder / "config.json", verb="classify", protector=Protector.named(tiny_run).identity)
    figures = {"test_accuracy": 0.6317, "test_images": 60, "epochs": 7, "history": [{"step": 1}]}
    write_json(folder / "metrics.json", {"classify": {"protected": figures}})
    return folder


@pytest.fixture(scope="module")
def made(tiny_run, audit, classified, tmp_path_factory):
    """The tiny run, shipped as `tiny`."""
    out = tmp_path_factory.mktemp("shipped") / "tiny"
    ship(tiny_run, [audit, classified], out=out, hours=1.5)
    return out


def test_the_files_are_those_of_the_run(made, tiny_run):
    assert {path.name for path in made.iterdir()} == FILES
    half = "protector_fp16.tflite"
    assert (made / half).read_bytes() == (tiny_run / half).read_bytes()
    ours, theirs = made / "protector.keras", tiny_run / "checkpoints/protector.keras"
    assert ours.stat().st_size < 0.8 * theirs.stat().st_size
    ours, theirs = (keras.models.load_model(path).get_weights() for path in (ours, theirs))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_its_8_bit_file_ships_with_what_it_keeps(tiny_run, tmp_path):
    int8, figures = tiny_run / "protector_int8.tflite", tmp_path / "kept.json"
    kept = {
        "protector": digest(int8),
        "dataset": {"name": "cifar10", "version": "raw images", "test_images": 2000},
        "trained_on": 1000,
        "accuracy": {"float16": 0.7921, "int8": 0.7898},
        "lost": {"mean": 0.0017, "low": -0.004, "high": 0.008, "count": 2000},
        "numbers_changed": 0.316,
        "changed_by_more_than_one_level": 0.0123,
        "command": "python results/photos_int8.py",
    }
    write_json(figures, kept)
    out = tmp_path / "out"
    files = ship(tiny_run, out=out, int8=figures)
    assert {path.name for path in out.iterdir()} == {*FILES, int8.name}
    assert (out / int8.name).read_bytes() == int8.read_bytes()
    assert files[int8.name]["bytes"] == int8.stat().st_size
    card = (out / "CARD.md").read_text()
    shares = ("32% of the numbers", "1.2% by more", "79.2% of 2,000", "79.0% of those", "0.2 p")
    for said in (*shares, "(raw images)"):
        assert said in card, said
    # The protector is still told by the files that it was audited with.
    without = tmp_path / "without"
    ship(tiny_run, out=without)
    assert Protector.named(out).identity == Protector.named(without).identity

    changed(figures, protector="another")
    with pytest.raises(UserError, match=r"kept\.json: not figures of .*protector_int8\.tflite; "):
        ship(tiny_run, out=tmp_path / "refused", int8=figures)


def test_it_loads_by_its_name(made, tiny_run, monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED", made.parent)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    expected = load_protector(tiny_run).protect(images)
    np.testing.assert_allclose(load_protector("tiny").protect(images), expected, atol=1)


def test_made_again_it_is_the_same(made, tiny_run, audit, classified, tmp_path):
    again = tmp_path / "tiny"
    for _ in range(2):  # The second replaces the first.
        ship(tiny_run, [audit, classified], out=again, hours=1.5)
    for name in FILES:
        assert (again / name).read_bytes() == (made / name).read_bytes(), name


def test_the_card_tells_no_folder_of_the_machine(made, tmp_path_factory):
    for name in ("card.json", "CARD.md"):
        assert str(tmp_path_factory.getbasetemp()) not in (made / name).read_text()
        assert str(Path.home()) + "/" not in (made / name).read_text()


def figures_in(record):
    """Every mean with its interval, as the audit wrote it down."""
    rows = {"protected": record["protected"], **record["attacks"]}
    for row in rows.values():
        for name, figure in row.get("leakage", {}).items():
            if "_ceiling" not in name:
                yield name, figure


def written(name, value):
    """A figure as people read it, of the measure of this name."""
    if "reidentification" in name or "recognition" in name:
        return f"{100 * value:,.1f}%"
    return f"{value:.1f} dB" if name.startswith("psnr") else f"{round(value, 2) + 0.0:.2f}"


def test_the_card_holds_every_figure(made, audit, tiny_run):
    card, text = json.loads((made / "card.json").read_text()), (made / "CARD.md").read_text()
    record = json.loads((audit / "audit.json").read_text())
    (found,) = card["audits"]
    assert found["record"]["attacks"] == record["attacks"]
    assert found["record"]["protected"]["leakage"] == record["protected"]["leakage"]
    cells = {cell.strip() for line in text.splitlines() for cell in line.split("|")}
    for name, figure in figures_in(record):
        mean, low, high = (
            written(name, figure[part]).replace("-", "\N{MINUS SIGN}")
            for part in ("mean", "low", "high")
        )
        assert mean in cells, name
        if not name.endswith(("_floor", "_chance")):
            assert f"{low} to {high}" in cells, name
    for name, row in record["attacks"].items():
        assert f"| `{name}` | {row['status']} |" in text
        assert row["finding"] in text
    assert "63.2%" in cells and "60 test images, 7 epochs" in cells
    assert "| training took | 1.5 hours |" in text
    for name, file in card["files"].items():
        content = (made / name).read_bytes()
        assert file == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert file["sha256"] in text
    config = json.loads((tiny_run / "config.json").read_text())
    assert card["run"]["config"]["settings"] == config["settings"]
    assert f"tensorflow {config['versions']['tensorflow']}" in text
    assert "python -m tfppdnn train --preset=quick --dataset=digits --seed=0" in text
    assert "--protector=tiny " in text and "history" not in card["run"]["metrics"]
    assert "&#" not in text  # Markdown, not HTML.


def test_a_bottleneck_states_what_passes_it(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    code = {"protector_network": "bottleneck", "code_size": 16, "code_levels": 8}
    changed(run / "config.json", settings={**config["settings"], **code})
    # The network that ships is what counts: it is still a U-Net.
    assert " bits.**" not in card_of(run, tmp_path)
    network = bottleneck(code_size=5, code_levels=4, encoder_width=0.03, decoder_width=2)
    network.save(run / "checkpoints/protector.keras")
    text = card_of(run, tmp_path)
    assert "**10 bits.**" in text and "5 numbers of 4 values each" in text
    # 2^10 is 1,024, and 1,000,000 / 1,024 is 976.6.
    assert "at most 1,024 different" in text and "than 1 time in 976, whatever" in text
    assert "**Bits add up.**" in text


def test_of_a_path_the_card_keeps_the_name(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    for place in (str(tmp_path), "../alice"):
        weights = {"perceptual_weights": f"{place}/vgg.npz"}
        dataset = {**config["dataset"], "name": f"{place}/photos"}
        changed(run / "config.json", settings={**config["settings"], **weights}, dataset=dataset)
        text = card_of(run, tmp_path)
        assert "--perceptual_weights=vgg.npz" in text and "--dataset=photos" in text
        for name in ("card.json", "CARD.md"):
            assert place not in (tmp_path / "out" / name).read_text()


def card_of(run, tmp_path):
    ship(run, out=tmp_path / "out")
    return (tmp_path / "out/CARD.md").read_text()


def test_what_is_too_large_is_refused(tiny_run, tmp_path, monkeypatch):
    files = [tiny_run / "protector_fp16.tflite", tiny_run / "checkpoints/protector.keras"]
    assert max(file.stat().st_size for file in files) < shipping.LARGEST_BYTES == 10_000_000
    monkeypatch.setattr(shipping, "LARGEST_BYTES", 10_000)
    with pytest.raises(
        UserError, match=r"fp16\.tflite .* kB and .* none may be more than 10\.0 kB"
    ):
        ship(tiny_run, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_runs_is_refused(tiny_run, audit, classified, tmp_path):
    config = json.loads((audit / "config.json").read_text())
    for name, folder in {"audit": audit, "classified": classified}.items():
        other = shutil.copytree(folder, tmp_path / name)
        changed(other / "config.json", protector="tanaka key 0")
        with pytest.raises(UserError, match=f"{name}: not a finished audit"):
            ship(tiny_run, [other], out=tmp_path / "out")
        write_json(
            other / "config.json", {**config, "protector": Protector.named(tiny_run).identity}
        )
        (other / ("audit.json" if name == "audit" else "metrics.json")).unlink()
        with pytest.raises(UserError, match=f"{name}: not a finished audit"):
            ship(tiny_run, [other], out=tmp_path / "out")
    with pytest.raises(UserError, match="its training has not finished"):
        ship(audit, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_audit_of_what_was_shipped_counts(made, tiny_run, audit, tmp_path):
    own = shutil.copytree(audit, tmp_path / "audit")
    files = [made / "protector_fp16.tflite", made / "protector.keras"]
    changed(own / "config.json", protector=digest(*files))
    ship(tiny_run, [own], out=tmp_path / "out")


def test_the_command_says_in_one_line_what_is_wrong(tiny_run, tmp_path, capsys):
    assert experiments(["ship", str(tmp_path / "none"), f"--out={tmp_path / 'out'}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert experiments(["ship", str(tiny_run), f"--out={tmp_path / 'out'}"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == {
        "protector_fp16.tflite",
        "protector.keras",
    }


def test_the_command_takes_folders_one_after_the_other(tiny_run, audit, tmp_path, capsys):
    call = ["ship", str(tiny_run), str(audit), f"--out={tmp_path / 'out'}", "--hours=1.5"]
    assert experiments(call) == 0
    card = json.loads((tmp_path / "out/card.json").read_text())
    assert len(card["audits"]) == 1 and card["hours"] == 1.5


@pytest.fixture(scope="module")
def with_another_weight(tiny_run, tmp_path_factory):
    """The tiny run with one weight changed."""
    run = shutil.copytree(tiny_run, tmp_path_factory.mktemp("nudged") / "run")
    network = keras.models.load_model(run / "checkpoints/protector.keras")
    weights = network.get_weights()
    weights[-1] = weights[-1] + np.float32(0.02)
    network.set_weights(weights)
    network.save(run / "checkpoints/protector.keras")
    return run


@pytest.fixture
def nudged(with_another_weight, tmp_path):
    """The same, to be changed further."""
    return shutil.copytree(with_another_weight, tmp_path / "nudged")


def test_the_same_weights_are_found_equal(made, tiny_run, monkeypatch, capsys):
    monkeypatch.setattr(shipped, "SHIPPED", made.parent)
    assert experiments(["compare", str(tiny_run), "tiny", "--images=20"]) == 0
    config = json.loads((tiny_run / "config.json").read_text())
    parts = ("preset", "settings", "seed", "dataset", "machine")
    assert json.loads(capsys.readouterr().out) == {
        "dataset": "digits",
        "images": 20,
        "largest_difference": 0,
        "mean_difference": 0.0,
        "equal_pictures": 1.0,
        "protectors": [
            Protector.named(tiny_run / "checkpoints/protector.keras").identity,
            Protector.named("tiny").identity,
        ],
        "made": [{**{part: config[part] for part in parts}, "reused": None}, None],
    }


def test_other_weights_are_told_by_how_much(nudged, tiny_run):
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)

    def protected(run):
        network = keras.models.load_model(run / "checkpoints/protector.keras")
        return np.rint(np.asarray(network(images / np.float32(255))) * 255)

    levels = np.abs(protected(tiny_run) - protected(nudged))
    figures = comparison.compare(tiny_run, nudged, images)
    assert figures["images"] == 6
    assert figures["largest_difference"] == levels.max() > 0
    assert figures["mean_difference"] == pytest.approx(levels.mean())
    assert figures["equal_pictures"] == np.mean([not one.any() for one in levels])


def compared(capsys, path, *names):
    assert experiments(["compare", *map(str, names), "--images=20"]) == 0
    figures = json.loads(capsys.readouterr().out)
    write_json(path, figures)
    return figures


def test_a_card_tells_of_a_second_run_of_its_command(nudged, tiny_run, tmp_path, capsys):
    # Of a run that has just been trained, before it has exported anything.
    (nudged / "protector.tflite").unlink()
    changed(nudged / "config.json", machine={"processor": "An Example", "cores": 4})
    write_json(
        nudged / "metrics.json",
        {"reused": {"run": "first", "stages": ["reference_classifier", "preliminary_images"]}},
    )
    figures = compared(capsys, tmp_path / "again.json", tiny_run, nudged)
    ship(tiny_run, out=tmp_path / "out", comparison=tmp_path / "again.json")
    text = (tmp_path / "out/CARD.md").read_text()
    assert f"at most {figures['largest_difference']} and on average" in text
    assert "by this command, on An Example with 4 cores (its reference classifier and" in text


@pytest.mark.parametrize("case", ["itself", "a baseline", "strangers", "no comparison"])
def test_a_card_tells_of_nothing_else(nudged, tiny_run, tmp_path, capsys, case):
    path = tmp_path / "again.json"
    if case == "no comparison":
        write_json(path, {"images": 20})
    elif case == "strangers":
        other = shutil.copytree(nudged, tmp_path / "other")
        weights = other / "checkpoints/protector.keras"
        network = keras.models.load_model(weights)
        network.set_weights([2 * one for one in network.get_weights()])
        network.save(weights)
        compared(capsys, path, nudged, other)
    else:
        compared(capsys, path, tiny_run, tiny_run if case == "itself" else "blur:2")
    with pytest.raises(UserError, match=r"again\.json: not a comparison of this run with another"):
        ship(tiny_run, out=tmp_path / "out", comparison=path)


def test_an_option_that_has_come_since_makes_no_other_command(nudged, tiny_run, tmp_path, capsys):
    settings = json.loads((nudged / "config.json").read_text())["settings"]
    del settings["privacy_epsilon"]
    changed(nudged / "config.json", settings=settings)
    compared(capsys, tmp_path / "again.json", tiny_run, nudged)
    ship(tiny_run, out=tmp_path / "out", comparison=tmp_path / "again.json")
    assert "Made a second time by this command" in (tmp_path / "out/CARD.md").read_text()

    changed(nudged / "config.json", settings={**settings, "transform_steps": 99})
    compared(capsys, tmp_path / "again.json", tiny_run, nudged)
    with pytest.raises(UserError, match=r"again\.json: the other run has another settings"):
        ship(tiny_run, out=tmp_path / "other", comparison=tmp_path / "again.json")


def test_a_card_tells_of_no_run_of_another_command(nudged, tiny_run, tmp_path, capsys):
    changed(nudged / "config.json", seed=5)
    compared(capsys, tmp_path / "again.json", tiny_run, nudged)
    with pytest.raises(UserError, match=r"again\.json: the other run has another seed"):
        ship(tiny_run, out=tmp_path / "out", comparison=tmp_path / "again.json")


def test_a_wheel_holds_all_that_the_package_reads(made, tmp_path, monkeypatch):
    pytest.importorskip("setuptools")  # Which brings the next from Python 3.12 on.
    from distutils.core import run_setup

    for name in ("setup.py", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    package = shutil.copytree(
        ROOT / "tfppdnn", tmp_path / "tfppdnn", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(made, package / "shipped/tiny")
    monkeypatch.chdir(tmp_path)
    build = run_setup("setup.py", stop_after="init").get_command_obj("build_py")
    build.ensure_finalized()
    packed = {
        Path(place, name).resolve() for _, place, _, names in build.data_files for name in names
    }
    there = {path for path in package.rglob("*") if path.is_file() and path.suffix != ".py"}
    assert there - packed == set()
    assert {path.name for path in packed if path.parent.name == "tiny"} == FILES
