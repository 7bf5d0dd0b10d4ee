"""`tfppdnn.audit`: a function from a protector and pictures to a report, without a folder."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from tfppdnn.attacks import (
    Attack,
    Ciphertexts,
    NearestMeanAttack,
    OwnedProtector,
    Reconstruction,
    ThreatModel,
)
from tfppdnn.audit import AuditReport, audit
from tfppdnn.audit.plan import plan_attacks
from tfppdnn.errors import UserError
from tfppdnn.settings.audit import make_audit_settings

SETTINGS = {"attacker_images": 64, "held_out_images": 12, "attempts": 1}


def nearest_mean_colour(images):
    """A classifier that anybody could have: the digit by how bright the picture is."""
    return images.mean(axis=(1, 2, 3)).astype(int) % 10


@dataclass(frozen=True, kw_only=True)
class Negative(Attack[Ciphertexts, Reconstruction]):
    """Turns pictures into negatives."""

    name = "negative"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = Ciphertexts

    def run(self, data):
        """Attacks."""
        return self.reconstruction(255 - data.targets, "Every picture was inverted.")


def report_of(attacks, **more):
    return audit(
        lambda images: 255 - images,
        "digits",
        attacks,
        settings=SETTINGS,
        recogniser=nearest_mean_colour,
        **more,
    )


@pytest.fixture(scope="module")
def report():
    return report_of([Negative(), "nearest", "brute_force"])


def nearest_of(scheme, folder):
    return audit(
        scheme,
        "digits",
        "nearest",
        settings=SETTINGS,
        recogniser=nearest_mean_colour,
        out=folder,
    )


def test_ones_own_attack_has_a_row_like_any_other(report):
    assert [row.name for row in report.rows] == ["brute_force", "nearest", "negative"]
    row = report["negative"]
    # What undoes a negative gives the plain pictures back.
    assert (row.status, row.threat_model) == ("worked", ThreatModel.CIPHERTEXTS_ONLY)
    assert row.figures["ssim"].value == pytest.approx(1)
    assert row.figures["reidentification"].value == 1
    assert row.figures["ssim"].count == 12
    assert report["brute_force"].status == "does not apply"


def test_the_verdicts_and_the_summary_say_so(report):
    first = report.verdicts[0]
    assert first.threat_model is ThreatModel.CIPHERTEXTS_ONLY and first.attack == "negative"
    summary = report.summary()
    assert "The pictures come back" in summary and "negative: worked" in summary
    assert report.protected["affine_ssim"].value > 0.99


def test_what_bounds_everybody_is_said_beside_what_was_measured(report, tmp_path):
    class LightOrDark:
        bits = 1

        def protect(self, images):
            light = images.mean(axis=(-3, -2, -1), keepdims=True) > 78
            return np.broadcast_to(255 * light, images.shape).astype(np.uint8)

    found = nearest_of(LightOrDark(), tmp_path)
    said = "nobody names the right picture more often than 1 time in 500,000, whatever he has."
    assert said in found.summary() and said in found.to_html()
    code = json.loads((tmp_path / "audit.json").read_text())["protected"]["code"]
    assert code == {"bits": 1, "crowd": 1_000_000, "named_at_most": 2e-6}
    # Nothing is known to bound a negative, so nothing is said.
    assert report.bound is None and "nobody names" not in report.summary() + report.to_html()


def test_the_epsilon_of_a_scheme_that_draws_noise_stands_in_the_record(tmp_path):
    class CoinFlips:
        bits, epsilon = 1, 2.0

        def protect(self, images):
            coins = np.random.default_rng().integers(0, 2, (*images.shape[:-3], 1, 1, 1))
            return np.broadcast_to(255 * coins, images.shape).astype(np.uint8)

    found = nearest_of(CoinFlips(), tmp_path)
    code = json.loads((tmp_path / "audit.json").read_text())["protected"]["code"]
    assert (code["bits"], code["epsilon"]) == (1, 2.0)
    # Two words: the true one is at most e^2 times as likely as the other.
    assert code["named_at_most"] == pytest.approx(2 * math.exp(2) / (math.exp(2) + 1) / 1e6)
    assert "epsilon = 2" in found.summary() and "epsilon = 2" in found.to_html()


def test_a_row_that_was_not_made_is_answered_with_those_that_were(report):
    with pytest.raises(KeyError, match="itn: no such row; there are brute_force, nearest"):
        report["itn"]


def test_it_is_written_in_a_line(report):
    assert len(repr(report)) < 100 and "nearest" in repr(report)
    assert len(repr(report["negative"])) < 400


def test_an_audit_that_was_stopped_before_its_first_attack_can_be_read(report):
    record = {name: part for name, part in report.record.items() if name != "attacks"}
    begun = AuditReport(report.config, record)
    assert (begun.rows, begun.in_short()["attacks"]) == ((), {})
    assert "<html" in begun.to_html()


def test_a_report_survives_its_file(report, tmp_path):
    path = report.save(tmp_path / "report.json")
    loaded = AuditReport.load(path)
    assert loaded.rows == report.rows
    assert loaded.to_dict() == json.loads(json.dumps(report.to_dict()))
    assert [verdict.sentence for verdict in loaded.verdicts] == [
        verdict.sentence for verdict in report.verdicts
    ]


def test_in_a_notebook_it_is_a_page_with_pictures(report, tmp_path):
    page = report.to_html()
    assert "<h3>negative</h3>" in page and page.count("data:image/png;base64,") == 3
    assert report._repr_html_().startswith("<iframe srcdoc=")
    # A file holds no pictures.
    saved = AuditReport.load(report.save(tmp_path / "report.json"))
    assert "data:image/png" not in saved.to_html()


def test_a_folder_goes_on_and_is_loaded(tmp_path):
    out = tmp_path / "audit"
    first = report_of([Negative()], out=out)
    again = report_of([Negative(), "nearest"], out=out)
    assert [row.name for row in again.rows] == ["negative", "nearest"]
    assert again["negative"] == first["negative"]
    for path in (out, out / "audit.json"):
        assert AuditReport.load(path).rows == again.rows
    assert (out / "report.html").is_file()


OWN = """
from dataclasses import dataclass
from tfppdnn.attacks import Attack, Ciphertexts, Reconstruction, ThreatModel

@dataclass(frozen=True, kw_only=True)
class Mine(Attack[Ciphertexts, Reconstruction]):
    name = "mine"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = Ciphertexts

    def run(self, data):
        return self.reconstruction(data.targets {what}, "It was mine.")

NOT_AN_ATTACK = 5
"""


def test_ones_own_attack_has_a_name_on_the_command_line(tmp_path, call, tiny_run):
    own, out = tmp_path / "own.py", tmp_path / "out"
    own.write_text(OWN.format(what=""))
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    options += ["--protector=blur:1", f"--out={out}"]
    options += [f"--recogniser={tiny_run / 'reference_classifier'}"]
    code, figures, errors = call("audit", *options, f"--attacks={own}:Mine,nearest")
    assert code == 0, errors
    assert figures["attacks"].keys() == {"mine", "nearest"}
    assert figures["attacks"]["mine"]["status"] == "worked"
    assert "<h3>mine</h3>" in (out / "report.html").read_text()
    # Another attack of that name is not mixed with it.
    own.write_text(OWN.format(what="// 2"))
    code, _, errors = call("audit", *options, f"--attacks={own}:Mine")
    assert code == 2
    assert "its row of mine was made by another attack (own.py:Mine" in errors.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Gone", "not there; name a tfppdnn.attacks.Attack or its class"),
        ("NOT_AN_ATTACK", "not an attack; name a tfppdnn.attacks.Attack or its class"),
    ],
)
def test_what_is_no_attack_is_named(tmp_path, name, said):
    (tmp_path / "own.py").write_text(OWN.format(what=""))
    with pytest.raises(UserError, match=said):
        plan_attacks([f"{tmp_path / 'own.py'}:{name}"], make_audit_settings())


def broken(run, needs=Ciphertexts):
    body = {"name": "broken", "threat_model": ThreatModel.PROTECTOR, "needs": needs, "run": run}
    return type("Broken", (Attack,), body)()


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (broken(lambda self, data: 1 / 0), r"broken fails \(ZeroDivisionError"),
        (broken(lambda self, data: data.targets), "returns a ndarray; return self.reconstruction"),
        (
            broken(lambda self, data: self.reconstruction(data.targets[:1], "")),
            r"gives images of uint8 \(1, 32, 32, 3\); give uint8 \(12, 32, 32, 3\)",
        ),
        (broken(None, needs=dict), "broken needs dict; give one of KeySpace, Ciphertexts"),
    ],
)
def test_an_attack_that_breaks_the_rules_is_named_and_other_rows_are_kept(attack, said, tmp_path):
    with pytest.raises(UserError, match=said) as refused:
        report_of([Negative(), attack], out=tmp_path / "out")
    assert "\n" not in str(refused.value)
    if attack.needs is Ciphertexts:
        assert [row.name for row in AuditReport.load(tmp_path / "out").rows] == ["negative"]
        assert "negative" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("asked", [[], "", " , "])
def test_no_attack_at_all_is_refused_before_work(asked):
    with pytest.raises(UserError, match="--attacks: names no attack; leave it out for all"):
        audit("plain", "digits", asked)


def test_attacks_are_named_in_one_text_or_given_as_classes():
    planned = plan_attacks("nearest, brute_force", make_audit_settings())
    assert [one.name for one in planned] == ["brute_force", "nearest"]
    (planned,) = plan_attacks([Negative], make_audit_settings())
    assert planned == plan_attacks([Negative()], make_audit_settings())[0]

    class Nameless(Negative):
        @property
        def needs(self):
            raise AttributeError

    with pytest.raises(UserError, match=r"Nameless: has no needs; see tfppdnn.attacks.Attack"):
        plan_attacks([Nameless], make_audit_settings())


def test_an_attack_of_ours_may_have_settings_of_ones_own():
    (planned,) = plan_attacks([NearestMeanAttack(neighbours=3)], make_audit_settings())
    assert planned.attempts[0].neighbours == 3
    assert planned.source == "NearestMeanAttack(neighbours=3)"
    with pytest.raises(UserError, match="two attacks are called nearest_mean"):
        plan_attacks([NearestMeanAttack(), "nearest_mean"], make_audit_settings())


@pytest.mark.parametrize("name", ["nearest", "brute_force"])
def test_nobody_elses_attack_passes_for_one_of_ours(name):
    impostor = type("Impostor", (Negative,), {"name": name})
    with pytest.raises(UserError, match=f"two attacks are called {name}"):
        plan_attacks([impostor], make_audit_settings())


@pytest.mark.parametrize("attack", [Negative, Negative()])
def test_a_single_attack_needs_no_list(attack):
    assert [planned.name for planned in plan_attacks(attack, make_audit_settings())] == ["negative"]


def test_two_attacks_of_one_name_are_refused():
    with pytest.raises(UserError, match="two attacks are called negative"):
        plan_attacks([Negative(), Negative()], make_audit_settings())


@dataclass(frozen=True, kw_only=True)
class Owner(Attack[OwnedProtector, Reconstruction]):
    """Notes what it is handed."""

    name = "owner"
    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector
    handed: ClassVar[list] = []

    def run(self, data):
        """Attacks."""
        self.handed.append(data)
        return self.reconstruction(None, "It only looked.")


def test_the_type_of_its_data_decides_what_an_attack_is_handed():
    report = report_of([Owner()])
    (data,) = Owner.handed
    assert isinstance(data, OwnedProtector)
    assert (len(data.targets), len(data.plain)) == (12, 64)
    np.testing.assert_array_equal(data.protector.protect(data.plain[:2]), 255 - data.plain[:2])
    assert report["owner"].status == "does not apply"


@pytest.mark.slow
def test_tensorflow_is_quiet_and_waits_for_work():
    code = """
import sys, tfppdnn, tfppdnn.errors
try:
    tfppdnn.audit("plain", settings={"itn_epoch": 1})
except tfppdnn.errors.UserError as error:
    assert "did you mean --itn_epochs" in str(error)
assert "tensorflow" not in sys.modules
try:
    tfppdnn.audit("plain", attacks="laser")
except tfppdnn.errors.UserError as error:
    assert "laser" in str(error)
assert "tensorflow" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_report_is_read_without_tensorflow(report, tmp_path):
    path = report.save(tmp_path / "report.json")
    code = f"""
import sys, tfppdnn
page = tfppdnn.AuditReport.load({str(path)!r}).to_html()
assert "<h3>negative</h3>" in page
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        *(
            pytest.param(code, marks=pytest.mark.long)
            for code in (
                "import tfppdnn, tfppdnn.audit.plan; assert callable(tfppdnn.audit)",
                "import tfppdnn.audit.plan as p; import tfppdnn; assert callable(tfppdnn.audit)",
            )
        ),
        "import tfppdnn; tfppdnn.audit; from tfppdnn.audit.report import AuditReport",
        "from tfppdnn.audit import audit; import tfppdnn; assert tfppdnn.audit.audit is audit",
        "import inspect, tfppdnn as t; assert 'attacks' in str(inspect.signature(t.audit))",
    ],
)
def test_the_package_can_be_called_and_imported_from(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_report_is_saved_where_the_shell_would(report, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    saved = report.save("~/report.json")
    assert saved == tmp_path / "home" / "report.json"
    assert AuditReport.load("~/report.json").rows == report.rows
    assert not (tmp_path / "~").exists()


def test_only_what_becomes_the_same_again_is_said_to_be_linked(report):
    class Noise:
        draws_noise = True

        def protect(self, images):
            return images ^ np.random.default_rng().integers(0, 256, images.shape, np.uint8)

    class KeyAnImage:
        def protect(self, images):
            return images ^ np.random.default_rng(7).integers(0, 256, images.shape, np.uint8)

    said = "pictures can be linked, and found in a list"
    assert said in report.to_html()
    for protector in (Noise(), KeyAnImage()):
        other = audit(
            protector, "digits", Negative, settings=SETTINGS, recogniser=nearest_mean_colour
        )
        assert "Left over" in other.to_html() and said not in other.to_html()


@pytest.mark.parametrize("content", [b"", b"PK no archive", b"no archive"])
def test_a_damaged_file_of_pictures_is_named_with_its_mend(content, tmp_path):
    out = tmp_path / "audit"
    report_of([Negative()], out=out)
    damaged = out / "reconstructions" / "negative.npz"
    damaged.write_bytes(content)
    if not content:
        np.savez(damaged, other=np.zeros(3))
    for again in (lambda: report_of([Negative()], out=out), lambda: AuditReport.load(out)):
        with pytest.raises(UserError, match=r"negative.npz is damaged .* delete it") as refused:
            again()
        assert "\n" not in str(refused.value)
    damaged.unlink()
    assert report_of([Negative()], out=out).pictures.keys() == {"plain", "protected"}


@pytest.mark.parametrize("name", ["plain", "protected"])
def test_no_attack_is_called_as_the_audits_own_pictures_are(name):
    named = type("Named", (Negative,), {"name": name})
    with pytest.raises(UserError, match=f"an attack is called {name}, as pictures of the audit's"):
        plan_attacks([named], make_audit_settings())


def test_the_command_of_a_page_asks_for_attacks_by_what_they_were_asked_by(report, tmp_path):
    own = tmp_path / "own.py"
    own.write_text(OWN.format(what=""))
    page = report_of(f"{own}:Mine,nearest").to_html()
    assert f"--attacks=nearest,{own}:Mine " in page
    # What a program held has no name: the page does not send one to another attack.
    assert "--attacks=brute_force,nearest,FILE.py:negative " in report.to_html()
    assert "--trust" not in page
    config, record = report.config, dict(report.record)
    record["protected"] = {**record["protected"], "trust": True}
    assert "--trust=True " in AuditReport(config, record).to_html()


def test_what_is_no_report_is_refused(tmp_path):
    for path, said in (
        (tmp_path, "holds no audit.json"),
        (tmp_path / "gone.json", "does not exist"),
    ):
        with pytest.raises(UserError, match=said):
            AuditReport.load(path)
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "picture.png").write_bytes(bytes(range(256)))
    for name in ("other.json", "picture.png"):
        with pytest.raises(UserError, match=f"{name} is no saved report") as refused:
            AuditReport.load(tmp_path / name)
        assert "delete" not in str(refused.value)
