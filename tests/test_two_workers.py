"""Two workers train what one trains, and go on when one of them was killed.

Both run on this machine and meet over loopback. What they make is compared with what one process
makes of whole batches. Sums of floats in another order are rounded otherwise, and these networks
make much of that: where rounding takes a unit across the corner of its ReLU, its gradient is
another. Reordering the images of a batch in one process moves gradients as far.
"""

import json
import shutil
import sys

import numpy as np
import pytest
from trained_together import STAGES, train
from workers_samples import Two, read_only, verb

TOLERANCE = 0.1
"""Of what training added to the weights and to what optimizers remember: its distance from what one
process adds, as a share of that, both as Euclidean lengths. Of h_p's first step it was 3e-6 by the
objective `hardened`."""

# A worker sends itself a signal after one of its steps.
STRUCK = """
import os, signal, sys
from tfppdnn.training.stopping import StopAtStep

made, go_on = [], StopAtStep.on_train_batch_end

def strike(self, batch, logs=None):
    go_on(self, batch, logs)
    made.append(batch)
    if len(made) == {step}:
        os.kill(os.getpid(), signal.{name})

StopAtStep.on_train_batch_end = strike
from tfppdnn.cli import main
sys.exit(main(sys.argv[1:]))
"""
KILLED_BY_SIGKILL = -9
STOPPED = 130
TRY_AGAIN = 75


def checkpoint(run, stage, which):
    """The arrays of one of a stage's checkpoints, the first or the newest."""
    with np.load(which((run / "checkpoints" / stage).glob("step-*.npz"))) as archive:
        return [archive[name] for name in sorted(archive.files) if name.isdecimal()]


def length(arrays):
    """Of all float arrays of more than one number, written one after the other."""
    return np.sqrt(sum(np.sum(np.square(each, dtype=np.float64)) for each in arrays))


def distance(run, other, stage, *, start):
    """How far two trainings that began alike have gone in other directions, as a share."""
    ends = [checkpoint(each, stage, max) for each in (run, other)]
    learnt = [i for i, each in enumerate(start) if each.dtype == np.float32 and each.size > 1]
    apart = length(ends[0][i] - ends[1][i] for i in learnt)
    return apart / length(ends[1][i] - start[i] for i in learnt)


def names(folder):
    hidden = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in hidden if not name.startswith("logs/")}


@pytest.mark.slow
# `cyclegan` runs the same code but for its losses, and would take as long again.
@pytest.mark.parametrize("objective", ["hardened"])
def test_each_training_is_that_of_one_process(objective, tmp_path):
    two, one = tmp_path / "two", tmp_path / "one"
    two.mkdir()

    def command(weights):
        module = [sys.executable, "-m", "tests.trained_together"]
        return [*module, str(two), str(tmp_path / weights), objective]

    both = Two(tmp_path, command("0.npz"), [*read_only(two), *command("1.npz")])
    for code, said in both.ended():
        assert code == 0, said
    chief, other = (dict(np.load(tmp_path / f"{index}.npz")) for index in (0, 1))
    for name, weights in chief.items():
        np.testing.assert_array_equal(weights, other[name], err_msg=name)

    # One process makes a stage after what two have made before it.
    for number, stage in enumerate(STAGES):
        for earlier in STAGES[:number]:
            shutil.rmtree(one / "checkpoints" / earlier)
            shutil.copytree(two / "checkpoints" / earlier, one / "checkpoints" / earlier)
        made = train(one, objective, until=stage)
        if stage == "preliminary_images":
            # Where a gradient is nearly 0, rounding decides its sign.
            assert np.mean(made["preliminary"] != chief["preliminary"]) < 0.01
        else:
            assert distance(two, one, stage, start=checkpoint(two, stage, min)) < TOLERANCE


def classify(out, **how):
    """A protector that ships, and digits, which it never saw: five steps in rounds of two."""
    settings = "classifier_width=0.0625", "classifier_epochs=1", "classifier_batch_size=256"
    options = "preset=quick", "test_images=60", "steps_per_round=2", *settings
    named = [f"--{option}" for option in ("dataset=digits", "protector=cifar10", *options)]
    return verb("classify", f"--out={out}", *named, **how)


@pytest.mark.long
def test_a_killed_worker_comes_back_and_the_run_ends_as_it_should(tmp_path):
    run, undisturbed = tmp_path / "run", tmp_path / "undisturbed"
    killed = STRUCK.format(step=3, name="SIGKILL")
    (chief, said), (killed, _) = Two(tmp_path, classify(run), classify(run, code=killed)).ended()
    assert killed == KILLED_BY_SIGKILL
    assert chief == TRY_AGAIN, said
    assert said.strip().splitlines()[-1] == (
        "tfppdnn classify: worker 0 of 2 has lost another; start all of them again, and they go on "
        "from the newest checkpoint"
    )
    stage = "classifier_protected"
    start = checkpoint(run, stage, min)
    left = sorted(file.name for file in (run / "checkpoints" / stage).glob("step-*"))
    assert left == ["step-00000000.npz", "step-00000002.npz"]

    # Ctrl-C at one of them stops both after one and the same step, which is saved.
    stopped = STRUCK.format(step=1, name="SIGINT")
    for code, said in Two(tmp_path, classify(run), classify(run, code=stopped)).ended():
        assert code == STOPPED, said
        assert "step 4 of 5 is saved" in said.splitlines()[-1]

    # Where the system allows it, worker 1 has the folder to read only.
    again = Two(tmp_path, classify(run), [*read_only(run), *classify(run)]).ended()
    (alone,) = Two(tmp_path, classify(undisturbed)).ended()
    for code, said in (*again, alone):
        assert code == 0, said
    assert distance(run, undisturbed, stage, start=start) < TOLERANCE
    assert names(run) == names(undisturbed)
    figures = [json.loads((each / "metrics.json").read_text()) for each in (run, undisturbed)]
    ends = [each["classify"]["protected"]["history"] for each in figures]
    for some, others in zip(*ends, strict=True):
        assert some == pytest.approx(others, rel=0.05)

    # Who comes back when all is done meets nobody, and need not.
    two = Two(tmp_path, [sys.executable, "-c", ""], classify(run)).ended()
    assert [code for code, _ in two] == [0, 0]
