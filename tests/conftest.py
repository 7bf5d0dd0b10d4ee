"""What several test files share: one tiny run, made by the real command."""

import os

# Before TensorFlow is imported by any test: its start-up messages would drown pytest's.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import json

import pytest

TINY_SETTINGS = [
    "--reference_width=0.0625",
    "--reference_epochs=1",
    "--reference_batch_size=256",
    "--preliminary_images=520",
    "--iterations=2",
    "--generator_width=4",
    "--generator_depth=2",
    "--discriminator_width=4",
    "--perceptual_weights=reference",
    "--transform_steps=6",
    "--transform_batch_size=8",
    "--pool_size=16",
    "--classifier_width=0.0625",
    "--classifier_epochs=1",
    "--classifier_batch_size=256",
    "--test_images=60",
    "--steps_per_round=2",
]


@pytest.fixture(scope="session")
def tiny_settings():
    """Options of `train` that make every part small."""
    return list(TINY_SETTINGS)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """A finished run of digits with tiny networks."""
    from tfppdnn.cli import main

    out = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", f"--out={out}", *TINY_SETTINGS]) == 0
    return out


@pytest.fixture
def call(capfd):
    """Calls the command line; returns exit code, the JSON of the last line, and stderr."""
    from tfppdnn.cli import main

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capfd.readouterr()
        lines = said.out.strip().splitlines()
        return code, json.loads(lines[-1]) if lines and code != 2 else None, said.err

    return run
