"""A TFLite protector: its numbers, its threads, its memory, and files that are none."""

import concurrent.futures
import subprocess
import sys
import threading

import numpy as np
import pytest
from exporting_samples import tiny_protector
from protector_samples import is_right

from tfppdnn import load_protector
from tfppdnn.errors import UserError
from tfppdnn.exporting.tflite import float32_tflite
from tfppdnn.protector import litert
from tfppdnn.protector.litert import LiteRTScheme

RNG = np.random.default_rng(3)


def test_numbers_are_those_of_the_model_at_every_size(protectors):
    protector = load_protector(protectors / "run")
    for height, width in [(32, 32), (1, 1), (7, 50), (32, 32), (64, 3)]:
        image = RNG.integers(0, 256, (height, width, 3), np.uint8)
        protected = protector.protect(image)
        assert protected.dtype == np.uint8
        assert is_right(protected, image)
        assert len(np.unique(protected)) > 2, "the model does nothing"


def test_a_batch_is_protected_image_by_image(protectors):
    protector = load_protector(protectors / "run/protector.tflite")
    batch = RNG.integers(0, 256, (3, 9, 8, 3), np.uint8)
    before = batch.copy()
    protected = protector.protect(batch)
    assert protected.shape == batch.shape
    assert all(map(is_right, protected, batch))
    assert (batch == before).all()
    assert protector.protect(batch[:0]).shape == (0, 9, 8, 3)
    # Neither a view nor another memory order changes the result.
    assert is_right(protector.protect(batch[1, :, ::-1]), batch[1, :, ::-1])


def test_a_batch_is_spread_over_all_processors(protectors, monkeypatch):
    protector = LiteRTScheme(protectors / "run/protector.tflite")
    meeting = threading.Barrier(3, timeout=30)
    run = litert._Runner.run

    def met(runner, image, draw):
        meeting.wait()  # One thread alone would break the barrier.
        return run(runner, image, draw)

    monkeypatch.setattr(litert, "processors", lambda: 3)
    monkeypatch.setattr(litert._Runner, "run", met)
    batch = RNG.integers(0, 256, (6, 9, 8, 3), np.uint8)
    assert all(map(is_right, protector.protect(batch), batch))


def test_interpreters_are_used_again_by_whichever_thread(protectors, monkeypatch):
    made = []

    class Counted(litert.Interpreter):
        def __init__(self, **options):
            made.append(options["num_threads"])
            super().__init__(**options)

    monkeypatch.setattr(litert, "Interpreter", Counted)
    protector = LiteRTScheme(protectors / "run/protector.tflite")
    image = RNG.integers(0, 256, (9, 8, 3), np.uint8)
    for _ in range(3):
        thread = threading.Thread(target=protector.protect, args=(image,))
        thread.start()
        thread.join()
    assert made == [1]

    monkeypatch.setattr(litert, "processors", lambda: 2)
    monkeypatch.setattr(litert, "_LARGE_BYTES", 0)
    assert is_right(protector.protect(image), image)
    assert is_right(protector.protect(image), image)
    assert made == [1, 2], "a large image has all processors"
    monkeypatch.setattr(litert, "_KEPT_BYTES", 0)
    for _ in range(3):
        protector.protect(image)
    assert made == [1, 2, 2, 2], "of the largest nothing is kept"


def test_large_images_come_one_after_the_other(protectors, monkeypatch):
    protector = LiteRTScheme(protectors / "run/protector.tflite")
    run, changed, running, most = litert._Runner.run, threading.Condition(), 0, 0

    def watched(runner, image, draw):
        nonlocal running, most
        with changed:
            running += 1
            most = max(most, running)
            changed.notify_all()
            # As long as a second one may come; of large ones none does, and this is the wait.
            changed.wait_for(lambda: most > 1, timeout=patience)
        try:
            return run(runner, image, draw)
        finally:
            with changed:
                running -= 1

    monkeypatch.setattr(litert, "processors", lambda: 4)
    monkeypatch.setattr(litert._Runner, "run", watched)
    batch = RNG.integers(0, 256, (8, 9, 8, 3), np.uint8)
    patience = 30
    protector.protect(batch)
    assert most > 1
    most, patience = 0, 0.05
    monkeypatch.setattr(litert, "_LARGE_BYTES", 0)
    assert all(map(is_right, protector.protect(batch), batch))
    assert most == 1


def test_what_fails_in_a_batch_is_told(protectors, monkeypatch):
    def failing(runner, image, draw):
        raise RuntimeError("no more memory")

    protector = LiteRTScheme(protectors / "run/protector.tflite")
    batch = RNG.integers(0, 256, (8, 9, 8, 3), np.uint8)
    with monkeypatch.context() as patched:
        patched.setattr(litert._Runner, "run", failing)
        with pytest.raises(MemoryError, match="LiteRT failed"):
            protector.protect(batch)
    assert all(map(is_right, protector.protect(batch), batch))


def test_a_saved_model_gives_the_same_numbers(protectors):
    batch = RNG.integers(0, 256, (2, 9, 8, 3), np.uint8)
    protector, reference = (
        load_protector(protectors / "saved", trust=True),
        load_protector(protectors / "run"),
    )
    for images in (batch, batch[0]):
        difference = protector.protect(images).astype(int) - reference.protect(images)
        assert np.abs(difference).max() <= 1
        assert (difference != 0).mean() < 0.005
    with pytest.raises(ValueError, match="uint8"):
        protector.protect(batch / 255)


def test_threads_do_not_disturb_each_other(protectors):
    protector = LiteRTScheme(protectors / "run/protector.tflite")
    images = [RNG.integers(0, 256, (80 + n, 90 - n, 3), np.uint8) for n in range(8)]
    wanted = [protector.protect(image) for image in images]

    def right(n):
        return (protector.protect(images[n]) == wanted[n]).all()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet in the middle of a call
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all(pool.map(right, [n % len(images) for n in range(200)]))
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 1, 4, 4, 3), np.uint8),
        [[[1, 2, 3]]],
    ],
)
def test_other_arrays_are_refused(protectors, images):
    with pytest.raises(ValueError, match="images must be"):
        load_protector(protectors / "run").protect(images)


def test_an_image_that_exceeds_the_memory_is_refused(protectors, monkeypatch):
    monkeypatch.setattr("tfppdnn.protector.litert.machine_memory", lambda: 2**20)
    protector = LiteRTScheme(protectors / "run/protector.tflite")
    assert protector.protect(np.zeros((10, 10, 3), np.uint8)).shape == (10, 10, 3)
    with pytest.raises(MemoryError, match="GiB of memory would be needed"):
        protector.protect(np.zeros((300, 300, 3), np.uint8))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the tensors are counted")
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_no_more_memory_is_used_than_was_reserved(norm, tmp_path):
    file = tmp_path / "protector.tflite"
    file.write_bytes(float32_tflite(tiny_protector(norm, base_width=16, depth=2)))
    # In a process of its own: the most that it ever used is the only figure that no page hides.
    program = (
        "import re, sys, numpy as np\n"
        "from tfppdnn.protector.litert import LiteRTScheme\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "most = lambda: 1024 * int(re.search(r'VmHWM:\\s+(\\d+)', status())[1])\n"
        "protector = LiteRTScheme(sys.argv[1])\n"
        "image, before = np.zeros((512, 512, 3), np.uint8), most()\n"
        "protector.protect(image)\n"
        "print(protector._bytes_per_pixel * 512**2, most() - before)\n"
    )
    command = [sys.executable, "-c", program, file]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    reserved, used = map(float, made.stdout.split())
    assert used <= reserved < 3 * used


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "does not exist"),
        ("nothing", "holds neither protector.tflite nor saved_model.pb"),
        ("unfinished", "training has not finished"),
        ("text.tflite", "is not a TFLite model"),
        ("truncated.tflite", "is not a TFLite model"),
        ("empty.tflite", "is empty"),
        ("floats.tflite", r"is not a protector: its inputs are float32 \[1, -1, -1, 3\]"),
        ("classifier.tflite", r"is not a protector: .*outputs float32"),
        ("half.tflite", r"is not a protector: it turns \(32, 32, 3\) into \(16, 16, 3\)"),
        ("fixed.tflite", r"fixed sizes.*protector\.tflite"),
        ("other", "is not a protector: .*probabilities"),
        ("torn", "cannot be loaded as a SavedModel"),
    ],
)
def test_what_is_no_protector_is_named(protectors, name, reason):
    with pytest.raises(UserError, match=reason) as caught:
        load_protector(protectors / name, trust=True)
    assert str(protectors / name) in str(caught.value)
    assert "\n" not in str(caught.value)
